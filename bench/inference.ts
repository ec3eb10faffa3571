import type { DeviceId } from '../gateway/core/device.ts';
import type { Instant } from '../gateway/core/observation.ts';
import type { Signal } from '../gateway/core/signal.ts';
import { byteEntropy } from '../gateway/features/byte-entropy.ts';
import { trafficFeatures } from '../gateway/features/traffic-state.ts';
import { watchTraffic } from '../gateway/features/traffic-watch.ts';
import { openModel } from '../gateway/inference/model-file.ts';
import { readModel, trustedKeys } from '../gateway/modelling/model-store.ts';
import { messagesASecond, openPolicy } from './admission.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import type { Question, Row } from './question.ts';

const wards = [50, 500, 1_000];
/** What each device says between two ticks, as in the question of admission. */
const messagesPerSecond = 10;
const batch = { name: 'admit', devices: 50, size: 256 };

export const inference: Question = {
  name: 'inference',
  summary: 'the models that say what is strange: their share of a message’s time, on one core.',

  async ask(bench) {
    const directory = bench.ward.site('inference');
    const keys = trustedKeys(directory);
    const model = await openModel(readModel(directory, 'traffic-pca'), keys, trafficFeatures);
    const policy = await openPolicy(directory);
    const load = loadNow();
    const payload = Buffer.alloc(200, '{"seq":17,"at":"2026-11-22T10:00:00.000Z","values":{}}');
    const rows: Row[] = [];
    for (const devices of wards) {
      const rounds = { admit: [] as number[], see: [] as number[], tick: [] as number[] };
      for (let round = 1; round <= bench.rounds; round += 1) {
        bench.remark(`  ${devices} devices, round ${round} of ${bench.rounds}`);
        rounds.admit.push(1e6 / messagesASecond(batch, policy, bench.seconds));
        const { seeUs, tickUs } = await measure(devices, model, payload, bench.seconds);
        rounds.see.push(seeUs);
        rounds.tick.push(tickUs);
      }
      const [admit, see, tick] = [rounds.admit, rounds.see, rounds.tick].map(median);
      const added = (see ?? 0) + (tick ?? 0) / (devices * messagesPerSecond);
      rows.push({
        devices,
        'admit, µs/message': rounded(admit ?? 0),
        'features, µs/message': rounded(see ?? 0),
        'tick, µs': Math.round(tick ?? 0),
        'added to a message, %': rounded((100 * added) / (admit ?? 1)),
      });
    }
    await model.close();
    return [
      {
        title: `features of each message, one tick a second; ${messagesPerSecond} messages a second a device`,
        rows,
        notes: [
          `load average before: ${load}; median of ${bench.rounds} rounds`,
          'Admission already has the detectors’ rules in it; what a message is counted by is not.',
        ],
      },
    ];
  },
};

async function measure(
  devices: number,
  model: Awaited<ReturnType<typeof openModel>>,
  payload: Uint8Array,
  seconds: number,
): Promise<{ readonly seeUs: number; readonly tickUs: number }> {
  const watch = watchTraffic(() => messagesPerSecond);
  let now = Date.UTC(2026, 0, 1);
  let [seeMs, tickMs, ticks] = [0, 0, 0];
  while (seeMs + tickMs < seconds * 1_000) {
    now += 1_000;
    const began = performance.now();
    for (let index = 0; index < devices * messagesPerSecond; index += 1) {
      const signal: Signal = {
        ...{ kind: 'message', at: now as Instant, device: `d${index % devices}` as DeviceId },
        ...{ channel: 'observations', bytes: payload.length, records: 1 },
        entropyBits: byteEntropy(payload),
      };
      watch.see([signal]);
    }
    const seen = performance.now();
    const { z, rows } = watch.tick(now);
    await model.run(z, rows.length);
    tickMs += performance.now() - seen;
    seeMs += seen - began;
    ticks += 1;
  }
  return {
    seeUs: (1_000 * seeMs) / (ticks * devices * messagesPerSecond),
    tickUs: (1_000 * tickMs) / ticks,
  };
}
