import type { DeviceProfile } from '../core/device-profile.ts';
import type { Instant } from '../core/observation.ts';
import {
  type Posture,
  type PostureAnswer,
  type PostureQuestion,
  type RamaSubject,
  statementTtlMs,
} from '../core/rama.ts';

/** Answers of which one source is asked at once. */
export type Answers = {
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
    posture: {
      ...profilePosture(profile, now),
      ...stated({ ...linkAnswers(profile.link.kind), ...gatewayAnswers }, 'link', now),
    },
    episodes: [],
    isCompromised: false,
    withoutGateway: ownPosture(profile, now),
  };
}

/** What the gateway sees to for every device, whatever it is (ARCHITECTURE.md, “secure by default”). */
export const gatewayAnswers: Answers = {
  topicRights: 'own-only',
  identifiersLeaving: 'sanitised',
  retention: 'within-policy',
};

/** What the profile states of the device itself. */
export function profilePosture({ security, association }: DeviceProfile, now: Instant): Posture {
  const { updatable, statements } = security;
  // Software that nobody can update has no support, whatever was promised.
  const support = updatable ? statements.support : 'ended';
  // Where each record names its own subject, the line carries who it is.
  const identifiersOnLine = association === 'record' ? 'direct' : statements.identifiersOnLine;
  return stated({ ...statements, support, identifiersOnLine }, 'profile', now);
}

/** What the gateway asks of every device on such a link. */
export function linkAnswers(kind: DeviceProfile['link']['kind']): Answers {
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
export function ownPosture({ security }: DeviceProfile, now: Instant): Posture {
  const answers: Answers = {
    authentication: security.authenticates ? 'password' : 'anonymous',
    transport: security.encrypts ? 'tls-1.2-aead' : 'none',
    network: 'flat',
    identifiersLeaving:
      security.statements.identifiersOnLine === 'none' ? 'sanitised' : 'unsanitised',
  };
  return stated(answers, 'profile', now);
}

export function stated(answers: Answers, source: string, at: Instant): Posture {
  const ttlMs = statementTtlMs.document;
  return Object.fromEntries(
    Object.entries(answers)
      .filter(([, value]) => value !== undefined)
      .map(([id, value]) => [id, { value, source, at, ttlMs }]),
  ) as Posture;
}
