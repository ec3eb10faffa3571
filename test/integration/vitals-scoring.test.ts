import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import { createMemory } from '../../gateway/core/memory.ts';
import type { MetricId } from '../../gateway/core/metric.ts';
import type { Instant, Observation } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { vitalSigns } from '../../gateway/core/simulated-patient.ts';
import vitalSignsDrift from '../../gateway/detectors/vital-signs-drift.ts';
import { keeperScoring } from '../../gateway/keeper/keeper-scoring.ts';
import { addSiteModel, writeModelState } from '../../gateway/modelling/model-store.ts';
import { createVitalsScoring, type VitalsScoring } from '../../gateway/modelling/vitals-scoring.ts';
import { admit } from '../../gateway/pipeline/admit.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';
import { asSiteModel } from '../support/site-model.ts';
import { bound, intake, noon, policyOf } from '../support/wards.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const minuteMs = 60_000;
const beds = 40;

const metrics: readonly MetricId[] = [
  'MDC_ECG_HEART_RATE',
  'MDC_RESP_RATE',
  'MDC_PULS_OXIM_SAT_O2',
  'MDC_TEMP_BODY',
  'MDC_PRESS_BLD_NONINV_SYS',
  'MDC_PRESS_BLD_NONINV_MEAN',
  'MDC_PRESS_BLD_NONINV_DIA',
  'MDC_PRESS_BLD_ART_ABP_SYS',
  'MDC_PRESS_BLD_ART_ABP_MEAN',
  'MDC_PRESS_BLD_ART_ABP_DIA',
];

const deviceOf = (bed: number) => `mon-${bed}` as DeviceId;

/** What a monitor says of a patient at some time; said at another one. */
function recordOf(bed: number, measuredAt: number, at = measuredAt): readonly Observation[] {
  const all = vitalSigns(bed, measuredAt as Instant);
  const instant = at as Instant;
  return metrics.map((metric, index) => ({
    ...{ kind: 'numeric', metric, value: all[metric] ?? 0, id: `${at}.${index}` },
    ...{ device: deviceOf(bed), at: instant, receivedAt: instant },
    ...{ clock: 'gateway', quality: 'good' },
  }));
}

function siteFolder(): string {
  const folder = temporaryFolder('vitals');
  onTestFinished(() => folder.remove());
  return folder.path;
}

function scoringOf(directory: string) {
  const shadowed: string[] = [];
  const scoring = createVitalsScoring(directory, (id) => shadowed.push(id));
  onTestFinished(() => scoring.close());
  return { scoring, shadowed };
}

/** Minutes of a ward; a monitor is heard each minute here, and looked at as seldom as if it were each second. */
async function play(
  scoring: VitalsScoring,
  [from, until]: readonly [number, number],
  say: (bed: number, at: number) => readonly Observation[],
  sinceOf: (bed: number, at: number) => number = () => 1,
  wardBeds = beds,
): Promise<readonly Signal[]> {
  const told: Signal[] = [];
  for (let at = from; at < until; at += minuteMs) {
    for (let bed = 1; bed <= wardBeds; bed += 1) {
      scoring.see(deviceOf(bed), sinceOf(bed, at), say(bed, at));
    }
    told.push(...(await scoring.tick(at as Instant)));
  }
  return told;
}

/** From its time on, the first bed's monitor says again and again what it said then. */
const frozenFrom = (start: number) => (bed: number, at: number) =>
  bed === 1 && at >= start ? recordOf(bed, start, at) : recordOf(bed, at);

describe('the model of vital signs in a running site', () => {
  it('is silent on a simulated day of forty monitors', async () => {
    const { scoring } = scoringOf(siteFolder());
    expect(await play(scoring, [noon, noon + dayMs], recordOf)).toEqual([]);
  });

  it('tells of a patient who stands still, in an hour and a half, by names and no values', async () => {
    const { scoring } = scoringOf(siteFolder());
    const start = noon + 8 * hourMs;
    const told = await play(scoring, [noon, start + 4 * hourMs], frozenFrom(start), () => 1, 3);
    const [first] = told;
    expect(told.length).toBeGreaterThan(2);
    expect(new Set(told.map(({ device }) => device))).toEqual(new Set([deviceOf(1)]));
    expect(first).toMatchObject({ kind: 'vital-signs-strange', model: 'vitals-pca' });
    expect((first?.at ?? 0) - start).toBeLessThanOrEqual(1.5 * hourMs);
    expect(first?.kind === 'vital-signs-strange' && first.features[0]).toBe('still-together');
    const findings = told.reduce<{ state: typeof vitalSignsDrift.start; texts: string[] }>(
      ({ state, texts }, signal) => {
        const step = vitalSignsDrift.step(state, signal, undefined);
        const text = step.finding ? [JSON.stringify(step.finding.evidence)] : [];
        return { state: step.state, texts: [...texts, ...text] };
      },
      { state: vitalSignsDrift.start, texts: [] },
    ).texts;
    expect(findings).toHaveLength(1);
    const values = Object.values(vitalSigns(1, start as Instant));
    const figures = (findings[0]?.match(/\d+(\.\d+)?/g) ?? []).map(Number);
    expect(figures.filter((figure) => values.includes(figure))).toEqual([]);
  });

  it('begins anew with another patient, and where the clock was set back', async () => {
    const { scoring } = scoringOf(siteFolder());
    const start = noon + 8 * hourMs;
    const until = start + 4 * hourMs;
    const anew = (bed: number, at: number) => (bed === 1 ? Math.floor(at / hourMs) : 1);
    expect(await play(scoring, [noon, until], frozenFrom(start), anew, 3)).toEqual([]);
    const before = noon - 400 * dayMs;
    const told = await play(
      scoring,
      [before, before + 12 * hourMs],
      frozenFrom(before + 8 * hourMs),
      () => 1,
      3,
    );
    expect(told.length).toBeGreaterThan(0);
  });

  it('is refused where a bit was changed or it is for traffic; the shipped one stands in', async () => {
    const start = noon + 8 * hourMs;
    for (const spoil of [true, false]) {
      const directory = siteFolder();
      const shipped = spoil ? 'vitals-pca' : 'traffic-pca';
      const own = spoil ? 'site-10001' : 'site-100001';
      addSiteModel(directory, own, asSiteModel(directory, shipped, own), {});
      if (spoil) {
        const path = join(directory, 'models', own, 'model.onnx');
        const changed = readFileSync(path);
        changed[500] = (changed[500] ?? 0) ^ 1;
        writeFileSync(path, changed);
      }
      writeModelState(directory, { active: 'traffic-pca', vitals: { active: own } });
      const { scoring } = scoringOf(directory);
      const told = await play(scoring, [noon, start + 2 * hourMs], frozenFrom(start), () => 1, 2);
      expect(told.filter(({ kind }) => kind === 'model-refused')).toMatchObject([{ model: own }]);
      expect(told.at(-1)).toMatchObject({ kind: 'vital-signs-strange', model: 'vitals-pca' });
    }
  });

  it('hears what the keeper has committed, whoever the device is bound to', async () => {
    const folder = siteFolder();
    const directory = join(folder, 'site');
    await makeSite(directory, []);
    const { store } = openSiteStore(directory);
    onTestFinished(() => store.close());
    const scoring = keeperScoring(directory, store);
    onTestFinished(() => scoring.close());
    const start = noon + 8 * hourMs;
    const told: Signal[] = [];
    const memory = createMemory();
    for (let at: number = noon; at < start + 3 * hourMs; at += 10 * minuteMs) {
      const policy = policyOf({
        'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-1')] },
      });
      const patient = vitalSigns(1, Math.min(at, start) as Instant);
      const values = Object.fromEntries(metrics.slice(0, 4).map((each) => [each, patient[each]]));
      const message = { seq: at / minuteMs, at: new Date(at).toISOString(), values };
      const said = [intake('mon-1', message, { at: at as Instant })];
      const admission = admit(said, [], policy, memory);
      expect(admission.rejected).toEqual([]);
      memory.remember(admission.changes);
      scoring.onKept(admission, policy);
      told.push(...(await scoring.tick(at as Instant)));
    }
    expect(told[0]).toMatchObject({ kind: 'vital-signs-strange', device: 'mon-1' });
    expect((told[0]?.at ?? 0) > start).toBe(true);
  });

  it('in shadow is counted and tells nothing', async () => {
    const directory = siteFolder();
    const own = 'site-10001';
    addSiteModel(directory, own, asSiteModel(directory, 'vitals-pca', own), {});
    const vitals = { active: 'vitals-pca', shadow: own };
    writeModelState(directory, { active: 'traffic-pca', vitals });
    const { scoring, shadowed } = scoringOf(directory);
    const start = noon + 8 * hourMs;
    const told = await play(scoring, [noon, start + 2 * hourMs], frozenFrom(start), () => 1, 2);
    expect(told.every((each) => 'model' in each && each.model === 'vitals-pca')).toBe(true);
    expect(shadowed).toHaveLength(told.length);
    expect(new Set(shadowed)).toEqual(new Set([own]));
  });
});
