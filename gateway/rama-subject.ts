import { deviceKinds } from './certificate-calls.ts';
import type { SerialLine } from './config.ts';
import type { Device } from './core/device.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import type { Episode } from './core/episode.ts';
import type { Instant } from './core/observation.ts';
import {
  type MatchedVulnerability,
  type Posture,
  type RamaSubject,
  type Statement,
  statementTtlMs,
  type ThreatEpisode,
} from './core/rama.ts';
import { gatewayAnswers, linkAnswers, ownPosture, profilePosture, stated } from './rama/draft.ts';
import type { Store } from './store/store.ts';

/** What of a device’s score does not stand in the store. Plain data: it is handed to a thread. */
export interface RatingMaterial {
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  readonly cables: readonly Cable[];
}

/** A line of the settings. */
export interface Cable {
  readonly device: string;
  /** Bytes go over IP, to a serial device server or a monitor, without TLS. */
  readonly isNetworked: boolean;
}

export function cableOf(line: SerialLine): Cable {
  return { device: line.device, isNetworked: !('path' in line) };
}

/** Older episodes have no weight any more: the most severe ones have half of it after 14 days. */
const episodesMs = 120 * 86_400_000;
const expirySoonMs = 30 * 86_400_000;

/**
 * All that is known of a device, with its sources. What is enforced by the gateway is known as long as
 * the gateway runs; what was seen or stated grows stale; the rest is unknown, which is never safe.
 */
export function subjectOf(
  store: Store,
  { profiles, cables }: RatingMaterial,
  device: Device,
  now: Instant,
  vulnerabilities?: Statement<readonly MatchedVulnerability[]>,
): RamaSubject {
  const profile = profiles.get(device.profile);
  const episodes = store.journal.episodes.of(device.id, now - episodesMs);
  const cable = cables.find((each) => each.device === device.id);
  return {
    class: device.class,
    function: device.function,
    posture: {
      ...(profile && profilePosture(profile, now)),
      ...(vulnerabilities && deadlinePosture(vulnerabilities, now)),
      ...savedPosture(store, device.id),
      ...certificatePosture(store, device.id, now),
      ...(cable && cablePosture(cable, now)),
      ...stated(gatewayAnswers, 'gateway', now),
    },
    vulnerabilities,
    episodes: episodes.flatMap(threatEpisode),
    isCompromised: isCompromised(store, device.id, episodes),
    ...(profile && { withoutGateway: ownPosture(profile, now) }),
  };
}

/** Seen by links, or said by people. */
function savedPosture(store: Store, device: string): Posture {
  return Object.fromEntries(
    store.statements.of(device).map(({ question, ...statement }) => [question, statement]),
  );
}

/** The newest certificate the site issued to it; one of before may still be in its hands. */
function certificatePosture(store: Store, device: string, now: Instant): Posture {
  const [certificate] = store.certificates.of(device, deviceKinds);
  if (!certificate) return {};
  const { notAfter, revokedAt, serialNumber } = certificate;
  const isOver = notAfter <= now || revokedAt !== undefined;
  const isSoon = notAfter - expirySoonMs <= now;
  return {
    certificateValidity: {
      value: isOver ? 'expired' : isSoon ? 'expires-soon' : 'valid',
      source: 'certificate',
      at: now,
      ttlMs: statementTtlMs.posture,
      evidence: serialNumber,
    },
  };
}

function cablePosture({ isNetworked }: Cable, now: Instant): Posture {
  const answers = linkAnswers(isNetworked ? 'udp' : 'line');
  // A cable over the network is where the hospital laid it, which the gateway cannot see.
  return stated({ ...answers, ...(isNetworked && { network: undefined }) }, 'line settings', now);
}

/** Once there is a list, whether something of it should have been patched by now. */
function deadlinePosture(
  { value, ...statement }: Statement<readonly MatchedVulnerability[]>,
  now: Instant,
): Posture {
  const late = value.filter(({ status, deadline }) => {
    const isOpen = status !== 'fixed' && status !== 'not_affected';
    return isOpen && deadline?.dueAt !== undefined && deadline.dueAt < now;
  });
  const evidence = late.map(({ id }) => id).join(' ') || undefined;
  return { patchDeadline: { ...statement, value: late.length > 0 ? 'passed' : 'kept', evidence } };
}

/** What a person called wrong, or a test, was no threat. */
function threatEpisode(episode: Episode): ThreatEpisode[] {
  const { threat, detector, severity, confidence, outcome, lastAt, state, cause, changedAt } =
    episode;
  const isClosed = state === 'closed';
  if (isClosed && (cause === 'false-positive' || cause === 'test')) return [];
  const isMended = isClosed && (cause === 'attack' || cause === 'fixed');
  return [
    {
      ...{ threat, detector, severity, confidence, outcome },
      at: lastAt as Instant,
      ...(isMended && { causeFixedAt: changedAt as Instant }),
    },
  ];
}

/** A person says that it was an attack, it was not blocked, and the device is not released yet. */
function isCompromised(store: Store, device: string, episodes: readonly Episode[]): boolean {
  if (!store.quarantines.find(device)) return false;
  return episodes.some(({ cause, outcome }) => cause === 'attack' && outcome === 'detected');
}
