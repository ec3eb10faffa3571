import type { DeviceProfile } from '../core/device-profile.ts';
import type { Instant } from '../core/observation.ts';
import {
  type Posture,
  type PostureAnswer,
  type PostureQuestion,
  type RamaSubject,
  statementTtlMs,
} from '../core/rama.ts';

type Answers = {
  readonly [Question in PostureQuestion]?: PostureAnswer<Question> | undefined;
};

/**
 * A device that does not exist yet, as far as its profile says and as this gateway would take it:
 * nothing was seen of it, so whatever the profile leaves out is unknown.
 */
export function draftSubject(profile: DeviceProfile, now: Instant): RamaSubject {
  return {
    class: profile.class,
    function: profile.function,
    posture: { ...profilePosture(profile, now), ...stated(linkAnswers(profile), 'link', now) },
    episodes: [],
    isCompromised: false,
    withoutGateway: stated(ownAnswers(profile), 'profile', now),
  };
}

/** What the profile states of the device itself. */
function profilePosture({ security }: DeviceProfile, now: Instant): Posture {
  const { updatable, statements } = security;
  // Software that nobody can update has no support, whatever was promised.
  const support = updatable ? statements.support : 'ended';
  return stated({ ...statements, ...(support && { support }) }, 'profile', now);
}

/** What the gateway asks of every device on such a link (ARCHITECTURE.md, “secure by default”). */
function linkAnswers({ link }: DeviceProfile): Answers {
  return { ...enforced(link.kind), topicRights: 'own-only', identifiersLeaving: 'sanitised' };
}

function enforced(kind: DeviceProfile['link']['kind']): Answers {
  switch (kind) {
    case 'mqtt':
      return {
        authentication: 'mtls-software',
        transport: 'tls-1.2-aead',
        keyStrength: 'strong',
        certificateValidity: 'valid',
        certificateTrust: 'verified',
        certificateSharing: 'own',
        network: 'gateway-only',
      };
    case 'line':
      return {
        authentication: 'bound-line',
        transport: 'serial',
        network: 'serial',
      };
    case 'udp':
      // An address is no proof, and UDP knows no TLS.
      return {
        authentication: 'anonymous',
        transport: 'none',
        network: 'gateway-only',
      };
  }
}

/** The same device on a hospital’s ordinary network. */
function ownAnswers({ security }: DeviceProfile): Answers {
  return {
    authentication: security.authenticates ? 'password' : 'anonymous',
    transport: security.encrypts ? 'tls-1.2-aead' : 'none',
    network: 'flat',
    identifiersLeaving:
      security.statements.identifiersOnLine === 'none' ? 'sanitised' : 'unsanitised',
  };
}

function stated(answers: Answers, source: string, at: Instant): Posture {
  const ttlMs = statementTtlMs.document;
  return Object.fromEntries(
    Object.entries(answers)
      .filter(([, value]) => value !== undefined)
      .map(([id, value]) => [id, { value, source, at, ttlMs }]),
  ) as Posture;
}
