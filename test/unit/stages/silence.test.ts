import { expect, it } from 'vitest';
import { createMemory } from '../../../gateway/core/memory.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Signal } from '../../../gateway/core/signal.ts';
import { admit } from '../../../gateway/pipeline/admit.ts';
import type { Policy } from '../../../gateway/pipeline/policy.ts';
import { bound, intake, noon, policyOf } from '../../support/wards.ts';

const profile = 'generic-vital-signs-monitor';
const policy = policyOf({
  'mon-1': { profile, associations: [bound('MRN-4711')] },
  'mon-2': { profile, associations: [] },
});

/** Plays seconds: who speaks in each, and what else is signalled. Returns what is said of silences. */
function play(
  seconds: number,
  speaks: (second: number) => readonly string[],
  { signals = (_: number): readonly Signal[] => [], site = policy as Policy } = {},
) {
  const memory = createMemory();
  const said: string[] = [];
  const findings: string[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const at = (noon + second * 1_000) as Instant;
    const batch = speaks(second).map((device) =>
      intake(
        device,
        { seq: second + 1, at: new Date(at).toISOString(), values: { MDC_ECG_HEART_RATE: 72 } },
        { at },
      ),
    );
    const tick: Signal = { kind: 'tick', at, monotonicMs: at };
    const admission = admit(batch, [...signals(second), tick], site, memory);
    memory.remember(admission.changes);
    said.push(...admission.voices.map(({ kind, device }) => `${second} ${kind} ${device}`));
    findings.push(
      ...admission.findings.map(({ detector, about }) => `${second} ${detector} ${about}`),
    );
  }
  return { said, findings };
}

it('says once that a device fell silent, and once that it is heard again', () => {
  const { said, findings } = play(120, (second) => (second > 20 && second < 80 ? [] : ['mon-1']));
  expect(said).toEqual(['31 quiet mon-1', '80 heard mon-1']);
  expect(findings).toEqual(['31 silence mon-1']);
});

it('waits as long as the device is used to, where that is longer than its profile says', () => {
  const slow = (second: number) => (second % 30 === 0 && second < 900 ? ['mon-1'] : []);
  const { said } = play(1_200, slow);
  // Slow from the start: its first gaps are longer than the profile knows of.
  expect(said.filter((each) => each.includes('quiet')).length).toBeLessThanOrEqual(2);
  expect(said.at(-1)).toBe('991 quiet mon-1');
});

it('is one finding an episode, and one more when it comes again and again', () => {
  const faltering = (second: number) => (second % 40 < 20 ? ['mon-1'] : []);
  const { findings } = play(500, faltering);
  expect(findings).toHaveLength(2);
});

it('misses nobody who has no patient and said goodbye, and whoever has not', () => {
  const speaks = (second: number) => (second < 20 ? ['mon-2'] : []);
  const leaving =
    (cause: string) =>
    (second: number): readonly Signal[] =>
      second === 20 ? [{ kind: 'disconnected', device: 'mon-2' as never, at: noon, cause }] : [];
  const about = (found: { findings: readonly string[] }) =>
    found.findings.filter((each) => each.includes('mon-2'));
  expect(about(play(60, speaks, { signals: leaving('closed') }))).toEqual([]);
  expect(about(play(60, speaks, { signals: leaving('ECONNRESET') }))).toHaveLength(1);
});

it('waits for a patient’s device that was never heard, yet not for the whole ward at a start', () => {
  const { said } = play(400, () => []);
  expect(said).toEqual(['301 quiet mon-1']);
});

it('takes no step of the wall clock for a silence', () => {
  const memory = createMemory();
  const say = (seconds: number, jumpMs: number) => {
    const at = (noon + seconds * 1_000 + jumpMs) as Instant;
    const message = { seq: seconds, at: new Date(at).toISOString(), values: { MDC_RESP_RATE: 14 } };
    const heard = { ...intake('mon-1', message, { at }), monotonicMs: seconds * 1_000 };
    const tick: Signal = { kind: 'tick', at, monotonicMs: seconds * 1_000 };
    const admission = admit([heard], [tick], policy, memory);
    memory.remember(admission.changes);
    return admission.voices;
  };
  expect([...say(1, 0), ...say(2, 0), ...say(3, 7_200_000), ...say(4, 7_200_000)]).toEqual([]);
});
