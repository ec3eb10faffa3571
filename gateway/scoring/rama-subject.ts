import type { Config, SerialLine } from '../config.ts';
import type { Device, DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Episode } from '../core/episode.ts';
import type { Instant } from '../core/observation.ts';
import {
  type MatchedVulnerability,
  type Posture,
  type RamaSubject,
  type Statement,
  statementTtlMs,
  type ThreatEpisode,
} from '../core/rama.ts';
import { gatewayName } from '../core/rama-point.ts';
import { asMatched, feedsPublishedAt } from '../exposure/vulnerability-list.ts';
import {
  gatewaySubject,
  type Subject,
  subjectOf as vulnerabilitySubject,
} from '../exposure/vulnerability-subjects.ts';
import { gatewayAnswers, linkAnswers, ownPosture, profilePosture, stated } from '../rama/draft.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Store } from '../store/store.ts';
import { deviceKinds } from '../trust/certificate-calls.ts';
import { postureOf } from '../vulnerabilities/mds2-questions.ts';

/** What of a device’s score does not stand in the store. Plain data: it is handed to a thread. */
export interface RatingMaterial {
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  /** The lines of the settings. */
  readonly serial: Config['serial'];
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
  material: RatingMaterial,
  device: Device,
  now: Instant,
): RamaSubject {
  const profile = material.profiles.get(device.profile);
  const form = formPosture(store, device.profile);
  const line = material.serial.find((each) => each.device === device.id);
  const looked = vulnerabilitySubject(store, device, profile, material, now);
  const vulnerabilities = vulnerabilitiesOf(store, looked);
  return {
    class: device.class,
    function: device.function,
    posture: {
      ...(profile && profilePosture(profile, now)),
      ...form,
      ...vulnerabilityPosture(looked, vulnerabilities, now),
      ...savedPosture(store, device.id),
      ...certificatePosture(newestOf(store, device.id), now),
      ...(line && linePosture(line, now)),
      ...stated(gatewayAnswers, 'gateway', now),
    },
    vulnerabilities,
    ...threatsTo(store, device.id, now),
    ...(profile && { withoutGateway: { ...ownPosture(profile, now), ...form } }),
  };
}

/** The gateway scores itself too: people sign in to it by password and second factor. */
export function gatewaySubjectOf(store: Store, now: Instant): RamaSubject {
  const looked = gatewaySubject(store, now);
  const vulnerabilities = vulnerabilitiesOf(store, looked);
  const own = store.certificates.current(now).find(({ kind }) => kind === 'gateway-server');
  const answers = {
    ...linkAnswers('mqtt'),
    ...gatewayAnswers,
    authentication: 'password',
    network: undefined,
    certificateValidity: undefined,
    openService: 'none',
    remoteService: 'none',
    storage: 'encrypted',
    sbom: 'present',
  } as const;
  return {
    class: gatewayDevice.class,
    function: gatewayDevice.function,
    posture: {
      ...vulnerabilityPosture(looked, vulnerabilities, now),
      ...savedPosture(store, gatewayDevice.id),
      ...certificatePosture(own, now),
      ...stated(answers, 'gateway', now),
    },
    vulnerabilities,
    ...threatsTo(store, gatewayDevice.id, now),
  };
}

/**
 * The gateway among the devices of the site. It is no medical device, and every monitor’s alarm goes
 * through it.
 */
export const gatewayDevice: Device = {
  id: gatewayName as DeviceId,
  profile: 'gateway',
  class: 'I',
  function: 'monitor',
  ward: '',
  addedAt: 0,
};

/** Believed to be no longer so as soon as it is said. */
const noTimeToLive = -1;

/**
 * What the feeds say of its model. Undefined while nobody looked. Without a list of its parts a model is
 * matched by its name alone, and feeds without a date may be old: what they say counts as stale.
 */
function vulnerabilitiesOf(
  store: Store,
  { hasBill, matchedAt, list }: Subject,
): Statement<readonly MatchedVulnerability[]> | undefined {
  if (matchedAt === undefined) return undefined;
  const publishedAt = feedsPublishedAt(store.vulnerabilities.feeds());
  const isWhole = hasBill && publishedAt !== undefined;
  return {
    value: list().map(asMatched),
    source: hasBill ? 'vulnerability feed' : 'vulnerability feed, by name alone',
    at: publishedAt ?? (matchedAt as Instant),
    ttlMs: isWhole ? statementTtlMs.vulnerabilityFeed : noTimeToLive,
  };
}

/** Whether there is a list of its parts, and whether something should have been patched by now. */
function vulnerabilityPosture(
  { hasBill }: Subject,
  found: RamaSubject['vulnerabilities'],
  now: Instant,
): Posture {
  const posture = stated({ sbom: hasBill ? 'present' : undefined }, 'sbom', now);
  return found ? { ...posture, ...deadlinePosture(found, now) } : posture;
}

/** What its maker answered, which nobody here has seen to be so. */
function formPosture(store: Store, model: string): Posture {
  const form = store.mds2Forms.find(model);
  if (!form) return {};
  const { sha256, importedAt } = form;
  return Object.fromEntries(
    Object.entries(postureOf(form.answers)).map(([id, { value, question }]) => [
      id,
      {
        ...{ value, source: 'mds2', at: importedAt as Instant },
        ttlMs: statementTtlMs.document,
        evidence: `${question} of the form ${sha256}`,
      },
    ]),
  );
}

/** Seen by links, or said by people. */
function savedPosture(store: Store, device: string): Posture {
  return Object.fromEntries(
    store.statements.of(device).map(({ question, ...statement }) => [question, statement]),
  );
}

/** What the site issued to it last; one of before may still be in its hands. */
function newestOf(store: Store, device: string): RegisteredCertificate | undefined {
  return store.certificates.of(device, deviceKinds)[0];
}

function certificatePosture(certificate: RegisteredCertificate | undefined, now: Instant): Posture {
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

/** A serial port of this machine, or a cable over IP to a device server or a monitor, without TLS. */
function linePosture(line: SerialLine, now: Instant): Posture {
  if ('path' in line) return stated(linkAnswers('line'), 'settings', now);
  // Where the hospital laid it, the gateway cannot see.
  return stated({ ...linkAnswers('udp'), network: undefined }, 'settings', now);
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

/** What was found about it, and whether it is in somebody else’s hands. */
function threatsTo(
  store: Store,
  device: string,
  now: Instant,
): Pick<RamaSubject, 'episodes' | 'isCompromised'> {
  const episodes = store.journal.episodes.of(device, now - episodesMs);
  return {
    episodes: episodes.flatMap(threatEpisode),
    isCompromised: isCompromised(store, device, episodes),
  };
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
