import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Signal } from '../../../gateway/core/signal.ts';
import { enrol, isEnrolled, startBaseline } from '../../../gateway/features/baseline.ts';
import { byteEntropy } from '../../../gateway/features/byte-entropy.ts';
import { settle } from '../../../gateway/features/damped-counts.ts';
import {
  readTraffic,
  seeTraffic,
  startTraffic,
  type TrafficState,
  trafficFeatures,
} from '../../../gateway/features/traffic-state.ts';
import { watchTraffic } from '../../../gateway/features/traffic-watch.ts';
import { device, messageAt, signalFields } from '../../support/signals.ts';
import { noon } from '../../support/wards.ts';

const anySignal = fc.oneof(
  ...Object.entries(signalFields).map(([kind, fields]) =>
    fc.record({
      kind: fc.constant(kind),
      at: fc.integer({ min: noon, max: noon + 60_000 }),
      device: fc.constant(device),
      ...fields,
    }),
  ),
) as unknown as fc.Arbitrary<Signal>;

const vectorOf = (state: TrafficState, elapsedMs = 1_000) => {
  const vector = new Float32Array(trafficFeatures.length);
  readTraffic(state, elapsedMs, vector);
  return vector;
};
const figureOf = (state: TrafficState, name: string) =>
  vectorOf(state, 0)[trafficFeatures.indexOf(name)] ?? Number.NaN;

/** A device that says one thing every second, seen up to the end of its enrolment and beyond. */
function enrolled(seconds = 700) {
  const watch = watchTraffic(() => 2);
  let last = watch.tick(noon);
  for (let second = 1; second <= seconds; second += 1) {
    const at = (noon + second * 1_000) as Instant;
    watch.see([messageAt(at)]);
    last = watch.tick(at);
  }
  return { watch, last, at: noon + seconds * 1_000 };
}

describe('the traffic vector', () => {
  it('is finite, of one length and of a bounded state, whatever is seen', () => {
    fc.assert(
      fc.property(fc.array(anySignal, { maxLength: 300 }), (signals) => {
        const state = startTraffic();
        for (const signal of signals) seeTraffic(state, signal, false);
        const vector = vectorOf(state);
        expect(vector).toHaveLength(trafficFeatures.length);
        expect(vector.every(Number.isFinite)).toBe(true);
        expect(JSON.stringify(state).length).toBeLessThan(8_192);
      }),
    );
  });

  it('goes on after JSON as if it had not been written', () => {
    fc.assert(
      fc.property(fc.array(anySignal, { maxLength: 100 }), (signals) => {
        const [one, other] = [startTraffic(), startTraffic()];
        let read = other;
        for (const signal of signals) {
          seeTraffic(one, signal, false);
          seeTraffic(read, signal, false);
          read = JSON.parse(JSON.stringify(read)) as TrafficState;
        }
        expect(vectorOf(read)).toEqual(vectorOf(one));
      }),
    );
  });

  it('counts the same in whatever order things came within a second', () => {
    const countable = anySignal.filter(
      ({ kind }) => !['message', 'connected', 'disconnected'].includes(kind),
    );
    fc.assert(
      fc.property(
        fc
          .array(countable, { maxLength: 40 })
          .chain((all) =>
            fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
          ),
        ([signals, shuffled]) => {
          const [one, other] = [startTraffic(), startTraffic()];
          for (const signal of signals) seeTraffic(one, signal, false);
          for (const signal of shuffled) seeTraffic(other, signal, false);
          expect(vectorOf(one)).toEqual(vectorOf(other));
        },
      ),
    );
  });

  it('forgets: ten minutes after an attack no counter is above a hundredth', () => {
    const state = startTraffic();
    for (let index = 0; index < 1_000; index += 1) {
      seeTraffic(state, { kind: 'refused', cause: 'x', at: noon, device }, false);
    }
    const loud = figureOf(state, 'refusals-60s');
    expect(loud).toBeGreaterThan(6);
    settle(state.counts, 600_000 + 400_000);
    expect(figureOf(state, 'refusals-60s')).toBeLessThan(0.01);
  });

  it('remembers for minutes what hardly ever happens, and no longer, however loud it was', () => {
    const state = startTraffic();
    const refused = { kind: 'refused', cause: 'x', at: noon, device } as const;
    seeTraffic(state, refused, false);
    settle(state.counts, 80_000);
    expect(figureOf(state, 'refusals-slow')).toBeGreaterThan(0.5);
    for (let index = 0; index < 10_000; index += 1) seeTraffic(state, refused, false);
    settle(state.counts, 0);
    expect(figureOf(state, 'refusals-slow')).toBeGreaterThan(1.5);
    settle(state.counts, 900_000);
    expect(figureOf(state, 'refusals-slow')).toBeLessThan(0.15);
  });

  it('takes for nothing what may befall any device: two lost connections, subscriptions of who is back', () => {
    const state = startTraffic();
    const origin = { at: noon, device };
    const lose = () => {
      seeTraffic(state, { kind: 'disconnected', cause: 'ECONNRESET', ...origin }, false);
      seeTraffic(state, { kind: 'connected', ...origin }, false);
      for (let filters = 1; filters < 9; filters += 1) {
        const granted = { topic: `${filters}`, filters, reach: 1 };
        seeTraffic(state, { kind: 'subscribed', ...granted, ...origin }, false);
      }
      settle(state.counts, 10);
    };
    lose();
    lose();
    for (const name of ['losses-1s', 'connects-60s', 'losses-slow', 'subscriptions-10s'])
      expect(figureOf(state, name), name).toBe(0);
    lose();
    expect(figureOf(state, 'losses-slow')).toBeGreaterThan(0.5);
  });

  it('sees a message that comes out of turn, and not one that makes up for a late one', () => {
    const state = startTraffic();
    let at = noon as number;
    const say = (gapMs: number) => {
      at += gapMs;
      seeTraffic(state, messageAt(at as Instant), false);
    };
    for (let index = 0; index < 60; index += 1) say(1_000);
    expect(figureOf(state, 'early-60s')).toBe(0);
    // Held up on the way, and the next one in its turn.
    say(1_700);
    say(300);
    expect(figureOf(state, 'early-60s')).toBe(0);
    say(400);
    say(600);
    expect(figureOf(state, 'early-60s')).toBeGreaterThan(0.5);
  });

  it('keeps the time of each form: something else said now and then disturbs nobody’s turn', () => {
    const state = startTraffic();
    for (let second = 0; second < 1_200; second += 1) {
      const at = (noon + second * 1_000) as Instant;
      seeTraffic(state, messageAt(at), second < 600);
      const aside = { ...messageAt((at + 400) as Instant), bytes: 3_000 };
      if (second % 300 === 17) seeTraffic(state, aside, second < 600);
      settle(state.counts, 1_000);
    }
    expect(figureOf(state, 'early-slow')).toBe(0);
    seeTraffic(state, messageAt((noon + 1_199_400) as Instant), false);
    expect(figureOf(state, 'early-slow')).toBeGreaterThan(0.5);
  });
});

describe('the entropy of bytes', () => {
  it('is 0 for one byte repeated, 8 for all bytes once, and independent of what came before', () => {
    expect(byteEntropy(new Uint8Array(100).fill(7))).toBeCloseTo(0);
    expect(byteEntropy(Uint8Array.from({ length: 256 }, (_, index) => index))).toBeCloseTo(8);
    expect(byteEntropy(new Uint8Array(0))).toBe(0);
    expect(byteEntropy(Buffer.from('aabb'))).toBeCloseTo(1);
  });
});

describe('a baseline', () => {
  it('stands after ten minutes of looks, and not before', () => {
    const baseline = startBaseline();
    const vector = new Float32Array(trafficFeatures.length);
    for (let second = 1; second < 600; second += 1) enrol(baseline, vector, 1_000);
    expect(isEnrolled(baseline)).toBe(false);
    enrol(baseline, vector, 1_000);
    expect(isEnrolled(baseline)).toBe(true);
    expect(baseline.looks).toEqual([]);
  });
});

describe('the watch', () => {
  it('finds nothing far from usual in a device that goes on as it began', () => {
    const { last } = enrolled();
    expect(last.rows).toMatchObject([{ about: device, isEnrolled: true }]);
    expect(Math.max(...last.z.map(Math.abs))).toBeLessThan(3);
  });

  it('sees one refusal of an enrolled device, and is back at its baseline after a while', () => {
    const { watch, at } = enrolled();
    watch.see([
      { kind: 'topic-refused', action: 'publish', topic: 'x', device, at: at as Instant },
    ]);
    expect(Math.max(...watch.tick(at + 1_000).z)).toBeGreaterThan(10);
    let z = Number.NaN;
    for (let second = 2; second <= 900; second += 1) {
      watch.see([messageAt((at + second * 1_000) as Instant)]);
      z = Math.max(...watch.tick(at + second * 1_000).z);
    }
    expect(z).toBeLessThan(3);
  });

  it('compares a stranger with what its profile lets expect', () => {
    const watch = watchTraffic(() => 2);
    watch.see([messageAt(noon)]);
    expect(Math.max(...watch.tick(noon + 1_000).z)).toBe(0);
    watch.see(Array.from({ length: 200 }, () => messageAt(noon)));
    expect(Math.max(...watch.tick(noon + 2_000).z)).toBeGreaterThan(5);
  });

  it('keeps only so many identities, and devices before made-up addresses', () => {
    const watch = watchTraffic(() => 2);
    watch.see([messageAt(noon)]);
    for (let index = 0; index < 20_000; index += 1) {
      watch.see([{ kind: 'refused', cause: 'x', address: `a${index}`, at: noon }]);
      if (index < 10_000) {
        watch.see([{ ...messageAt(noon), device: `d${index}` as DeviceId }, messageAt(noon)]);
      }
    }
    expect(watch.size).toBeLessThanOrEqual(8_192);
    expect(watch.tick(noon).rows.some(({ about }) => about === device)).toBe(true);
  });
});
