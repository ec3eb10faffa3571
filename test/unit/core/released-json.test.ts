import { expect, it } from 'vitest';
import { releasedJson } from '../../../gateway/core/released-json.ts';
import { released } from '../../support/released.ts';

function plain(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return JSON.parse(releasedJson([released(changes)])).observations[0];
}

it('states what was measured, on whom, by what, when, and how that is known', () => {
  expect(plain({ uncertaintyMs: 40, deviceTime: '2026-11-22T11:00:00' })).toEqual({
    id: 'k1.0',
    kind: 'numeric',
    device: '_device',
    subject: '_subject',
    metric: { id: 'MDC_PULS_OXIM_SAT_O2', mdc: 150456 },
    loinc: '59408-5',
    unit: '%',
    value: 97,
    at: '2026-11-22T10:00:00.250Z',
    clock: 'device',
    uncertaintyMs: 40,
    deviceTime: '2026-11-22T11:00:00',
    receivedAt: '2026-11-22T10:00:01.000Z',
    quality: 'good',
  });
});

it.each([
  ['a reason instead of a value', { absent: 'sensor-off', value: undefined }, 'sensor-off'],
  ['a figure that is none', { value: Number.NaN }, 'not-a-number'],
  ['an empty word', { kind: 'enumeration', value: '' }, 'unknown'],
  ['a waveform of nothing', { kind: 'samples', value: [], periodMs: 4 }, 'unknown'],
])('makes %s absent, and never zero', (_, changes, reason) => {
  const said = plain(changes);
  expect(said['absent']).toBe(reason);
  expect(said).not.toHaveProperty('value');
  expect(said).not.toHaveProperty('samples');
});

it('keeps the place of a sample that is not there', () => {
  const changes = { kind: 'samples', metric: 'MDC_PULS_OXIM_PLETH', periodMs: 4 };
  expect(plain({ ...changes, value: [1, Number.NaN, 3] })).toMatchObject({
    periodMs: 4,
    samples: [1, null, 3],
  });
});

it('says an alert with its event, phase and priority, also of nobody', () => {
  const alert = { kind: 'alert', event: 'MDC_EVT_DESAT', phase: 'start', priority: 'high' };
  const said = plain({ ...alert, subject: undefined, metric: 'MDC_PULS_OXIM_SAT_O2' });
  expect(said).toMatchObject({ ...alert, eventCode: 199854 });
  expect(said).toMatchObject({ metric: { id: 'MDC_PULS_OXIM_SAT_O2' } });
  expect(said).not.toHaveProperty('subject');
});

it('leaves out what a device wrote where its clock should be', () => {
  expect(plain({ deviceTime: 'Mustermann' })).not.toHaveProperty('deviceTime');
});

it('says that the time was not known', () => {
  expect(plain({ provisional: { boot: 'b', monotonicMs: 1 } })).toMatchObject({
    isTimeUntrusted: true,
  });
});
