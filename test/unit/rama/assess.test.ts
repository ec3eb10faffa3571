import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { MatchedVulnerability, Mitigation, RamaSubject } from '../../../gateway/core/rama.ts';
import { assess, report } from '../../../gateway/rama/assess.ts';
import { canonicalJson } from '../../../gateway/rama/canonical.ts';
import { known, someTime } from '../../support/random-device.ts';

const hourMs = 3_600_000;

const wellKept: RamaSubject = {
  class: 'IIb',
  function: 'monitor',
  posture: {
    authentication: known('mtls-software' as const),
    topicRights: known('own-only' as const),
    transport: known('tls-1.3' as const),
    keyStrength: known('strong' as const),
    certificateValidity: known('valid' as const),
    certificateTrust: known('verified' as const),
    certificateSharing: known('own' as const),
    network: known('gateway-only' as const),
    openService: known('none' as const),
    remoteService: known('none' as const),
    radio: known('none' as const),
    support: known('supported' as const),
    updateSigning: known('signed' as const),
    sbom: known('present' as const),
    patchDeadline: known('kept' as const),
    identifiersLeaving: known('sanitised' as const),
    identifiersOnLine: known('none' as const),
    storage: known('encrypted' as const),
    retention: known('within-policy' as const),
    purpose: known('tagged' as const),
  },
  updateAgeDays: known(0),
  vulnerabilities: known([]),
  episodes: [],
  isCompromised: false,
};

const exploited: MatchedVulnerability = {
  id: 'CVE-2026-1',
  match: 'affected',
  status: 'affected',
  cvss: 8.8,
  attackVector: 'A',
  epss: 0.5,
  isKnownExploited: true,
};

const scoreOf = (subject: RamaSubject) => assess(subject, someTime).score;
const withOne = (change: Partial<MatchedVulnerability>): RamaSubject => ({
  ...wellKept,
  vulnerabilities: known([{ ...exploited, ...change }]),
});

describe('a score', () => {
  it('knows all of a device of which all was stated', () => {
    const { score, low, high, confidence, grade } = assess(wellKept, someTime);
    expect([low, high]).toEqual([score, score]);
    expect(confidence).toBe(1);
    expect(grade).toBe('A');
  });

  it('counts a mitigation only with evidence that it works', () => {
    const filter = (evidence: readonly string[]): Mitigation => ({ kind: 'filter', evidence });
    const bare = scoreOf(withOne({}));
    expect(scoreOf(withOne({ mitigation: filter([]) }))).toBe(bare);
    expect(scoreOf(withOne({ mitigation: filter(['rule astm-1']) }))).toBeGreaterThan(bare + 10);
    const { gates } = assess(withOne({ mitigation: filter([]) }), someTime);
    expect(gates.map(({ id }) => id)).toEqual(['G2']);
  });

  it('leaves out what a VEX statement excludes, and nothing that is merely being looked at', () => {
    const clean = scoreOf(wellKept);
    expect(scoreOf(withOne({ status: 'not_affected' }))).toBe(clean);
    expect(scoreOf(withOne({ status: 'fixed' }))).toBe(clean);
    expect(scoreOf(withOne({ status: 'under_investigation' }))).toBe(scoreOf(withOne({})));
    expect(scoreOf(withOne({ match: 'possible' }))).toBe(scoreOf(withOne({})));
    const { low, high } = assess(withOne({ match: 'possible' }), someTime);
    expect(high - low).toBeGreaterThan(30);
  });

  it('does not take a list that nobody made for an empty one, nor an old one for a new one', () => {
    const { vulnerabilities: _, ...unlooked } = wellKept;
    expect(scoreOf(unlooked)).toBeLessThan(scoreOf(wellKept) - 10);
    const old = { ...known([]), ttlMs: 1, at: (someTime - hourMs) as Instant };
    expect(scoreOf({ ...wellKept, vulnerabilities: old })).toBe(scoreOf(unlooked));
  });

  it('counts one CVE of two components once', () => {
    const twice = known([exploited, { ...exploited, component: 'pkg:generic/other' }]);
    expect(scoreOf({ ...wellKept, vulnerabilities: twice })).toBe(scoreOf(withOne({})));
  });

  it('says what the gateway is worth: the score without its guard and its mitigations', () => {
    const guarded: RamaSubject = {
      ...withOne({ mitigation: { kind: 'isolation', evidence: ['line com-1'] } }),
      withoutGateway: { authentication: known('default-password' as const) },
    };
    const {
      score,
      withoutGateway = 100,
      base,
      temporal,
      environmental,
    } = assess(guarded, someTime);
    expect(withoutGateway).toBeLessThan(score - 20);
    expect(environmental).toBe(score);
    // Without mitigation and without clinical weight, which the published score has both.
    expect(base).toBe(temporal);
    expect(base).toBeLessThan(score);
    expect(assess(wellKept, someTime).withoutGateway).toBeUndefined();
  });

  it('carries every input with its source and hash, the unknown ones too', () => {
    const { posture, ...rest } = wellKept;
    const { radio: _, ...others } = posture;
    const { evidence } = report({ ...rest, posture: others }, someTime);
    expect(evidence.find(({ id }) => id === 'radio')).toEqual({ id: 'radio', state: 'unknown' });
    const transport = evidence.find(({ id }) => id === 'transport');
    expect(transport).toMatchObject({ state: 'known', value: 'tls-1.3', source: 'test' });
    expect(transport?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(evidence.map(({ id }) => id)).toEqual(evidence.map(({ id }) => id).toSorted());
  });

  it('opens the gate of identifiers in clear only to who knows that there are none', () => {
    const clear = { ...wellKept.posture, transport: known('none' as const) };
    const { identifiersOnLine: _, ...unsaid } = clear;
    const gatesOf = (posture: RamaSubject['posture']) =>
      assess({ ...wellKept, posture }, someTime).gates.map(({ id }) => id);
    expect(gatesOf(clear)).toEqual([]);
    expect(gatesOf(unsaid)).toEqual(['G4']);
  });

  it('recovers faster once the cause of an event is gone', () => {
    const event = {
      threat: 'D01' as const,
      detector: 'credential-attack',
      severity: 'critical' as const,
      confidence: 1,
      outcome: 'detected' as const,
      at: someTime,
    };
    const later = (someTime + 48 * hourMs) as Instant;
    const open = assess({ ...wellKept, episodes: [event] }, later).score;
    const fixed = { ...event, causeFixedAt: someTime };
    expect(assess({ ...wellKept, episodes: [fixed] }, later).score).toBeGreaterThan(open + 10);
  });
});

describe('canonical JSON', () => {
  it('sorts keys, rounds to six decimals and knows no minus nought', () => {
    expect(canonicalJson({ b: [2, 1], a: 1 / 3, c: -1e-9, d: undefined })).toBe(
      '{"a":0.333333,"b":[2,1],"c":0}',
    );
  });
});
