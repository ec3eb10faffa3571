import { setTimeout as delay } from 'node:timers/promises';
import { defineCommand, siteOptions } from '../command.ts';
import { type FailureCode, failures, GatewayError } from '../core/error.ts';
import { commandActor } from '../site/site.ts';
import { readStoreKey } from '../site/store-key.ts';
import type { ReloadResult } from '../store/reloads.ts';
import { openStore, type Store } from '../store/store.ts';
import { auditSigner } from '../trail/audit-trail.ts';

/** A gateway that runs begins within a second. */
const beginWithinMs = 20_000;
/** Closing what changed has its own limits; this is beyond all of them. */
const endWithinMs = 120_000;
const lookEveryMs = 100;

export default defineCommand({
  name: 'reload',
  summary: 'Has the running gateway read its settings and profiles anew; drops no MQTT client.',
  options: siteOptions,
  example: 'wardgate reload --dir /var/lib/wardgate',

  async run({ options: { dir, json }, print }) {
    // The settings may be what is wrong: only the database is opened.
    const signer = auditSigner(dir);
    const store = openStore(dir, readStoreKey(dir), { mustExist: true, signer });
    try {
      const result = await outcomeOf(store);
      const { outcome, code, detail } = result;
      if (outcome === 'refused') throw new GatewayError(knownCode(code), detail);
      if (outcome === 'reverted') throw new GatewayError('settings-reverted', `${code}: ${detail}`);
      const settings = detail === '' ? [] : detail.split(' ');
      if (json) print(JSON.stringify({ outcome, settings }));
      else if (outcome === 'unchanged') print('Nothing changed.');
      else print(`In force: ${settings.join(', ') || 'files that the settings name'}.`);
      return 0;
    } finally {
      store.close();
    }
  },
});

async function outcomeOf(store: Store): Promise<ReloadResult> {
  const sequence = store.reloads.ask(commandActor(), Date.now());
  const askedAt = performance.now();
  for (;;) {
    const order = store.reloads.find(sequence);
    if (order?.result) return order.result;
    const waitedMs = performance.now() - askedAt;
    if (waitedMs > (order?.isUnderWay ? endWithinMs : beginWithinMs)) {
      store.reloads.withdraw(sequence);
      throw new GatewayError('gateway-absent', 'no gateway answers on this site directory');
    }
    await delay(lookEveryMs);
  }
}

function knownCode(code = ''): FailureCode {
  return code in failures ? (code as FailureCode) : 'config-invalid';
}
