import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { createMemory, recollect } from '../../../gateway/core/memory.ts';
import type { MetricId } from '../../../gateway/core/metric.ts';
import type { Instant, Observation } from '../../../gateway/core/observation.ts';
import { vitalSigns } from '../../../gateway/core/simulated-patient.ts';
import { admit } from '../../../gateway/pipeline/admit.ts';
import { doubt } from '../../../gateway/stages/doubt.ts';
import { bound, intake, noon, policyOf } from '../../support/wards.ts';

const device = 'mon-1' as DeviceId;
type Figures = Readonly<Partial<Record<MetricId, number>>>;

function observationsOf(figures: Figures, at: number): readonly Observation[] {
  const instant = at as Instant;
  return Object.entries(figures).map(([metric, value], index) => ({
    kind: 'numeric',
    metric: metric as MetricId,
    value,
    id: `k.${index}`,
    device,
    at: instant,
    receivedAt: instant,
    clock: 'gateway',
    quality: 'good',
  }));
}

/** What is doubted of a row of records, `everyMs` apart: the check and the metric of each. */
function doubtsOf(records: readonly Figures[], everyMs: number, sinceOf = (_: number) => 0) {
  const memory = recollect(createMemory());
  return records.map((figures, index) => {
    const observations = observationsOf(figures, noon + index * everyMs);
    const { doubted, observations: passed } = doubt(device, observations, sinceOf(index), memory);
    expect(passed.map(({ id }) => id)).toEqual(observations.map(({ id }) => id));
    return doubted.map(({ check, figure }) => `${check} ${figure.metric}`);
  });
}

const monitorOf = (seed: number, at: number): Figures => {
  const all = vitalSigns(seed, at as Instant);
  const metrics = ['MDC_ECG_HEART_RATE', 'MDC_RESP_RATE', 'MDC_PULS_OXIM_SAT_O2'] as const;
  const pressures = ['MDC_PRESS_BLD_ART_SYS', 'MDC_PRESS_BLD_ART_DIA'] as const;
  return Object.fromEntries([...metrics, ...pressures].map((metric) => [metric, all[metric] ?? 0]));
};
const day = (seconds: number, seed = 3) =>
  Array.from({ length: seconds }, (_, index) => monitorOf(seed, noon + index * 1_000));

describe('a healthy course', () => {
  it('is not doubted in six hours at one record a second', () => {
    expect(doubtsOf(day(6 * 3_600), 1_000).flat()).toEqual([]);
  });

  it('may begin to race, and may stop', () => {
    const rates = [60, 61, 205, 206, 204, 60, 59, 20, 10, 10];
    const records = rates.map((value) => ({ MDC_ECG_HEART_RATE: value }));
    expect(doubtsOf(records, 1_000).flat()).toEqual([]);
  });

  it('may keep a paced rate, a ventilated breath or a full saturation for a day', () => {
    for (const metric of ['MDC_ECG_HEART_RATE', 'MDC_RESP_RATE', 'MDC_PULS_OXIM_SAT_O2'] as const) {
      const records = Array.from({ length: 1_440 }, () => ({ [metric]: 80 }));
      expect(doubtsOf(records, 60_000).flat()).toEqual([]);
    }
  });
});

it('doubts a figure that moves faster than a body can, and not the ones beside it', () => {
  const records = [
    { MDC_TEMP_BODY: 36.8, MDC_ECG_HEART_RATE: 70 },
    { MDC_TEMP_BODY: 31, MDC_ECG_HEART_RATE: 71 },
  ];
  expect(doubtsOf(records, 10_000)).toEqual([[], ['change MDC_TEMP_BODY']]);
});

it('takes another patient’s first figure for no change', () => {
  const records = [{ MDC_TEMP_BODY: 41 }, { MDC_TEMP_BODY: 34 }];
  expect(doubtsOf(records, 10_000, (index) => index)).toEqual([[], []]);
});

it('doubts an arterial pressure that stands still for ten minutes', () => {
  const records = Array.from({ length: 700 }, () => ({ MDC_PRESS_BLD_ART_SYS: 118 }));
  const doubts = doubtsOf(records, 1_000);
  expect(doubts.findIndex((each) => each.length > 0)).toBe(600);
});

describe('a figure that stands alone', () => {
  const rates = (...values: readonly number[]) =>
    values.map((value) => ({ MDC_ECG_HEART_RATE: value, MDC_RESP_RATE: 14 }));
  const spikesOf = (records: readonly Figures[]) =>
    doubtsOf(records, 3_600_000).map((each) => each.filter((one) => one.startsWith('spike')));

  it('is doubted when the next one is back, upwards and downwards', () => {
    const [heart] = ['spike MDC_ECG_HEART_RATE'];
    expect(spikesOf(rates(80, 84, 78, 81, 160, 82, 80))).toEqual([[], [], [], [], [], [heart], []]);
    expect(spikesOf(rates(80, 84, 78, 81, 24, 82, 80))).toEqual([[], [], [], [], [], [heart], []]);
  });

  it('is not doubted where it stays, where such figures were before, nor before much is known', () => {
    expect(spikesOf(rates(80, 84, 78, 81, 160, 158, 90, 80)).flat()).toEqual([]);
    expect(spikesOf(rates(80, 150, 150, 78, 81, 160, 82)).flat()).toEqual([]);
    expect(spikesOf(rates(80, 84, 160, 81, 84)).flat()).toEqual([]);
  });

  it('is doubted sooner of a pressure whose two neighbours did not go with it', () => {
    const triple = (systolic: number, diastolic: number, mean: number): Figures => ({
      MDC_PRESS_BLD_NONINV_SYS: systolic,
      MDC_PRESS_BLD_NONINV_DIA: diastolic,
      MDC_PRESS_BLD_NONINV_MEAN: mean,
    });
    const calm = [triple(120, 60, 80), triple(124, 64, 84), triple(118, 58, 78)];
    const course = [...calm, ...calm];
    const alone = spikesOf([...course, triple(170, 60, 80), triple(121, 61, 81)]);
    const together = spikesOf([...course, triple(170, 110, 130), triple(121, 61, 81)]);
    expect(alone.flat()).toEqual(['spike MDC_PRESS_BLD_NONINV_SYS']);
    expect(together.flat()).toEqual([]);
  });

  it('of a chart is a finding by itself, of a monitor’s second it is not, and neither is marked', () => {
    const policy = policyOf({
      'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-4711')] },
    });
    const values = [80, 84, 78, 81, 160, 82];
    const found = (everyMs: number) => {
      const said = values.map((value, index) => {
        const at = (noon + index * everyMs) as Instant;
        const told = { seq: index + 1, at: new Date(at).toISOString() };
        const message = { ...told, values: { MDC_ECG_HEART_RATE: value } };
        return intake('mon-1', message, { at });
      });
      const { findings, departures } = admit(said, [], policy, createMemory());
      const sent = departures.flatMap(({ observations }) => observations);
      expect(sent.map(({ quality }) => quality)).toEqual(values.map(() => 'good'));
      return findings.map(({ evidence }) => evidence['check']);
    };
    expect(found(3_600_000)).toEqual(['spike']);
    expect(found(1_000)).toEqual([]);
  });
});

it('doubts a mean pressure that its neighbours do not give, and no other of them', () => {
  const good = {
    MDC_PRESS_BLD_NONINV_SYS: 120,
    MDC_PRESS_BLD_NONINV_DIA: 60,
    MDC_PRESS_BLD_NONINV_MEAN: 80,
  };
  const doubts = doubtsOf([good, { ...good, MDC_PRESS_BLD_NONINV_MEAN: 118 }], 60_000);
  expect(doubts).toEqual([[], ['mean MDC_PRESS_BLD_NONINV_MEAN']]);
});

it('doubts a pulse that is another heart’s, once it stays so', () => {
  const records = Array.from({ length: 90 }, () => ({
    MDC_ECG_HEART_RATE: 70,
    MDC_PULS_OXIM_PULS_RATE: 118,
  }));
  const doubts = doubtsOf(records, 1_000);
  expect(doubts.findIndex((each) => each.length > 0)).toBe(60);
  expect(doubts.at(-1)).toEqual(['pulse MDC_ECG_HEART_RATE', 'pulse MDC_PULS_OXIM_PULS_RATE']);
});

describe('a row of records that comes again', () => {
  it('is doubted within two minutes, at one record a second', () => {
    const recorded = day(600);
    const doubts = doubtsOf([...recorded, ...recorded.slice(100, 300)], 1_000);
    const first = doubts.findIndex((each) => each.some((one) => one.startsWith('replayed')));
    expect(first).toBeGreaterThan(600);
    expect(first).toBeLessThan(720);
    expect(doubts.slice(0, 600).flat()).toEqual([]);
  });

  it('is doubted at the fourth of them, where every record has seven new figures', () => {
    const hourly = Array.from({ length: 24 }, (_, hour) => ({
      ...monitorOf(hour, noon),
      MDC_PRESS_BLD_NONINV_SYS: 110 + ((hour * 7) % 40),
      MDC_PRESS_BLD_NONINV_DIA: 60 + ((hour * 5) % 20),
    }));
    const doubts = doubtsOf([...hourly, ...hourly.slice(5, 10)], 3_600_000);
    const replayed = doubts.map((each) => each.some((one) => one.startsWith('replayed')));
    expect(replayed.indexOf(true)).toBeGreaterThanOrEqual(24 + 2);
    expect(replayed.indexOf(true)).toBeLessThanOrEqual(24 + 4);
  });
});

it('remembers a bounded part, however long and whatever it is shown', () => {
  const living = createMemory();
  for (let index = 0; index < 2_000; index += 1) {
    const memory = recollect(living);
    doubt(device, observationsOf(monitorOf(index, noon), noon + index * 1_000), 0, memory);
    living.remember(memory.changes);
  }
  expect(JSON.stringify([...living.values]).length).toBeLessThan(12_000);
});

describe('in an admission', () => {
  const policy = policyOf({
    'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-4711')] },
  });
  const say = (seq: number, temperature: number) =>
    intake(
      'mon-1',
      {
        seq,
        at: new Date(noon + seq * 1_000).toISOString(),
        values: { MDC_TEMP_BODY: temperature, MDC_ECG_HEART_RATE: 72 },
        alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }],
      },
      { at: (noon + seq * 1_000) as Instant },
    );

  it('marks the value, keeps its figure, and leaves the alarm beside it as it is', () => {
    const { departures, rejected } = admit([say(1, 37), say(2, 31)], [], policy, createMemory());
    const sent = departures.flatMap(({ observations }) => observations);
    const alerts = sent.filter(({ kind }) => kind === 'alert');
    expect(rejected).toEqual([]);
    expect(alerts).toHaveLength(2);
    expect(alerts.every(({ quality }) => quality === 'good')).toBe(true);
    expect(sent.filter(({ quality }) => quality === 'questionable')).toMatchObject([
      { metric: 'MDC_TEMP_BODY', value: 31 },
    ]);
  });

  it('makes a finding of a pattern, never one of a single slip', () => {
    const once = admit([say(1, 37), say(2, 31)], [], policy, createMemory());
    const often = Array.from({ length: 12 }, (_, index) => say(index + 1, index % 2 ? 31 : 37));
    expect(once.findings).toEqual([]);
    expect(admit(often, [], policy, createMemory()).findings).toMatchObject([
      { threat: 'D08', detector: 'doubtful-values', evidence: { check: 'change' } },
    ]);
  });
});
