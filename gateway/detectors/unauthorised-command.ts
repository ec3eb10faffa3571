import { isCommandTopic } from '../core/command-topic.ts';
import type { ActionName } from '../core/principal.ts';
import { defineRule } from '../core/rule.ts';
import type { Signal } from '../core/signal.ts';

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
export default defineRule({
  id: 'unauthorised-command',
  threat: 'D06',
  watches: ['topic-refused', 'access-refused'],

  judge(signal) {
    const order = orderOf(signal);
    if (order === undefined) return undefined;
    return { severity: 'high', confidence: 0.95, outcome: 'blocked', evidence: { order } };
  },
});

function orderOf(signal: Signal): string | undefined {
  if (signal.kind === 'access-refused') {
    return orders.has(signal.action) ? signal.action : undefined;
  }
  if (signal.kind !== 'topic-refused' || signal.action !== 'publish') return undefined;
  return isCommandTopic(signal.topic) ? signal.topic : undefined;
}
