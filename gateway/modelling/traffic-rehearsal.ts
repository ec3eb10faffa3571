import type { DeviceProfile } from '../core/device-profile.ts';
import type { Instant } from '../core/observation.ts';
import type { Random } from '../core/random.ts';
import type { Payload, Script } from '../datasets/simulated-traffic.ts';
import { byteEntropy } from '../features/byte-entropy.ts';
import { simulate } from '../simulation.ts';

/** Moments of each simulated device that are played again and again. */
const momentsMax = 120;
const momentMs = 1_000;
/** A serial port hands its bytes over in pieces of about so many. */
const pieceBytes = [16, 96] as const;
const rehearsalStart = Date.UTC(2026, 0, 1, 9);

/**
 * What the simulated device of a profile says, as a link would hand it over: in messages, or in
 * pieces as they come off a cable.
 */
export async function rehearse(
  profile: DeviceProfile,
  random: Random,
  inPieces = profile.link.kind === 'line',
): Promise<Script> {
  const say = await simulate(profile, Math.floor(random.next() * 1_000));
  const moments: (readonly Payload[])[] = [];
  for (let sequence = 1; sequence <= momentsMax; sequence += 1) {
    const at = (rehearsalStart + sequence * momentMs) as Instant;
    const said = say(sequence, at).filter(({ channel }) => channel !== 'alerts');
    const payloads = said.flatMap(({ channel, bytes }) => {
      const pieces = inPieces ? piecesOf(bytes, random) : [bytes];
      return pieces.map((piece, index) => ({
        channel: !inPieces && channel === 'line' ? 'observations' : channel,
        bytes: piece.length,
        records: index === pieces.length - 1 ? 1 : 0,
        entropyBits: byteEntropy(piece),
      }));
    });
    if (payloads.length > 0) moments.push(payloads);
  }
  const { messagesPerSecondMax, silentAfterMs } = profile;
  return { perSecondMax: messagesPerSecondMax, silentAfterMs, moments };
}

function piecesOf(bytes: Uint8Array, random: Random): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = start + Math.ceil(random.between(...pieceBytes));
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}
