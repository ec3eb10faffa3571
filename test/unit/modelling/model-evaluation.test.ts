import { expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Signal } from '../../../gateway/core/signal.ts';
import { clipZ } from '../../../gateway/features/baseline.ts';
import { plainJudges } from '../../../gateway/modelling/model-evaluation.ts';
import { type Played, playTraffic } from '../../../gateway/modelling/traffic-play.ts';
import { device } from '../../support/signals.ts';

const from = Date.UTC(2026, 0, 5, 8);
const until = from + 900_000;
const strangeFrom = from + 800_000;

/** A message a second, and some more in each of the last seconds. */
function play(extraPerSecond: number): Played {
  const signals: Signal[] = [];
  for (let at = from + 300; at < until; at += 1_000) {
    const count = at < strangeFrom ? 1 : 1 + extraPerSecond;
    for (let index = 0; index < count; index += 1) {
      const what = { channel: 'observations', bytes: 80, records: 1, entropyBits: 4 } as const;
      signals.push({ kind: 'message', device, at: (at + index) as Instant, ...what });
    }
  }
  return playTraffic(signals, device, 2, { from, until });
}

it('a plain rule tells what is very strange from what is far stranger, where both are cut alike', async () => {
  const [ordinary, attack] = [play(20), play(400)];
  for (const { values } of [ordinary, attack]) expect(Math.max(...values)).toBe(clipZ);
  const judges = await plainJudges([ordinary]);
  const largest = judges.find(({ name }) => name === 'max-z');
  expect(largest?.threshold).toBeGreaterThan(clipZ);
  const scores = (await largest?.score(attack)) ?? [];
  expect(Math.max(...scores)).toBeGreaterThan(largest?.threshold ?? Number.POSITIVE_INFINITY);
});
