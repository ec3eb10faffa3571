import { defineRule } from '../core/rule.ts';
import type { Signal } from '../core/signal.ts';

/** Software that nobody lists, an older one than before, or an update sent by who may not send any. */
export default defineRule({
  id: 'firmware-tampering',
  threat: 'D12',
  watches: ['firmware', 'topic-refused'],

  judge(signal) {
    const what = whatOf(signal);
    if (what === undefined) return undefined;
    return {
      // A newer version is mostly the maker’s own.
      severity: what === 'changed' ? 'low' : 'high',
      confidence: what === 'changed' ? 0.3 : 0.9,
      outcome: signal.kind === 'topic-refused' ? 'blocked' : 'detected',
      evidence: { what, ...(signal.kind === 'firmware' && { version: signal.version }) },
    };
  },
});

/** A level of a topic by which updates are sent. */
const updateLevel = /(^|\/)(firmware|ota|update|upgrade)(\/|$)/i;

function whatOf(signal: Signal): string | undefined {
  if (signal.kind === 'firmware') return signal.fault;
  if (signal.kind !== 'topic-refused' || signal.action !== 'publish') return undefined;
  return updateLevel.test(signal.topic) ? 'update-refused' : undefined;
}
