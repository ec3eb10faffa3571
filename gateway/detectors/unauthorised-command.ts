import { isCommandTopic } from '../core/command-topic.ts';
import { defineDetector } from '../core/detector.ts';
import type { ActionName } from '../core/principal.ts';
import type { Signal } from '../core/signal.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** What changes how a device works, whom it is bound to, or what the gateway does. */
const orders: ReadonlySet<ActionName> = new Set([
  'device.revoke',
  'device.quarantine',
  'association.change',
  'settings.reload',
  'user.manage',
  'outbox.retry',
]);

/**
 * Somebody tries to command a device, or to order what its role does not allow. Nobody commands devices
 * through this gateway: every command is one too many.
 */
export default defineDetector<Tally>({
  id: 'unauthorised-command',
  threat: 'D06',
  watches: ['topic-refused', 'access-refused'],
  start: noTally,

  step(before, signal) {
    const order = orderOf(signal);
    if (order === undefined) return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: { severity: 'high', confidence: 0.95, outcome: 'blocked', evidence: { order } },
    };
  },
});

function orderOf(signal: Signal): string | undefined {
  if (signal.kind === 'access-refused') {
    return orders.has(signal.action) ? signal.action : undefined;
  }
  if (signal.kind !== 'topic-refused' || signal.action !== 'publish') return undefined;
  return isCommandTopic(signal.topic) ? signal.topic : undefined;
}
