import { expect, it } from 'vitest';
import type { Detector } from '../../gateway/core/detector.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import behaviourDrift from '../../gateway/detectors/behaviour-drift.ts';
import { createScoring } from '../../gateway/modelling/model-scoring.ts';
import { simulateWard, type WardDevice } from '../../gateway/modelling/simulated-ward.ts';
import { temporaryFolder } from '../support/site.ts';

/** Ordinary devices for a day of their own time, as a gateway sees and scores them. */
const ward = { seed: 99, devicesPerProfile: 1, hours: 24 };
const devicesMax = 4;
const tickMs = 1_000;
const wallMsMax = 540_000;

it(
  'alarms about each of four ordinary devices at most once a day',
  async () => {
    const folder = temporaryFolder('behaviour');
    const devices: WardDevice[] = [];
    for await (const device of simulateWard(ward)) {
      if (device.part === 'test') devices.push(device);
      if (devices.length === devicesMax) break;
    }
    const perSecond = new Map<string, number>(
      devices.map(({ id, script }) => [id, script.perSecondMax]),
    );
    const scoring = createScoring({
      directory: folder.path,
      perSecondMaxOf: (id) => perSecond.get(id) ?? 0,
      onShadow: () => undefined,
      onTick: () => undefined,
    });
    const detector = behaviourDrift as Detector;
    const states = new Map<string, unknown>();
    const alarms = new Map<string, string[]>(devices.map(({ id }) => [id, []]));
    const places = devices.map(() => 0);
    const [first] = devices;
    for (let now = first?.from ?? 0; now <= (first?.until ?? 0); now += tickMs) {
      for (const [index, { signals }] of devices.entries()) {
        const start = places[index] ?? 0;
        let end = start;
        while (end < signals.length && (signals[end]?.at ?? 0) <= now) end += 1;
        places[index] = end;
        if (end > start) scoring.see(signals.slice(start, end));
      }
      for (const signal of await scoring.tick(now as Instant)) {
        alarms.get(signal.device ?? '')?.push(...findingOf(signal));
      }
    }
    await scoring.close();
    folder.remove();

    function findingOf(signal: Signal): readonly string[] {
      const about = signal.device ?? '';
      const { state, finding } = detector.step(
        states.get(about) ?? detector.start,
        signal,
        undefined,
      );
      states.set(about, state);
      return finding ? [JSON.stringify(finding.evidence)] : [];
    }
    expect(devices).toHaveLength(devicesMax);
    for (const [id, said] of alarms) {
      expect(said.length, `${id}\n${said.join('\n')}`).toBeLessThanOrEqual(1);
    }
  },
  wallMsMax,
);
