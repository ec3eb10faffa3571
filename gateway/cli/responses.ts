import { z } from 'zod';
import { type Command, defineCommand, dirOption, jsonOption } from '../command.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import { quarantineReasonCharsMax } from '../core/quarantine.ts';
import { type Response, responseStates } from '../core/response.ts';
import { destinationOf } from '../delivery/relay-settings.ts';
import { openPolicyMaker } from '../policy-maker.ts';
import { loadProfiles } from '../site/profiles.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import { confirmResponse, undoResponse } from '../ward/response-orders.ts';

const countMax = 500;

const list = defineCommand({
  name: 'list',
  summary: 'Lists what the gateway did about findings, and what waits for a person.',
  options: z.strictObject({
    dir: dirOption,
    state: z.enum(responseStates).optional().describe('Only those in this state.'),
    json: jsonOption,
  }),
  example: 'wardgate responses --state held',

  async run({ options: { dir, state, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const found = store.responses.list(countMax, state);
      if (json) print(JSON.stringify(found));
      else for (const response of found) print(lineOf(response));
      return 0;
    } finally {
      store.close();
    }
  },
});

const confirm = ordering(
  'confirm',
  'Has done what waits for a person, for as long as it would have lasted.',
  'wardgate responses confirm 3 --reason "the nurse watches the patient"',
  confirmResponse,
);

const undo = ordering(
  'undo',
  'Takes back what the gateway did, or says no to what waits.',
  'wardgate responses undo 3 --reason "a new pump, as planned"',
  undoResponse,
);

function ordering(
  name: string,
  summary: string,
  example: string,
  carryOut: typeof confirmResponse,
): Command {
  return defineCommand({
    name,
    summary,
    arguments: ['<number>'],
    options: z.strictObject({
      dir: dirOption,
      reason: z
        .string()
        .trim()
        .min(1)
        .max(quarantineReasonCharsMax)
        .describe('Why, for the audit.'),
      json: jsonOption,
    }),
    example,

    async run({ arguments: [word = ''], options: { dir, reason, json }, print }) {
      const { config, store } = openSiteStore(dir);
      try {
        const sequence = Number(word);
        if (!Number.isSafeInteger(sequence))
          throw new GatewayError('response-unknown', `there is no response ${word}`);
        const maker = await openPolicyMaker({
          directory: dir,
          relays: await Promise.all(config.relays.map(destinationOf)),
          profiles: await loadProfiles(dir),
        });
        const given = { sequence, reason, actor: commandActor() };
        const response = carryOut(store, maker, { ...given, now: Date.now() as Instant });
        print(json ? JSON.stringify(response) : lineOf(response));
        return 0;
      } finally {
        store.close();
      }
    },
  });
}

function lineOf({ sequence, at, state, action, object, ...rest }: Response): string {
  const { threat, episode, reason, until, actor } = rest;
  const end = until === undefined ? '' : `  until ${textOf(until)}`;
  const by = actor === undefined ? '' : `  by ${actor}`;
  return `${sequence}  ${textOf(at)}  ${state}  ${action}  ${object}  ${threat} finding ${episode}${end}${by}  ${reason}`;
}

function textOf(at: number): string {
  return new Date(at).toISOString();
}

export default defineCommand({
  name: 'responses',
  summary: 'What the gateway does about findings by itself: list, confirm, undo.',
  options: list.options as NonNullable<typeof list.options>,
  example: 'wardgate responses --json',
  run: list.run as NonNullable<typeof list.run>,
  commands: [list, confirm, undo],
});
