import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { loadConfig } from '../config.ts';
import { GatewayError } from '../core/error.ts';
import { commandActor, openSiteStore } from '../site/site.ts';

const relayOption = z.string().optional().describe('Only this destination.');
const options = z.strictObject({ dir: dirOption, relay: relayOption, json: jsonOption });

const status = defineCommand({
  name: 'status',
  summary: 'Shows what each destination is owed, what was refused, held, shed.',
  options,
  example: 'wardgate outbox status --json',

  async run({ options: { dir, relay, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const isAsked = (row: { readonly relay: string }) =>
        relay === undefined || row.relay === relay;
      const depths = store.outbox.depths().filter(isAsked);
      const refused = store.outbox.refused(relay);
      const causes = Object.entries(Object.groupBy(refused, ({ cause }) => cause)).map(
        ([cause, entries = []]) => ({ cause, entries: entries.length }),
      );
      const held = store.held.depths();
      const counters = store.counters.all();
      const rejections = store.journal.rejections();
      if (json) {
        print(JSON.stringify({ depths, refused: causes, held, rejections, counters }));
        return 0;
      }
      for (const { relay, lane, entries, bytes, oldestAt } of depths) {
        const oldest = oldestAt === undefined ? '' : `  oldest ${new Date(oldestAt).toISOString()}`;
        print(`${relay}  ${lane}  ${entries} entries  ${bytes} bytes${oldest}`);
      }
      for (const { cause, entries } of causes) print(`refused  ${entries}  ${cause}`);
      for (const { device, cause, rows } of held)
        print(`held  ${device}  ${rows} records, ${cause}`);
      for (const { device, reason, count } of rejections)
        print(`rejected  ${device}  ${reason}  ${count}`);
      for (const [name, value] of Object.entries(counters)) print(`${name}  ${value}`);
      return 0;
    } finally {
      store.close();
    }
  },
});

const retry = defineCommand({
  name: 'retry',
  summary: 'Sends what was refused once more.',
  options,
  example: 'wardgate outbox retry --relay ehr',

  async run({ options: { dir, relay, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const entries = store.transact(() => {
        const back = store.outbox.retry(relay);
        store.audit.add({
          at: Date.now(),
          actor: commandActor(),
          action: 'outbox.retry',
          object: relay ?? 'all',
          outcome: 'success',
          detail: `${back} entries`,
        });
        return back;
      });
      print(json ? JSON.stringify({ entries }) : `${entries} refused entries are sent again.`);
      return 0;
    } finally {
      store.close();
    }
  },
});

const exported = defineCommand({
  name: 'export',
  summary: 'Prints what was refused, one entry a line as JSON, pseudonymous as it would leave.',
  options,
  example: 'wardgate outbox export > refused.jsonl',

  async run({ options: { dir, relay }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const entries = store.outbox.refused(relay);
      store.audit.add({
        at: Date.now(),
        actor: commandActor(),
        action: 'outbox.export',
        object: relay ?? 'all',
        outcome: 'success',
        detail: `${entries.length} entries`,
      });
      for (const entry of entries) print(JSON.stringify(entry));
      return 0;
    } finally {
      store.close();
    }
  },
});

const discard = defineCommand({
  name: 'discard',
  summary: 'Throws away what a destination is owed that is in the settings no more.',
  options: options.extend({ relay: z.string().describe('The destination that was.') }),
  example: 'wardgate outbox discard --relay old-ehr',

  async run({ options: { dir, relay, json }, print }) {
    if (loadConfig(dir).relays.some(({ id }) => id === relay)) {
      throw new GatewayError('relay-in-use', `${relay} is in the settings`);
    }
    const { store } = openSiteStore(dir);
    try {
      const entries = store.transact(() => {
        const gone = store.outbox.discard(relay);
        store.audit.add({
          at: Date.now(),
          actor: commandActor(),
          action: 'outbox.discard',
          object: relay,
          outcome: 'success',
          detail: `${gone} entries`,
        });
        return gone;
      });
      print(json ? JSON.stringify({ entries }) : `${entries} entries are thrown away.`);
      return 0;
    } finally {
      store.close();
    }
  },
});

export default defineCommand({
  name: 'outbox',
  summary: 'What is owed to the hospital: depth, refusals, retry, export, discard.',
  example: 'wardgate outbox --json',
  options,
  run: status.run as NonNullable<typeof status.run>,
  commands: [status, retry, exported, discard],
});
