import { endOf, type Released, type SampleArray } from '../core/observation.ts';
import { absentFlags, metricFields } from './coding.ts';
import { decimal, escaped } from './encoding.ts';
import { deviceRow, type Order, type RowContent, rowOf } from './row.ts';

export type Measurement = Exclude<Released, { kind: 'alert' }>;

const services = {
  monitoring: '182777000^monitoring of patient^SCT',
  laboratory: '26436-6^Laboratory studies (set)^LN',
  waveform: '69121^MDC_OBS_WAVE_CTS^MDC',
} as const;
type Service = keyof typeof services;

/** One order of each kind of service, its rows below the device: IHE DEC PCD-01, WCM for waveforms. */
export function measurementOrders(all: readonly Measurement[], authority: string): Order[] {
  const groups = Map.groupBy(all, serviceOf);
  return [...groups].map(([service, group]) => {
    const [first] = group as [Measurement];
    const rows = group.flatMap((one, index) =>
      contentsOf(one, `1.0.0.${index + 1}`).map((content) => rowOf(content, one, authority)),
    );
    return {
      service: services[service],
      startAt: Math.min(...group.map(({ at }) => at)),
      endAt: Math.max(...group.map(endOf)),
      rows: [deviceRow(first, authority), ...rows],
    };
  });
}

function serviceOf({ kind, metric }: Measurement): Service {
  if (kind === 'samples') return 'waveform';
  return metricFields(metric).isLaboratory ? 'laboratory' : 'monitoring';
}

function contentsOf(one: Measurement, place: string): readonly RowContent[] {
  const { code, unit } = metricFields(one.metric);
  const flags = one.quality === 'questionable' ? 'QUES' : '';
  const shared = { code, place, unit };
  const stated = { ...shared, flags, status: 'R' } as const;
  const absent = (reason: keyof typeof absentFlags, type = 'NM'): RowContent[] => [
    // Never both value and reason, never neither: what cannot be stated is no result, and never zero.
    { ...shared, type, flags: absentFlags[reason], status: 'X' },
  ];
  if (one.absent !== undefined) return absent(one.absent, typeOf(one));
  switch (one.kind) {
    case 'numeric':
      if (!Number.isFinite(one.value)) return absent('not-a-number');
      return [{ ...stated, type: 'NM', value: decimal(one.value) }];
    case 'enumeration':
      if (one.value === '') return absent('unknown', 'ST');
      return [{ ...stated, unit: '', type: 'ST', value: escaped(String(one.value)) }];
    case 'samples':
      if (one.value.length === 0) return absent('unknown', 'NA');
      return [{ ...stated, type: 'NA', value: samplesOf(one.value) }, rateOf(one, place)];
  }
}

function typeOf({ kind }: Measurement): string {
  return { numeric: 'NM', enumeration: 'ST', samples: 'NA' }[kind];
}

/** NA (2A.46): a sample that is not there is an empty one. */
function samplesOf(samples: readonly number[]): string {
  return samples.map((sample) => (Number.isFinite(sample) ? decimal(sample) : '')).join('^');
}

/** IHE WCM gives the sampling rate as a facet of the waveform, and has no code for it but 0. */
function rateOf({ periodMs }: SampleArray, place: string): RowContent {
  const perSecond = Number((1_000 / periodMs).toPrecision(9));
  return {
    type: 'NM',
    code: '0^MDC_ATTR_SAMP_RATE^MDC',
    place: `${place}.1`,
    value: decimal(perSecond),
    unit: '264608^MDC_DIM_PER_SEC^MDC',
    status: 'R',
    isFacet: true,
  };
}
