import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { createScoring, type ModelScoring } from '../../gateway/modelling/model-scoring.ts';
import { addSiteModel, writeModelState } from '../../gateway/modelling/model-store.ts';
import { openTrafficLog, readTrafficLog } from '../../gateway/modelling/traffic-log.ts';
import { device, messageAt } from '../support/signals.ts';
import { temporaryFolder } from '../support/site.ts';
import { asSiteModel } from '../support/site-model.ts';
import { fill, mountDisk } from '../support/small-disk.ts';
import { noon } from '../support/wards.ts';

const enrolledAfterS = 700;

function siteFolder(): string {
  const folder = temporaryFolder('models');
  onTestFinished(() => folder.remove());
  return folder.path;
}

function scoringOf(directory: string) {
  const log = openTrafficLog(directory);
  const shadowed: string[] = [];
  const scoring = createScoring({
    directory,
    perSecondMaxOf: () => 2,
    onShadow: (id) => shadowed.push(id),
    onTick: (tick, scores, threshold) => log.take(tick, scores?.scores, threshold),
  });
  onTestFinished(() => scoring.close());
  return { scoring, log, shadowed };
}

/** Plays seconds of a device that speaks once a second, and what `deeds` adds. Returns what was told. */
async function play(
  scoring: ModelScoring,
  fromS: number,
  seconds: number,
  deeds: (second: number, at: Instant) => readonly Signal[] = () => [],
) {
  const told: Signal[] = [];
  for (let second = fromS + 1; second <= fromS + seconds; second += 1) {
    const at = (noon + second * 1_000) as Instant;
    scoring.see([messageAt((at - 400) as Instant), ...deeds(second, at)]);
    told.push(...(await scoring.tick(at)));
  }
  return told;
}

const foreignTopic = (at: Instant): Signal => ({
  ...{ kind: 'topic-refused', action: 'subscribe', topic: 'devices/#', device, at },
});

describe('the models in a running site', () => {
  it('are silent on an ordinary hour, and tell within three seconds which feature is strange', async () => {
    const { scoring } = scoringOf(siteFolder());
    expect(await play(scoring, 0, 3_600)).toEqual([]);
    const told = await play(scoring, 3_600, 4, (_, at) => [foreignTopic(at)]);
    const [first] = told;
    expect(first).toMatchObject({ kind: 'behaviour-strange', device, isEnrolled: true });
    expect((first?.at ?? 0) - (noon + 3_601_000)).toBeLessThanOrEqual(3_000);
    expect(Object.keys(first?.kind === 'behaviour-strange' ? first.features : {})[0]).toMatch(
      /^topics-/,
    );
  });

  it('tell what is strange while the disk takes nothing', async (context) => {
    const disk = mountDisk(siteFolder());
    if (disk === undefined) return context.skip('mounting a small disk is not permitted here');
    const { scoring, log } = scoringOf(disk);
    fill(disk, 0);
    expect(await play(scoring, 0, enrolledAfterS)).toEqual([]);
    const told = await play(scoring, enrolledAfterS, 4, (_, at) => [foreignTopic(at)]);
    expect(told[0]).toMatchObject({ kind: 'behaviour-strange', device });
    log.close();
    expect(() => readTrafficLog(disk)).toThrow('not yet kept any traffic');
  });

  it('learn nothing from what they are alarmed about', async () => {
    const directory = siteFolder();
    const { scoring, log } = scoringOf(directory);
    await play(scoring, 0, enrolledAfterS);
    await play(scoring, enrolledAfterS, 600, (_, at) => [foreignTopic(at)]);
    expect(await play(scoring, enrolledAfterS + 600, 3, (_, at) => [foreignTopic(at)])).not.toEqual(
      [],
    );
    log.close();
    const kept = readTrafficLog(directory);
    expect(kept.deviceSeconds).toBeGreaterThan(600);
    // A row every thirty seconds, and none of the ten minutes of the attack.
    expect(kept.ordinary.values.length / kept.ordinary.width).toBeLessThan(10);
  });

  it('are refused where a bit was changed, and say so once; the shipped one stands in', async () => {
    const directory = siteFolder();
    const id = 'site-100001';
    addSiteModel(directory, id, asSiteModel(directory, 'traffic-pca', id), {});
    writeModelState(directory, { active: id });
    const { scoring } = scoringOf(directory);
    expect(await play(scoring, 0, 3)).toEqual([]);

    const path = join(directory, 'models', id, 'model.onnx');
    const changed = readFileSync(path);
    changed[500] = (changed[500] ?? 0) ^ 1;
    writeFileSync(path, changed);
    const { scoring: restarted } = scoringOf(directory);
    const refused = await play(restarted, 0, enrolledAfterS);
    expect(refused).toMatchObject([{ kind: 'model-refused', model: id }]);
    const told = await play(restarted, enrolledAfterS, 4, (_, at) => [foreignTopic(at)]);
    expect(told[0]).toMatchObject({ kind: 'behaviour-strange', model: 'traffic-pca' });
  });

  it('go on as they are where another is chosen that is none, or the choice is damaged', async () => {
    const directory = siteFolder();
    const { scoring } = scoringOf(directory);
    await play(scoring, 0, enrolledAfterS);
    writeModelState(directory, { active: 'no-such-model' });
    expect(await play(scoring, enrolledAfterS, 1)).toMatchObject([{ kind: 'model-refused' }]);
    writeFileSync(join(directory, 'models/state.json'), '{"active":');
    expect(await play(scoring, enrolledAfterS + 1, 1)).toMatchObject([{ kind: 'model-refused' }]);
    const told = await play(scoring, enrolledAfterS + 2, 4, (_, at) => [foreignTopic(at)]);
    expect(told[0]).toMatchObject({ kind: 'behaviour-strange' });
  });

  it('in shadow are counted and tell nothing', async () => {
    const directory = siteFolder();
    const shadow = 'site-100001';
    addSiteModel(directory, shadow, asSiteModel(directory, 'traffic-pca', shadow), {});
    writeModelState(directory, { active: 'traffic-pca', shadow });
    const { scoring, shadowed } = scoringOf(directory);
    expect(await play(scoring, 0, enrolledAfterS)).toEqual([]);
    expect(shadowed).toEqual([]);
    const told = await play(scoring, enrolledAfterS, 4, (_, at) => [foreignTopic(at)]);
    for (const each of told) expect(each).toMatchObject({ model: 'traffic-pca' });
    expect(shadowed).toContain(shadow);
  });

  it('tell once a minute how many devices are beyond them, and of none while all are ordinary', async () => {
    const { scoring } = scoringOf(siteFolder());
    const ids = ['mon-2', 'mon-3', 'mon-4', 'mon-5'].map((id) => id as DeviceId);
    const all = (at: Instant) =>
      ids.map((id): Signal => ({ ...messageAt((at - 400) as Instant), device: id }));
    expect(await play(scoring, 0, enrolledAfterS, (_, at) => all(at))).toEqual([]);
    const told = await play(scoring, enrolledAfterS, 200, (_, at) => [
      ...all(at),
      ...ids.map((id): Signal => ({ ...foreignTopic(at), device: id })),
    ]);
    const strains = told.filter(({ kind }) => kind === 'model-strain');
    expect(strains.length).toBeGreaterThanOrEqual(2);
    expect(strains.at(-1)).toMatchObject({ model: 'traffic-pca', devices: 5, beyond: 4 });
  }, 60_000);

  it('tell of many together as of one thing; of a ward that comes back after a start they tell nothing', async () => {
    const ward = Array.from({ length: 12 }, (_, index) => `mon-${index}` as DeviceId);
    const { scoring } = scoringOf(siteFolder());
    const said = (at: Instant): Signal[] => ward.map((id) => ({ ...messageAt(at), device: id }));
    const back = (second: number, at: Instant): Signal[] =>
      second > 3
        ? []
        : ward.map(
            (id) => ({ kind: second === 1 ? 'connected' : 'handshake', at, device: id }) as Signal,
          );
    const ordinary = await play(scoring, 0, 1_800, (second, at) => [
      ...back(second, at),
      ...said(at),
      // All that waited is said at once.
      ...(second === 4 ? Array.from({ length: 20 }, () => said(at)).flat() : []),
    ]);
    expect(ordinary.filter(({ kind }) => kind === 'fleet-strange')).toEqual([]);
    const told = await play(scoring, 1_800, 6, (_, at) => [
      ...said(at),
      ...ward.slice(0, 7).map((id) => ({ ...foreignTopic(at), device: id })),
    ]);
    const many = told.filter(({ kind }) => kind === 'fleet-strange');
    expect(many[0]).toMatchObject({ together: 7, identities: 12 });
    expect((many[0]?.at ?? 0) - (noon + 1_801_000)).toBeLessThanOrEqual(3_000);
    expect(new Set(told.flatMap(({ device: about }) => about ?? [])).size).toBe(7);
  });
});
