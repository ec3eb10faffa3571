import { injectionIn } from '../core/injection.ts';
import type { Intake, Rejection, RejectionReason } from '../core/intake.ts';
import type { Signal } from '../core/signal.ts';
import type { Doubted } from './doubt.ts';
import type { Leak } from './leak.ts';

/** What admission tells detectors of what it saw. */

export function messageSignal(
  { device, receivedAt: at, channel, bytes }: Intake,
  records: number,
  entropyBits: number,
): Signal {
  return { kind: 'message', device, at, channel, bytes: bytes.length, records, entropyBits };
}

export function doubtSignal(
  { device, receivedAt }: Intake,
  { figure, ...doubted }: Doubted,
): Signal {
  return { kind: 'doubtful', device, at: receivedAt, metric: figure.metric, ...doubted };
}

export function damageSignal({ device, receivedAt }: Intake, discardedBytes: number): Signal {
  return { kind: 'line-damaged', device, at: receivedAt, discardedBytes };
}

export function leakSignal({ device, at, what }: Leak): Signal {
  return { kind: 'identifier-found', device, at, what, place: 'output' };
}

export function rejectionSignal({ device, at, reason, detail }: Rejection): Signal {
  return { kind: 'rejected', device, at, reason, detail };
}

/** Only of what was refused for what it says: whatever was read holds no text of its own. */
const textReasons: ReadonlySet<RejectionReason> = new Set([
  'malformed',
  'too-deep',
  'unknown-metric',
  'wrong-unit',
  'not-a-number',
]);

function isOfText({ reason }: Rejection): boolean {
  return textReasons.has(reason);
}

/** Text that is written to be run, in an intake of which this was refused. */
export function injectionSignal(
  { device, receivedAt, bytes }: Intake,
  rejected: readonly Rejection[],
): Signal | undefined {
  if (!rejected.some(isOfText)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const pattern = injectionIn(text);
  return pattern && { kind: 'injection', device, at: receivedAt, pattern, where: 'payload' };
}
