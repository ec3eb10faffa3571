import { describe, expect, it } from 'vitest';
import { toTransaction } from '../../../gateway/fhir/transaction.ts';
import { Observation, TransactionBundle } from '../../../gateway/hospital/fhir-schema.ts';
import { createResourceStore } from '../../../gateway/hospital/resource-store.ts';
import { outboxEntry, released } from '../../support/released.ts';

/** A hospital that takes everything would prove nothing. */
function entriesOf(...ids: string[]) {
  const { body } = toTransaction([outboxEntry(ids.map((id) => released({ id })))]);
  return TransactionBundle.parse(JSON.parse(body)).entry;
}

const [sample] = entriesOf('a');
const good = sample?.resource as Record<string, unknown>;
const quantity = { value: 97, unit: '%', system: 'http://unitsofmeasure.org', code: '%' };

describe('the hospital’s schema refuses an Observation', () => {
  const reason = { coding: [{ system: 'http://x', code: 'error' }] };
  it.each<[string, Record<string, unknown>]>([
    ['without a status', { status: undefined }],
    ['with a status nobody knows', { status: 'done' }],
    ['without a code', { code: undefined }],
    ['with a code that is only text', { code: { text: 'SpO2' } }],
    ['without an identifier', { identifier: [] }],
    ['without a category', { category: undefined }],
    ['without a patient', { subject: undefined }],
    ['without a device', { device: undefined }],
    ['with neither value nor reason', { valueQuantity: undefined }],
    ['with a value and a reason', { dataAbsentReason: reason }],
    ['with two values', { valueString: '97' }],
    ['with a value as text', { valueQuantity: { ...quantity, value: '97' } }],
    ['with a unit of its own', { valueQuantity: { ...quantity, system: 'urn:units' } }],
    ['with the wrong unit of a vital sign', { valueQuantity: { ...quantity, code: '1' } }],
    ['with a time without an offset', { effectiveDateTime: '2026-11-22T10:00:00' }],
    ['with a time that does not exist', { effectiveDateTime: '2026-11-22T25:00:00Z' }],
    ['with an element of no FHIR version', { patientName: 'x' }],
    [
      'with half a blood pressure',
      {
        code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }] },
        valueQuantity: undefined,
        component: [
          {
            code: { coding: [{ system: 'http://loinc.org', code: '8480-6' }] },
            dataAbsentReason: reason,
          },
        ],
      },
    ],
  ])('%s', (_, changes) => {
    const broken = Object.fromEntries(
      Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined),
    );
    expect(Observation.safeParse(good).success).toBe(true);
    expect(Observation.safeParse(broken).success).toBe(false);
  });
});

describe('the hospital’s store', () => {
  it('stores what is new and says so, and says what was there', () => {
    const store = createResourceStore(100);
    const statuses = (...ids: string[]) => {
      const stored = store.apply(entriesOf(...ids));
      return typeof stored === 'string' ? stored : stored.statuses.map(({ status }) => status);
    };
    expect(statuses('a')).toEqual(['201 Created']);
    expect(statuses('a', 'b')).toEqual(['200 OK', '201 Created']);
    expect([...store.observations.keys()]).toEqual(['a', 'b']);
    expect(store.counts).toEqual({
      transactions: 2,
      received: 3,
      stored: 2,
      repeated: 1,
      duplicates: 0,
    });
  });

  it('counts a duplicate when nobody asked it to look first', () => {
    const store = createResourceStore(100);
    const careless = entriesOf('a').map(({ request, ...entry }) => ({
      ...entry,
      request: { method: request.method, url: request.url },
    }));
    store.apply(careless);
    store.apply(careless);
    expect(store.counts).toMatchObject({ received: 2, stored: 1, repeated: 0, duplicates: 1 });
    expect(store.apply(entriesOf('a'))).toBe('ambiguous');
  });

  it('is full before it grows past its limit, and then stores nothing of a transaction', () => {
    const store = createResourceStore(2);
    store.apply(entriesOf('a'));
    expect(store.apply(entriesOf('b', 'c'))).toBe('full');
    expect(store.observations.size).toBe(1);
  });
});
