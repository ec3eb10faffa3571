import { expect, it } from 'vitest';
import { flawOf } from '../../../gateway/core/last-look.ts';
import { toTransaction } from '../../../gateway/fhir/transaction.ts';
import { TransactionBundle } from '../../../gateway/hospital/fhir-schema.ts';
import { outboxEntry, released } from '../../support/released.ts';

const batch = [
  outboxEntry([released({ id: 'a.0' }), released({ id: 'a.1', metric: 'MDC_ECG_HEART_RATE' })], 1),
  outboxEntry([released({ id: 'b.0', device: '_two' })], 2),
];

function parse(entries: typeof batch) {
  const { body, entryCount } = toTransaction(entries);
  const bundle = TransactionBundle.parse(JSON.parse(body));
  expect(bundle.entry).toHaveLength(entryCount);
  return bundle.entry;
}

it('creates every observation only if it is not there', () => {
  expect(parse(batch).map(({ request }) => request)).toEqual([
    create('Observation', 'urn:wardgate:observation|a.0'),
    create('Observation', 'urn:wardgate:observation|a.1'),
    create('Observation', 'urn:wardgate:observation|b.0'),
  ]);
});

function create(url: string, token: string) {
  return { method: 'POST', url, ifNoneExist: `identifier=${token}` };
}

it('writes the same batch the same way, byte for byte', () => {
  expect(toTransaction(batch)).toEqual(toTransaction(structuredClone(batch)));
});

it('gives every resource a name of its own', () => {
  const names = parse(batch).map(({ fullUrl }) => fullUrl);
  expect(new Set(names).size).toBe(names.length);
});

it('escapes what is part of the search language', () => {
  const [observation] = parse([outboxEntry([released({ id: 'a|b,c$d\\e&f=g h' })])]);
  const token = new URLSearchParams(observation?.request.ifNoneExist).get('identifier');
  expect(token).toBe('urn:wardgate:observation|a\\|b\\,c\\$d\\\\e&f=g h');
});

it.each([
  ['a real device id', { device: 'oxi-12' }],
  ['no device', { device: undefined }],
  ['a real patient', { subject: '4711' }],
  ['no patient', { subject: undefined }],
  ['no id', { id: '' }],
  ['a time before the epoch', { at: -1 }],
  ['no time', { at: Number.NaN }],
  ['a time after the year 9999', { receivedAt: Date.UTC(10_000, 0, 1) }],
  ['a metric of another version', { metric: 'MDC_UNHEARD_OF' }],
  ['a metric that is a word of JavaScript', { metric: 'constructor' }],
  ['an event of another version', { kind: 'alert', event: 'MDC_EVT_UNHEARD_OF' }],
])('finds the flaw in an observation with %s', (_, changes) => {
  const flaw = flawOf([...batch, outboxEntry([released(changes)], 3)]);
  expect(flaw).toMatch(/\w/);
  expect(flaw).not.toMatch(/oxi-12|4711/);
});

it('finds no flaw in what was released, nor in an alert about nobody', () => {
  expect(flawOf(batch)).toBeUndefined();
  const alert = { kind: 'alert', event: 'MDC_EVT_ALARM', phase: 'start', priority: 'low' };
  expect(
    flawOf([outboxEntry([released({ ...alert, metric: undefined, subject: undefined })])]),
  ).toBeUndefined();
});
