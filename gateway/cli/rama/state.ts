import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import type { Instant } from '../../core/observation.ts';
import {
  type PostureAnswer,
  type PostureQuestion,
  postureQuestions,
  statementTtlMs,
} from '../../core/rama.ts';
import { findRated } from '../../scoring/rama-site.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';

const reasonCharsMax = 500;

export const state = defineCommand({
  name: 'state',
  summary:
    'States what the gateway cannot see of a device, such as its network; believed for a year.',
  arguments: ['<id>', '<question>', '<answer>'],
  options: z.strictObject({
    dir: dirOption,
    reason: z
      .string()
      .trim()
      .min(1)
      .max(reasonCharsMax)
      .describe('How it is known, for the audit.'),
    json: jsonOption,
  }),
  example: 'wardgate rama state mon-1 network gateway-only --reason "VLAN 30, seen on 2026-11-20"',

  async run({ arguments: [id = '', asked = '', said = ''], options, print }) {
    const { dir, reason, json } = options;
    const { question, answer } = answerOf(asked, said);
    const { store } = openSiteStore(dir);
    try {
      if (!findRated(store, id)) throw new GatewayError('device-unknown', `no device ${id}`);
      const at = Date.now() as Instant;
      const actor = commandActor();
      const ttlMs = statementTtlMs.document;
      const statement = { value: answer, source: `person ${actor}`, at, ttlMs, evidence: reason };
      store.transact(() => {
        store.statements.save(id, question, statement);
        store.audit.add({
          ...{ at, actor, action: 'rama.state', object: id, outcome: 'success' },
          detail: `${question} ${answer}: ${reason}`,
        });
      });
      if (json) print(JSON.stringify({ device: id, question, ...statement }));
      else print(`${id}: ${question} is ${answer}. It is asked again in a year.`);
      return 0;
    } finally {
      store.close();
    }
  },
});

/** @throws GatewayError `usage`, with what there is. */
function answerOf(
  asked: string,
  said: string,
): { readonly question: PostureQuestion; readonly answer: PostureAnswer } {
  const question = (Object.keys(postureQuestions) as PostureQuestion[]).find((id) => id === asked);
  if (!question) {
    const known = Object.keys(postureQuestions).join(', ');
    throw new GatewayError('usage', `${asked} is none of ${known}`);
  }
  const answers: readonly PostureAnswer[] = postureQuestions[question];
  const answer = answers.find((each) => each === said);
  if (!answer) throw new GatewayError('usage', `${said} is none of ${answers.join(', ')}`);
  return { question, answer };
}
