import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { absentReasonIds, absentReasons } from '../../../gateway/core/absent-reason.ts';
import { type MetricId, metricIds } from '../../../gateway/core/metric.ts';
import type { Released } from '../../../gateway/core/observation.ts';
import { toObservations } from '../../../gateway/fhir/observation.ts';
import { Observation } from '../../../gateway/hospital/fhir-schema.ts';
import { outboxEntry, released } from '../../support/released.ts';

function only(changes: Readonly<Record<string, unknown>> = {}) {
  const [resource, ...rest] = all([released(changes)]);
  expect(rest).toEqual([]);
  return resource;
}

/** Every resource is also read by the hospital's own strict schema. */
function all(observations: readonly Released[]) {
  return toObservations(outboxEntry(observations, 5_000_000_000)).map(({ json }) => {
    const resource = JSON.parse(json);
    expect(Observation.safeParse(resource).error?.issues ?? []).toEqual([]);
    return resource;
  });
}

it('writes an oxygen saturation as the specifications say', () => {
  expect(only()).toEqual({
    resourceType: 'Observation',
    meta: { tag: [{ system: 'urn:wardgate:clock', code: 'device' }] },
    extension: [{ url: 'urn:wardgate:order', valueDecimal: 5_000_000_000 }],
    identifier: [{ system: 'urn:wardgate:observation', value: 'k1.0' }],
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: 'vital-signs',
          },
        ],
      },
    ],
    code: {
      coding: [
        { system: 'urn:iso:std:iso:11073:10101', code: '150456', display: 'MDC_PULS_OXIM_SAT_O2' },
        { system: 'http://loinc.org', code: '59408-5' },
        { system: 'http://loinc.org', code: '2708-6' },
      ],
    },
    subject: {
      type: 'Patient',
      identifier: { system: 'urn:wardgate:subject-pseudonym', value: '_subject' },
    },
    effectiveDateTime: '2026-11-22T10:00:00.250Z',
    issued: '2026-11-22T10:00:01.000Z',
    device: {
      type: 'Device',
      identifier: { system: 'urn:wardgate:device-pseudonym', value: '_device' },
    },
    valueQuantity: { value: 97, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
  });
});

describe('a value', () => {
  it.each(absentReasonIds)('that is absent (%s) is a reason and never a number', (absent) => {
    const resource = only({ value: undefined, absent });
    expect(resource.dataAbsentReason).toEqual({
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason',
          code: absentReasons[absent],
        },
      ],
      text: absent,
    });
    expect(resource).not.toHaveProperty('valueQuantity');
  });

  it('of zero is zero, and one that is no number is absent', () => {
    expect(only({ value: 0 }).valueQuantity.value).toBe(0);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(only({ value }).dataAbsentReason.coding[0].code).toBe('not-a-number');
    }
  });

  it('arrives as the number it was', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(only({ value }).valueQuantity.value).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('with a doubt carries it, and whose clock was read', () => {
    const resource = only({ quality: 'questionable', clock: 'gateway' });
    expect(resource.interpretation[0].coding[0]).toEqual({
      system: 'http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status',
      code: 'questionable',
    });
    expect(resource.meta.tag[0].code).toBe('gateway');
    expect(only()).not.toHaveProperty('interpretation');
  });

  it('of an enumeration keeps the device’s word, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        fc.pre(text === text.trim());
        const resource = only({ kind: 'enumeration', value: text });
        expect(resource.valueCodeableConcept).toEqual({ text });
      }),
    );
    expect(only({ kind: 'enumeration', value: '' }).dataAbsentReason.text).toBe('unknown');
  });

  it('of samples is sampled data, with the gaps marked', () => {
    const samples = { kind: 'samples', periodMs: 8, value: [0, -0.5, 1.25, Number.NaN, 1e-7] };
    expect(only(samples).valueSampledData).toEqual({
      origin: { value: 0, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
      period: 8,
      dimensions: 1,
      data: '0 -0.5 1.25 E 1e-7',
    });
    expect(only({ ...samples, value: [] }).dataAbsentReason.text).toBe('unknown');
  });
});

it('says of each observation of a record whether it is of a moment or of a time', () => {
  const wave = { kind: 'samples', periodMs: 4, value: [1, 2], metric: 'MDC_PULS_OXIM_PLETH' };
  const rows = [released(), released({ id: 'k1.1', ...wave }), released({ id: 'k1.2' })];
  expect(all(rows).map(({ effectivePeriod }) => effectivePeriod?.end)).toEqual([
    undefined,
    '2026-11-22T10:00:00.258Z',
    undefined,
  ]);
});

describe('an alert', () => {
  const alert = {
    kind: 'alert',
    event: 'MDC_EVT_LO_VAL_LT_LIM',
    metric: 'MDC_PULS_OXIM_SAT_O2',
    phase: 'start',
    priority: 'high',
    value: undefined,
  };

  it('is its event, with source, phase and priority as components', () => {
    const resource = only(alert);
    expect(resource.code.coding[0].code).toBe('196674');
    const facets = resource.component.map((one: { code: { coding: { display: string }[] } }) => [
      one.code.coding[0]?.display,
      Object.entries(one).find(([key]) => key.startsWith('value'))?.[1],
    ]);
    expect(facets).toEqual([
      ['MDC_ATTR_EVENT_PHASE', 'start'],
      ['MDC_ATTR_ALARM_PRIORITY', 'PH'],
      [
        'MDC_ATTR_ALERT_SOURCE',
        { coding: expect.arrayContaining([expect.objectContaining({ code: '150456' })]) },
      ],
    ]);
  });

  it('may be about nobody and about no metric', () => {
    const resource = only({ ...alert, subject: undefined, metric: undefined });
    expect(resource).not.toHaveProperty('subject');
    expect(resource.component).toHaveLength(2);
  });
});

describe('a blood pressure', () => {
  const systolic = pressure('SYS', 'k1.0', 121);
  const diastolic = pressure('DIA', 'k1.1', 79);
  const mean = pressure('MEAN', 'k1.2', 93);
  const pulse = released({ id: 'k1.3', metric: 'MDC_PULS_OXIM_PULS_RATE', value: 66 });

  function pressure(part: string, id: string, value: number | undefined, changes = {}) {
    const metric = `MDC_PRESS_BLD_NONINV_${part}` as MetricId;
    return released({ id, metric, value, ...changes });
  }
  const codesOf = (resource: { component: { code: { coding: { code: string }[] } }[] }) =>
    resource.component.map((one) => one.code.coding.map((coding) => coding.code));

  it('is one observation with components, known by each of its ids', () => {
    const [panel, other, ...rest] = all([systolic, pulse, diastolic, mean]);
    expect(rest).toEqual([]);
    expect(other.identifier[0].value).toBe('k1.3');
    expect(panel.identifier.map(({ value }: { value: string }) => value)).toEqual([
      'k1.0',
      'k1.1',
      'k1.2',
    ]);
    expect(panel.code.coding).toEqual([
      { system: 'urn:iso:std:iso:11073:10101', code: '150020', display: 'MDC_PRESS_BLD_NONINV' },
      { system: 'http://loinc.org', code: '85354-9' },
    ]);
    expect(codesOf(panel)).toEqual([
      ['150021', '8480-6'],
      ['150022', '8462-4'],
      ['150023', '8478-0'],
    ]);
    expect(panel.component[0].valueQuantity).toMatchObject({ value: 121, code: 'mm[Hg]' });
    expect(panel).not.toHaveProperty('valueQuantity');
  });

  it('states what is missing instead of leaving it out', () => {
    const [panel] = all([systolic]);
    expect(codesOf(panel)).toEqual([
      ['150021', '8480-6'],
      ['150022', '8462-4'],
    ]);
    expect(panel.component[1].dataAbsentReason.text).toBe('unknown');
    const [cuffLoose] = all([
      pressure('SYS', 'k1.0', undefined, { absent: 'poor-signal' }),
      diastolic,
    ]);
    expect(cuffLoose.component[0].dataAbsentReason.text).toBe('poor-signal');
    expect(cuffLoose.component).toHaveLength(2);
  });

  it('carries the doubt of one component with that component', () => {
    const [panel] = all([systolic, pressure('DIA', 'k1.1', 79, { quality: 'questionable' })]);
    expect(panel.component[0]).not.toHaveProperty('interpretation');
    expect(panel.component[1]).toHaveProperty('interpretation');
  });

  it('mixes neither patients, devices, times nor two readings', () => {
    for (const changes of [{ subject: '_b' }, { device: '_b' }, { at: 0 }]) {
      expect(all([systolic, pressure('DIA', 'k1.1', 79, changes)])).toHaveLength(2);
    }
    const again = [pressure('SYS', 'k1.4', 130), pressure('DIA', 'k1.5', 85)];
    const panels = all([systolic, diastolic, ...again]);
    expect(
      panels.map((one) =>
        one.component.map((part: { valueQuantity: { value: number } }) => part.valueQuantity.value),
      ),
    ).toEqual([
      [121, 79],
      [130, 85],
    ]);
  });

  it('that is only a mean stays a mean', () => {
    const [resource] = all([mean]);
    expect(resource.valueQuantity.value).toBe(93);
  });
});

it('writes every metric of the nomenclature so that a strict server takes it', () => {
  for (const metric of metricIds) {
    const resource = only({ metric });
    const said = resource.component ? resource.component[0] : resource;
    expect(said.code.coding.length, metric).toBeGreaterThan(0);
    expect(said.valueQuantity.value, metric).toBe(97);
  }
});
