import { z } from 'zod';
import { type Command, defineCommand, dirOption, jsonOption } from '../../command.ts';
import { type CloseCause, closeCauses } from '../../core/episode.ts';
import { quarantineReasonCharsMax } from '../../core/quarantine.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { type JudgementOrder, judgeEpisode } from '../../ward/finding-orders.ts';

const options = z.strictObject({
  dir: dirOption,
  reason: z.string().trim().min(1).max(quarantineReasonCharsMax).describe('Why, for the audit.'),
  json: jsonOption,
});

export const acknowledge = judgement(
  'acknowledge',
  'Says that somebody looks after a finding.',
  'wardgate findings acknowledge 7 --reason "on my way to ward 3b"',
);

export const reopen = judgement(
  'reopen',
  'Opens a closed finding again.',
  'wardgate findings reopen 7 --reason "it came back"',
);

export const close = defineCommand({
  name: 'close',
  summary: 'Closes a finding with its cause; what is found after that is another one.',
  arguments: ['<number>'],
  options: options.extend({
    cause: z.enum(Object.keys(closeCauses) as [CloseCause]).describe(
      Object.entries(closeCauses)
        .map(([cause, meaning]) => `${cause}: ${meaning}`)
        .join(' '),
    ),
  }),
  example: 'wardgate findings close 7 --cause fixed --reason "cable replaced"',

  run: async ({ arguments: [word = ''], options: { cause, ...given }, print }) =>
    judge({ order: 'close', cause, ...given }, word, print),
});

function judgement(order: 'acknowledge' | 'reopen', summary: string, example: string): Command {
  return defineCommand({
    name: order,
    summary,
    arguments: ['<number>'],
    options,
    example,
    run: async ({ arguments: [word = ''], options: given, print }) =>
      judge({ order, ...given }, word, print),
  });
}

type Given = Pick<JudgementOrder, 'order' | 'cause' | 'reason'> & z.output<typeof options>;

function judge({ dir, json, ...given }: Given, word: string, print: (line: string) => void): 0 {
  const { store } = openSiteStore(dir);
  try {
    const order = { ...given, sequence: Number(word), actor: commandActor(), now: Date.now() };
    const episode = judgeEpisode(store, order);
    print(json ? JSON.stringify(episode) : `Finding ${word} is ${episode.state}.`);
    return 0;
  } finally {
    store.close();
  }
}
