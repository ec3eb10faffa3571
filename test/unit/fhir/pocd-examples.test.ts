import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Released } from '../../../gateway/core/observation.ts';
import { toDeviceUpdate } from '../../../gateway/fhir/device.ts';
import { toObservations } from '../../../gateway/fhir/observation.ts';
import { Device, Observation } from '../../../gateway/hospital/fhir-schema.ts';
import { elementsAt, type FhirElement, readFhirXml, valueAt } from '../../support/fhir-xml.ts';
import { outboxEntry, released } from '../../support/released.ts';

/**
 * The examples of the HL7 Point-of-Care Device guide beside what is made of the same measurements here:
 * whatever an example says of code, time and value, ours says too.
 */
function example(name: string): FhirElement {
  const file = join(import.meta.dirname, `../../fixtures/fhir-pocd/${name}.xml`);
  return readFhirXml(readFileSync(file, 'utf8'));
}

// biome-ignore lint/suspicious/noExplicitAny: read as a receiver would, element by element.
type Json = any;

function resourcesOf(observations: readonly Released[]): readonly Json[] {
  return toObservations(outboxEntry(observations)).map(({ json }) => {
    const resource: unknown = JSON.parse(json);
    expect(Observation.safeParse(resource).error?.issues ?? []).toEqual([]);
    return resource;
  });
}

const codesOf = (element: FhirElement) =>
  elementsAt(element, 'code/coding').map((coding) => [
    valueAt(coding, 'system'),
    valueAt(coding, 'code'),
  ]);

function expectCodes(resource: Json, element: FhirElement): void {
  const ours = resource.code.coding.map(({ system, code }: Json) => [system, code]);
  expect(ours).toEqual(expect.arrayContaining(codesOf(element)));
}

function expectQuantity(resource: Json, element: FhirElement): void {
  const [quantity] = elementsAt(element, 'valueQuantity');
  expect(quantity).toBeDefined();
  const { value, system, code } = resource.valueQuantity;
  const theirs = ['value', 'system', 'code'].map((path) =>
    valueAt(element, `valueQuantity/${path}`),
  );
  expect([String(value), system, code]).toEqual(theirs);
}

/** In the local time of the example or in that of UTC: the same instant. */
const instantAt = (element: FhirElement, path: string) => Date.parse(valueAt(element, path));

it('a numeric', () => {
  const theirs = example('Observation-HeartRateNumericObservation');
  const at = instantAt(theirs, 'effectiveDateTime');
  const [ours] = resourcesOf([released({ metric: 'MDC_ECG_HEART_RATE', value: 60, at })]);
  expectCodes(ours, theirs);
  expectQuantity(ours, theirs);
  expect(Date.parse(ours.effectiveDateTime)).toBe(at);
  const category = valueAt(theirs, 'category/coding/code');
  expect(ours.category[0].coding[0].code).toBe(category);
});

it('a blood pressure', () => {
  const theirs = example('Observation-NBPCompoundNumericObservation');
  const parts = { SYS: 120, DIA: 80, MEAN: 90 };
  const [ours, ...rest] = resourcesOf(
    Object.entries(parts).map(([part, value], index) =>
      released({ id: `bp.${index}`, metric: `MDC_PRESS_BLD_NONINV_${part}`, value }),
    ),
  );
  expect(rest).toEqual([]);
  expectCodes(ours, theirs);
  const components = elementsAt(theirs, 'component');
  expect(ours.component).toHaveLength(components.length);
  for (const [index, component] of components.entries()) {
    expectCodes(ours.component[index], component);
    expectQuantity(ours.component[index], component);
  }
});

it.each([
  ['of one channel', 'Observation-CVPSampleArrayObservation', ['MDC_PRESS_BLD_VEN_CENT']],
  [
    'of three leads, which are three Observations here',
    'Observation-ECGSampleArrayObservation',
    ['MDC_ECG_ELEC_POTL_I', 'MDC_ECG_ELEC_POTL_II', 'MDC_ECG_ELEC_POTL_III'],
  ],
])('a waveform %s', (_, name, metrics) => {
  const theirs = example(name);
  const parts = elementsAt(theirs, 'component');
  for (const [index, metric] of metrics.entries()) {
    const part = parts[index] ?? theirs;
    const data = (path: string) => valueAt(part, `valueSampledData/${path}`);
    const [origin, factor] = [Number(data('origin/value')), Number(data('factor') || 1)];
    const samples = data('data').split(' ').map(Number);
    const value = samples.map((sample) => Number((origin + factor * sample).toFixed(6)));
    const at = instantAt(theirs, 'effectivePeriod/start');
    const periodMs = Number(data('period'));
    const [ours] = resourcesOf([released({ kind: 'samples', metric, at, value, periodMs })]);
    expectCodes(ours, part);
    expect(Date.parse(ours.effectivePeriod.start)).toBe(at);
    expect(Date.parse(ours.effectivePeriod.end)).toBe(instantAt(theirs, 'effectivePeriod/end'));
    const said = ours.valueSampledData;
    expect(said.data.split(' ').map(Number)).toEqual(value);
    expect([said.period, said.dimensions]).toEqual([periodMs, Number(data('dimensions'))]);
    expect([said.origin.system, said.origin.code]).toEqual(
      ['system', 'code'].map((path) => data(`origin/${path}`)),
    );
  }
});

it('an enumeration, in the words of the device, which codes it in no public system', () => {
  const theirs = example('Observation-RhythmStatusEnumerationObservation');
  const text = valueAt(theirs, 'valueCodeableConcept/text');
  const [ours] = resourcesOf([released({ kind: 'enumeration', value: text })]);
  expect(ours.valueCodeableConcept).toEqual({ text: 'Sinus rhythm' });
});

it('a device, but for what tells which one it is', () => {
  const theirs = example('Device-PhysioMonitorMdsDevice');
  const { json } = toDeviceUpdate('_device', {
    manufacturer: valueAt(theirs, 'manufacturer'),
    model: valueAt(theirs, 'deviceName/name'),
    specialization: valueAt(theirs, 'type/coding/display'),
  });
  const ours = JSON.parse(json);
  expect(Device.safeParse(ours).error?.issues ?? []).toEqual([]);
  expect(ours).toMatchObject({
    status: valueAt(theirs, 'status'),
    manufacturer: 'MyCompany',
    deviceName: [{ name: 'MyPhysioMonitor', type: valueAt(theirs, 'deviceName/type') }],
  });
  const coding = ['system', 'code'].map((path) => valueAt(theirs, `type/coding/${path}`));
  expect([ours.type.coding[0].system, ours.type.coding[0].code]).toEqual(coding);
  expect(json).not.toContain(valueAt(theirs, 'serialNumber'));
});
