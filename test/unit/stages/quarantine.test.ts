import { expect, it } from 'vitest';
import { createMemory } from '../../../gateway/core/memory.ts';
import { type QuarantineMode, quarantineModes } from '../../../gateway/core/quarantine.ts';
import { admit } from '../../../gateway/pipeline/admit.ts';
import { bound, intake, noon, policyOf } from '../../support/wards.ts';

const profile = 'generic-vital-signs-monitor';
const base = policyOf({ 'mon-1': { profile, associations: [bound('MRN-4711')] } });
const modes = Object.keys(quarantineModes) as QuarantineMode[];

const policyIn = (quarantine: QuarantineMode | undefined) => ({
  ...base,
  devices: new Map([...base.devices].map(([id, device]) => [id, { ...device, quarantine }])),
});
const value = intake('mon-1', {
  seq: 1,
  at: new Date(noon).toISOString(),
  values: { MDC_PULS_OXIM_SAT_O2: 97, MDC_ECG_HEART_RATE: 72 },
});
const alarm = intake(
  'mon-1',
  { seq: 2, alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }] },
  { channel: 'alerts' },
);
const admitIn = (mode: QuarantineMode | undefined) =>
  admit([value, alarm], [], policyIn(mode), createMemory());

it.each(modes)('lets an alarm leave at once, as it is and with its patient: %s', (mode) => {
  const alerts = (of: QuarantineMode | undefined) =>
    admitIn(of).departures.filter(({ lane }) => lane === 'alert');
  expect(alerts(mode)).toHaveLength(1);
  expect(alerts(mode)).toEqual(alerts(undefined));
});

it.each(['hold', 'deny'] as const)('holds and counts whatever else it says: %s', (mode) => {
  const { departures, held, observed, quarantined, replies } = admitIn(mode);
  expect(departures.map(({ lane }) => lane)).toEqual(['alert']);
  expect(held).toMatchObject([
    { device: 'mon-1', cause: 'quarantined', observations: [{ value: 97 }, { value: 72 }] },
  ]);
  // It was not given a patient yet: whose it is, is said when it is let go.
  expect(held[0]?.observations.every(({ subject }) => subject === undefined)).toBe(true);
  expect(observed).toEqual([]);
  expect([...quarantined]).toEqual([['mon-1', 2]]);
  expect(replies).toHaveLength(2);
});

it('marks and counts what an observed device says, and lets it go', () => {
  const { departures, held, quarantined } = admitIn('observe');
  const values = departures.filter(({ lane }) => lane === 'trend');
  expect(values.flatMap(({ observations }) => observations)).toMatchObject([
    { value: 97, quality: 'questionable' },
    { value: 72, quality: 'questionable' },
  ]);
  expect(held).toEqual([]);
  expect([...quarantined]).toEqual([['mon-1', 2]]);
});
