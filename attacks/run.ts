import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ThreatId, threats } from '../gateway/core/threat.ts';
import type { Attack, Effect } from './attack.ts';
import { type Alarms, playBystander } from './bystander.ts';
import { bystanderId, eventually, type OpenWard, openWard, type SeenFinding } from './ward.ts';

export interface AttackResult {
  readonly threat: ThreatId;
  readonly title: string;
  /** The first finding of that threat, and how long after the attack began. */
  readonly detected?: {
    readonly detector: string;
    readonly about: string;
    readonly seconds: number;
  };
  /** What the catalogue claims of the threat. */
  readonly response: 'prevent' | 'alert';
  readonly effect: Effect;
  /** Findings before the attack began, and about a device that had no part in it. */
  readonly falseFindings: number;
  readonly alarms: Alarms;
  /** What is not as it must be; empty when all is well. */
  readonly faults: readonly string[];
}

/** The ward before the attack: what is found in it is false. */
const quietMs = 1_000;
/** After the attack; the slowest detection aims at a minute. */
const detectionMs = 60_000;
const attackMs = 120_000;
/** Alarms are counted for so long at least. */
const countingMs = 5_000;
/** Of our own choosing: far below what a nurse on another floor would notice. */
const alarmP99MsMax = 5_000;

/** Runs one attack against a gateway of its own, with a bystander's alarms going through it. */
export async function runAttack(attack: Attack, stop: AbortSignal): Promise<AttackResult> {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-attack-'));
  const signal = AbortSignal.any([stop, AbortSignal.timeout(attackMs)]);
  try {
    const open = await openWard(join(directory, 'site'), attack, signal);
    try {
      return await perform(attack, open);
    } finally {
      await open.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function perform(attack: Attack, open: OpenWard): Promise<AttackResult> {
  const { threat, title, detector } = attack;
  const { ward, bystander: bed, arrivals } = open;
  const tls = await ward.credentialsOf(bed.id);
  const bystander = playBystander(bed, tls, ward.mqttPort, ward.hospital, arrivals);
  await delay(quietMs, undefined, { signal: ward.signal });
  const beganMs = performance.now();
  const effect = await attack.run(ward);
  const isIt = (finding: SeenFinding) =>
    finding.threat === threat &&
    finding.atMs >= beganMs &&
    (detector === undefined || finding.detector === detector);
  await eventually(() => ward.findings.some(isIt), detectionMs);
  const found = ward.findings.find(isIt);
  // A short attack too is answered by enough alarms for a percentile.
  await delay(Math.max(0, beganMs + countingMs - performance.now()), undefined, {
    signal: ward.signal,
  });
  const alarms = await bystander.alarms();
  const falseFindings = ward.findings.filter(
    ({ atMs, about }) => atMs < beganMs || about === bystanderId,
  ).length;
  const { response } = threats[threat];
  const detected = found && {
    detector: found.detector,
    about: found.about,
    seconds: Math.round(found.atMs - beganMs) / 1_000,
  };
  const result = { threat, title, response, effect, falseFindings, alarms };
  return { ...result, ...(detected && { detected }), faults: faultsOf(result, detected) };
}

function faultsOf(
  { response, effect, falseFindings, alarms }: Omit<AttackResult, 'faults' | 'detected'>,
  detected: AttackResult['detected'],
): readonly string[] {
  const faults: string[] = [];
  if (!detected) faults.push('not detected');
  if (response === 'prevent' && effect.isAbsent !== true) faults.push('not prevented');
  if (falseFindings > 0) faults.push(`${falseFindings} false findings`);
  const { sent, acknowledged, delivered, p99Ms } = alarms;
  if (sent === 0 || acknowledged < sent || delivered < sent) faults.push('alarms missing');
  if (p99Ms > alarmP99MsMax) faults.push(`alarms later than ${alarmP99MsMax} ms`);
  return faults;
}
