import { describe, expect, it } from 'vitest';
import protocol from '../../../gateway/protocols/hl7v2-adt.ts';
import { run } from '../../support/protocol-run.ts';

const patient = 'PID|||4711^^^Hospital^MR';
const visit = 'PV1||I|ICU^4^2||||||||||||||||V-1';

function adt(
  trigger: string,
  segments: readonly string[] = [patient, visit],
  { sent = '20260301101500+0100', processing = 'P' } = {},
) {
  const header = `MSH|^~\\&|HIS|HOSP|||${sent}||ADT^${trigger}|ID1|${processing}|2.6`;
  const message = Buffer.from(`\x0b${[header, ...segments].join('\r')}\r\x1c\r`, 'latin1');
  const { records, reply } = run(protocol, [message]);
  return { record: records[0], records, reply: Buffer.from(reply).toString('latin1') };
}

it.each([
  ['A01', 'admit'],
  ['A02', 'transfer'],
  ['A03', 'discharge'],
  ['A04', 'register'],
  ['A08', 'update'],
  ['A11', 'cancel-admit'],
  ['A12', 'cancel-transfer'],
  ['A13', 'cancel-discharge'],
])('%s is read as %s', (trigger, event) => {
  const { record, reply } = adt(trigger);
  expect(record?.admission).toEqual({
    event,
    trigger,
    subject: '4711',
    place: { ward: 'ICU', room: '4', bed: '2' },
    visit: 'V-1',
  });
  expect(reply).toContain('\rMSA|AA|ID1\r\x1c');
});

describe('an answer', () => {
  it.each([
    ['AR', '201', 'A31', [patient, visit], 'P'],
    ['AR', '201', 'A17', [patient, visit], 'P'],
    ['AR', '202', 'A01', [patient, visit], 'T'],
    ['AE', '100', 'A01', [patient], 'P'],
    ['AE', '100', 'A03', [visit], 'P'],
    ['AE', '101', 'A01', ['PID|||', visit], 'P'],
    ['AE', '101', 'A01', ['PID|||99999^^^Hospital^PI', visit], 'P'],
    ['AE', '101', 'A01', ['PID|||HED12', visit], 'P'],
    ['AE', '101', 'A01', ['PID|||demo', visit], 'P'],
    ['AE', '101', 'A01', [`PID|||${'4'.repeat(65)}`, visit], 'P'],
  ])('is %s %s to %s %j with processing id %s', (code, error, trigger, segments, processing) => {
    const { reply } = adt(trigger, segments, { processing });
    expect(reply).toContain(`\rMSA|${code}|ID1\rERR|||${error}^`);
  });

  it('to a message without an event it knows names no letters that were not checked', () => {
    expect(adt('a|b').record?.admission).toMatchObject({ event: 'other', trigger: '' });
  });
});

describe('the patient', () => {
  it.each([
    ['900^^^Social^SS~4711^^^Hospital^MR', '4711'],
    ['900^^^Social^SS~4711^^^Hospital^PI', '4711'],
    ['900^^^Lab^PI~4711^^^Hospital^MR', '4711'],
    ['~4711', '4711'],
    ['4711~4712', '4711'],
  ])('of %s is %s', (ids, subject) => {
    expect(adt('A01', [`PID|||${ids}`, visit]).record?.admission?.subject).toBe(subject);
  });
});

describe('the moment', () => {
  const time = (event: string, sent = '20260301101500+0100') =>
    adt('A01', [event, patient, visit], { sent }).record?.time;

  it('is when it occurred, else when it was recorded, else when it was sent', () => {
    expect(time('EVN||20260301100000+0100||||20260301095500+0100')).toBe(
      '2026-03-01T09:55:00+01:00',
    );
    expect(time('EVN||20260301100000+0100')).toBe('2026-03-01T10:00:00+01:00');
    expect(time('EVN||')).toBe('2026-03-01T10:15:00+01:00');
    expect(time('EVN||soon')).toBe('2026-03-01T10:15:00+01:00');
  });

  it('has the zone that the message states for all its times, and none that it does not', () => {
    expect(time('EVN||20260301100000')).toBe('2026-03-01T10:00:00+01:00');
    expect(time('EVN||202603011000')).toBe('2026-03-01T10:00:00+01:00');
    expect(time('EVN||20260301100000', '20260301101500')).toBe('2026-03-01T10:00:00');
  });
});

it('knows what is told long after', () => {
  const { record } = adt('A02', [patient, visit, 'ZBE|1|20260301080000||INSERT|Y']);
  expect(record?.admission?.isHistoric).toBe(true);
});
