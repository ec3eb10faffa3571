import type { Observation, Released } from '../../gateway/core/observation.ts';
import type { OutboxEntry } from '../../gateway/core/relay.ts';

const sample = {
  kind: 'numeric',
  id: 'k1.0',
  device: '_device',
  subject: '_subject',
  metric: 'MDC_PULS_OXIM_SAT_O2',
  value: 97,
  at: Date.UTC(2026, 10, 22, 10, 0, 0, 250),
  clock: 'device',
  receivedAt: Date.UTC(2026, 10, 22, 10, 0, 1),
  quality: 'good',
};

/** An oxygen saturation that passed the sanitizers, changed as asked. */
export function released(changes: Readonly<Record<string, unknown>> = {}): Released {
  return { ...sample, ...changes } as unknown as Released & Observation;
}

export function outboxEntry(
  observations: readonly Released[],
  sequence = 1,
  lane: OutboxEntry['lane'] = 'numeric',
): OutboxEntry {
  return { sequence, order: sequence, lane, observations };
}
