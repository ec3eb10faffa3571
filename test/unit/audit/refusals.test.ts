import { expect, it } from 'vitest';
import { createRefusals } from '../../../gateway/audit/refusals.ts';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Signal } from '../../../gateway/core/signal.ts';

const at = 1_000 as Instant;
const refusedFrom = (address: string): Signal => ({ kind: 'refused', at, address, cause: 'tls' });

it('counts who was refused what, and lets the rest pass', () => {
  const refusals = createRefusals();
  const device = 'mon-1' as DeviceId;
  refusals.note([
    refusedFrom('10.0.0.9'),
    { kind: 'connected', at, device },
    refusedFrom('10.0.0.9'),
    { kind: 'topic-refused', at, device, action: 'subscribe', topic: 'MRN-4711/#' },
    { kind: 'message', at, device, channel: 'alerts', bytes: 9, records: 1 },
  ]);
  refusals.noteRelay('ehr', 'HTTP 422', at);
  expect(refusals.entries()).toEqual([
    {
      at,
      actor: 'address:10.0.0.9',
      action: 'access.refused',
      object: 'connection',
      outcome: 'failure',
      detail: 'tls (2)',
    },
    expect.objectContaining({ actor: 'device:mon-1', object: 'topic', detail: 'subscribe (1)' }),
    expect.objectContaining({ action: 'relay.refused', object: 'ehr', detail: 'HTTP 422 (1)' }),
  ]);
  // The topic was chosen by the other side: it may name a patient.
  expect(JSON.stringify(refusals.entries())).not.toContain('MRN');
});

it('a flood of refusals from everywhere is few entries, and none is lost from the count', () => {
  const refusals = createRefusals();
  refusals.note(Array.from({ length: 5_000 }, (_, index) => refusedFrom(`10.0.0.${index}`)));
  const counts = refusals.entries().map(({ detail }) => Number(/\((\d+)\)$/.exec(detail)?.[1]));
  expect(counts.length).toBe(17);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5_000);
  refusals.clear();
  expect(refusals.entries()).toEqual([]);
});
