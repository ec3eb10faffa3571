import type { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import { type PostureAnswer, type PostureQuestion, statementTtlMs } from '../core/rama.ts';
import type { Signal } from '../core/signal.ts';
import type { Store } from '../store/store.ts';

/** As `statement.source` names what a finished handshake showed. */
export const handshakeSource = 'handshake';

/** Devices whose latest handshake waits to be written. */
const waitingMax = 20_000;

/** What links see of devices, kept as statements: written once a second, not with each message. */
export interface RamaEvidence {
  /** Returns whom they say something of. */
  see(signals: readonly Signal[]): readonly DeviceId[];
  isEmpty(): boolean;
  /** Within a transaction; once that is kept, `clear`. */
  write(store: Store): void;
  clear(): void;
}

type Answered = { readonly [Question in PostureQuestion]?: PostureAnswer<Question> };

interface Seen {
  readonly at: Instant;
  readonly answers: Answered;
  readonly evidence: string;
}

export function createRamaEvidence(): RamaEvidence {
  const seen = new Map<DeviceId, Seen>();
  return {
    see(signals) {
      const devices: DeviceId[] = [];
      for (const signal of signals) {
        const { device, at } = signal;
        const said = device === undefined ? undefined : answersOf(signal);
        if (device === undefined || !said || (seen.size >= waitingMax && !seen.has(device)))
          continue;
        const before = seen.get(device);
        seen.set(device, { at, ...said, answers: { ...before?.answers, ...said.answers } });
        devices.push(device);
      }
      return devices;
    },
    write(store) {
      for (const [device, { at, answers, evidence }] of seen) {
        const wasShared = isShared(store, device, at);
        for (const [question, value] of Object.entries(answers)) {
          // The next handshake of one of the two does not make it one again.
          if (question === 'certificateSharing' && value === 'own' && wasShared) continue;
          store.statements.save(device, question as PostureQuestion, {
            ...{ value, at, evidence },
            source: handshakeSource,
            ttlMs: statementTtlMs.posture,
          });
        }
      }
    },
    isEmpty: () => seen.size === 0,
    clear: () => seen.clear(),
  };
}

/** What a signal says of the posture of its device, if anything. */
function answersOf(signal: Signal): Omit<Seen, 'at'> | undefined {
  if (signal.kind === 'handshake') {
    return {
      answers: {
        // Where the key lies, the certificate does not say.
        authentication: 'mtls-software',
        // Nothing below passes the TLS policy (core/tls-policy.ts).
        transport: signal.version === 'TLSv1.3' ? 'tls-1.3' : 'tls-1.2-aead',
        keyStrength: 'strong',
        certificateTrust: 'verified',
        certificateSharing: 'own',
      },
      evidence: `${signal.version} ${signal.cipher}, certificate ${signal.certificate}`,
    };
  }
  // Two have this certificate, at two addresses, alive at the same time.
  if (signal.kind === 'taken-over' && signal.wasAlive && !signal.isSameAddress) {
    return { answers: { certificateSharing: 'shared' }, evidence: `at ${signal.address}` };
  }
  return undefined;
}

function isShared(store: Store, device: DeviceId, now: Instant): boolean {
  return store.statements
    .of(device)
    .some(({ value, at, ttlMs }) => value === 'shared' && now - at <= ttlMs);
}
