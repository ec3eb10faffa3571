import { createSecretKey } from 'node:crypto';
import { expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { Observation } from '../../../gateway/core/observation.ts';
import { Phi } from '../../../gateway/core/phi.ts';
import { sanitize } from '../../../gateway/stages/sanitize.ts';
import { noon, rules } from '../../support/wards.ts';

const keys = { pseudonymKey: createSecretKey(Buffer.alloc(32, 7)) };
const base = {
  id: 'k.0',
  device: 'mon-1' as DeviceId,
  subject: new Phi('MRN-4711'),
  performer: new Phi('Dr. Frankenstein'),
  at: noon,
  receivedAt: noon,
  clock: 'device',
  quality: 'good',
} as const;
const numeric: Observation = { ...base, kind: 'numeric', metric: 'MDC_RESP_RATE', value: 14 };
const alert: Observation = {
  ...base,
  kind: 'alert',
  event: 'MDC_EVT_ALARM',
  phase: 'start',
  priority: 'high',
};
const text = (value: string): Observation => ({
  ...base,
  kind: 'enumeration',
  metric: 'MDC_RESP_RATE',
  value,
});

it.each([
  ['078-05-1120', 'ssn'],
  ['of jane.doe@example.org', 'e-mail'],
  ['bed of mrn-4711', 'known-name'],
  ['DR. FRANKENSTEIN', 'known-name'],
])('withholds a text that says %s', (value, what) => {
  const { released, rejected, leaks } = sanitize([text(value)], rules, keys);
  expect(released).toEqual([]);
  expect(rejected).toMatchObject([{ reason: 'withheld', detail: 'identifier' }]);
  expect(leaks).toEqual([{ device: 'mon-1', at: noon, what }]);
  expect(JSON.stringify(rejected)).not.toContain(value);
});

it('lets a text pass that names nobody', () => {
  const { released, leaks } = sanitize([text('sinus rhythm')], rules, keys);
  expect(released).toMatchObject([{ value: 'sinus rhythm' }]);
  expect(leaks).toEqual([]);
});

it('takes a name out of what a device printed as its time, and lets value and alarm go', () => {
  const printed = { deviceTime: '10:00 MRN-4711' };
  const { released, rejected, leaks } = sanitize(
    [
      { ...numeric, ...printed },
      { ...alert, ...printed },
    ],
    rules,
    keys,
  );
  expect(rejected).toEqual([]);
  expect(released.map(({ kind, deviceTime }) => [kind, deviceTime])).toEqual([
    ['numeric', undefined],
    ['alert', undefined],
  ]);
  expect(leaks).toHaveLength(2);
});
