import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Detector, Judgement } from '../../gateway/core/detector.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { DeviceProfile } from '../../gateway/core/device-profile.ts';
import { type Finding, outcomes, severities } from '../../gateway/core/finding.ts';
import { createMemory } from '../../gateway/core/memory.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Signal } from '../../gateway/core/signal.ts';
import { threats } from '../../gateway/core/threat.ts';
import { admit } from '../../gateway/pipeline/admit.ts';
import { simulate } from '../../gateway/simulation.ts';
import { at, device, messageAt, signalFields, times } from '../support/signals.ts';
import { bound, detectors, noon, policyOf, profiles } from '../support/wards.ts';

/** As JSON. A gateway keeps one state for each device and detector. */
const stateBytesMax = 1_024;
const hourMs = 3_600_000;
const address = '10.0.0.7';
/** Longer than any window of a detector; with every profile it is thousands of messages. */
const wardMs = 900_000;

type Findings = readonly (Judgement & { readonly at: number })[];

/** What a detector says to these signals. `keep` stands for where its state is kept between them. */
function watch(
  detector: Detector,
  signals: Iterable<Signal>,
  profile: DeviceProfile | undefined,
  keep: (state: unknown) => unknown = (state) => state,
): { readonly findings: Findings; readonly stateBytes: number } {
  let state = detector.start;
  let stateBytes = 0;
  const findings: Findings[number][] = [];
  for (const signal of signals) {
    if (!detector.watches.includes(signal.kind)) continue;
    const step = detector.step(state, signal, profile);
    state = keep(step.state);
    stateBytes = Math.max(stateBytes, JSON.stringify(state).length);
    if (step.finding) findings.push({ ...step.finding, at: signal.at });
  }
  return { findings, stateBytes };
}

/** An attack for each detector: `fixtures/detections/<detector>.ts`. */
const attacks = new Map(
  await Promise.all(
    [...detectors.keys()].map(
      async (id) =>
        [
          id,
          ((await import(`../fixtures/detections/${id}.ts`)) as { default: readonly Signal[] })
            .default,
        ] as const,
    ),
  ),
);

const signal = fc.oneof(
  ...Object.entries(signalFields).map(([kind, fields]) =>
    fc.record({
      kind: fc.constant(kind),
      at,
      device: fc.constantFrom(device, undefined),
      ...fields,
    }),
  ),
) as unknown as fc.Arbitrary<Signal>;
const profile = fc.constantFrom(undefined, ...profiles.values());

it('are found', () => {
  expect(detectors.size).toBeGreaterThanOrEqual(6);
});

describe.each([...detectors])('the detector %s', (id, detector) => {
  it('looks for a threat of the catalogue, in signals that exist', () => {
    expect(threats).toHaveProperty(detector.threat);
    expect(detector.watches.length).toBeGreaterThan(0);
    for (const kind of detector.watches) expect(signalFields).toHaveProperty(kind);
  });

  it('stays small and never throws, whatever it is shown', () => {
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 200 }), profile, (signals, profile) => {
        const { findings, stateBytes } = watch(detector, signals, profile);
        expect(stateBytes).toBeLessThanOrEqual(stateBytesMax);
        for (const { severity, confidence, outcome } of findings) {
          expect(severities).toContain(severity);
          expect(outcomes).toContain(outcome);
          expect(confidence > 0 && confidence <= 1).toBe(true);
        }
      }),
    );
    const long = times(
      50_000,
      7,
      (at) => ({ ...messageAt(at), ...attacks.get(id)?.[0], at }) as Signal,
    );
    expect(watch(detector, long, profiles.get('nonin-oem-iii')).stateBytes).toBeLessThan(
      stateBytesMax,
    );
  });

  it('goes on where it was after its state was saved as JSON and read again', () => {
    const save = (state: unknown) => JSON.parse(JSON.stringify(state)) as unknown;
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 100 }), profile, (signals, profile) => {
        expect(watch(detector, signals, profile, save)).toEqual(watch(detector, signals, profile));
      }),
    );
    const attack = attacks.get(id) ?? [];
    expect(watch(detector, attack, undefined, save)).toEqual(watch(detector, attack, undefined));
  });

  it('speaks on the attack it is there for, and not at every signal of it', () => {
    const attack = attacks.get(id) ?? [];
    const known = profiles.get('generic-vital-signs-monitor');
    const { findings } = watch(detector, attack, known);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.length).toBeLessThanOrEqual(1 + attack.length / 100);
    // What a security officer sees holds no patient's value.
    expect(JSON.stringify(findings)).not.toContain('999');
  });

  it('is silent on a clean day, and while a device sends as often as its profile allows', () => {
    const day = times(86_400, 1_000, messageAt);
    for (const known of profiles.values()) {
      const perSecond = known.messagesPerSecondMax;
      const busy = times(perSecond * 60, 1_000 / perSecond, messageAt);
      expect(watch(detector, day, known).findings, known.id).toEqual([]);
      expect(watch(detector, busy, known).findings, known.id).toEqual([]);
    }
  });

  it('is silent on a day with the accidents every ward has', () => {
    const accidents: readonly ((at: Instant) => Signal)[] = [
      // A loose sensor, a spoiled payload, a repetition, a cable that is moved, a roaming device.
      (at) => ({
        kind: 'rejected',
        at,
        device,
        reason: 'implausible',
        detail: 'MDC_RESP_RATE=900',
      }),
      (at) => ({ kind: 'rejected', at, device, reason: 'malformed', detail: 'message' }),
      (at) => ({ kind: 'rejected', at, device, reason: 'duplicate', detail: 'key' }),
      (at) => ({ kind: 'line-damaged', at, device, discardedBytes: 40 }),
      (at) => ({ kind: 'disconnected', at, device, cause: 'ECONNRESET' }),
      (at) => ({ kind: 'connected', at, device }),
      (at) => ({ kind: 'knocks', at, address, count: 40 }),
      (at) => ({ kind: 'taken-over', at, device, address, isSameAddress: true, wasAlive: false }),
      (at) => ({ kind: 'taken-over', at, device, address, isSameAddress: false, wasAlive: false }),
      (at) => ({ kind: 'displaced', at, device, address }),
      // A mistyped password, a browser that asks for an icon, a form filled in wrongly.
      (at) => ({ kind: 'sign-in-refused', at, address, isLocked: false, isDefault: false }),
      (at) => ({ kind: 'sign-in-early', at, address }),
      (at) => ({ kind: 'unknown-path', at, address, path: '/favicon.ico' }),
      (at) => ({ kind: 'malformed-request', at, address, status: 422 }),
      (at) => ({ kind: 'crowd', at, connections: 300, waiting: 250, lagMs: 700 }),
      (at) => ({ kind: 'not-advancing', at, device, behindMs: 60_000 }),
    ];
    const day = accidents.flatMap((make) => times(24, hourMs, make)).sort((a, b) => a.at - b.at);
    expect(watch(detector, day, profiles.get('generic-vital-signs-monitor')).findings).toEqual([]);
  });

  it('is silent after a power cut: everybody is back at once and says again what was not answered', () => {
    const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' } as const;
    const back: readonly ((at: Instant) => Signal)[] = [
      (at) => ({ kind: 'knocks', at, address, count: 300 }),
      (at) => ({ kind: 'crowd', at, connections: 300, waiting: 300, lagMs: 400 }),
      (at) => ({
        ...{ kind: 'handshake', at, device, isResumed: false, certificate: 'AB' },
        ...{ ...tls, algorithms: '' },
      }),
      (at) => ({ kind: 'connected', at, device, address }),
    ];
    const resent = times(20, 100, (at) => ({
      ...{ kind: 'rejected', at, device, reason: 'duplicate', detail: 'key' },
    }));
    const said = times(300, 50, messageAt);
    const cut = back.flatMap((make) => times(1, 1, make));
    const all = [...cut, ...resent, ...said];
    expect(watch(detector, all, profiles.get('generic-vital-signs-monitor')).findings).toEqual([]);
  });
});

describe('all detectors', () => {
  /** How often a healthy device of that protocol speaks, in seconds. */
  const everySeconds: Readonly<Record<string, number>> = {
    nonin: 1 / 3,
    'astm-e1381': 120,
    // Every second too, but with sixty metrics and twenty waves: fewer moments say as much.
    'philips-intellivue': 10,
  };
  const ward = [...profiles.values()];
  let findings: readonly Finding[] = [];
  let records = 0;

  beforeAll(async () => {
    const idOf = ({ id }: DeviceProfile) => `dev-${id}` as DeviceId;
    const policy = policyOf(
      Object.fromEntries(
        ward.map((each) => [idOf(each), { profile: each.id, associations: [bound('MRN-1')] }]),
      ),
    );
    const memory = createMemory();
    const found: Finding[] = [];
    for (const [seed, profile] of ward.entries()) {
      const say = await simulate(profile, seed);
      const everyMs = 1_000 * (everySeconds[profile.link.protocol] ?? 1);
      for (let sequence = 1; sequence * everyMs <= wardMs; sequence += 1) {
        const at = (noon + Math.round(sequence * everyMs)) as Instant;
        const batch = say(sequence, at).map(({ channel, bytes }) => ({
          device: idOf(profile),
          channel,
          bytes,
          receivedAt: at,
        }));
        const admission = admit(batch, [], policy, memory);
        memory.remember(admission.changes);
        found.push(...admission.findings);
        records += admission.departures.length;
      }
    }
    findings = found;
  });

  it('are silent on a quarter of an hour of a healthy ward of every profile, read whole', () => {
    expect(records).toBeGreaterThan(20_000);
    expect(findings).toEqual([]);
  });
});
