import { createHash } from 'node:crypto';
import { maskCapture } from '../capture.ts';
import type { DeviceId } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Finding } from '../core/finding.ts';
import type { Intake } from '../core/intake.ts';
import type { Policy } from '../pipeline.ts';
import type { Frame } from '../store/frames.ts';
import type { Store } from '../store/store.ts';

/** Of each device before a finding, and after it. */
const framesBeforeMax = 16;
const framesAfterMax = 8;
/** Of one frame; of a longer one its begin. */
const frameBytesMax = 4_096;
/** All rings together: beyond it the device that was quiet longest loses its own. */
const ringsBytesMax = 8 * 2 ** 20;

interface Ring {
  readonly frames: Frame[];
  bytes: number;
  /** The episode that the next frames belong to, and how many of them. */
  episode?: number;
  following: number;
}

/** The last raw frames of each device, in memory only, until a finding makes them evidence. */
export interface Evidence {
  /** Within the transaction that writes the findings; `numbers` are their episodes. */
  keep(
    store: Store,
    intakes: readonly Intake[],
    findings: readonly Finding[],
    numbers: readonly number[],
  ): void;
}

export function createEvidence(): Evidence {
  const rings = new Map<string, Ring>();
  let bytes = 0;

  function see(store: Store, { device, receivedAt: at, channel, bytes: said }: Intake): void {
    const ring = rings.get(device) ?? { frames: [], bytes: 0, following: 0 };
    // The one that speaks is the last to be forgotten.
    rings.delete(device);
    rings.set(device, ring);
    // A copy: the batch’s buffer is used again.
    const frame = { at, channel, bytes: Buffer.from(said.subarray(0, frameBytesMax)) };
    ring.frames.push(frame);
    grow(ring, frame.bytes.length);
    if (ring.frames.length > framesBeforeMax) grow(ring, -(ring.frames.shift()?.bytes.length ?? 0));
    if (ring.following > 0 && ring.episode !== undefined) {
      ring.following -= 1;
      store.frames.add(ring.episode, [frame]);
    }
  }

  function grow(ring: Ring, by: number): void {
    ring.bytes += by;
    bytes += by;
  }

  return {
    keep(store, intakes, findings, numbers) {
      for (const intake of intakes) if (!intake.isTurn) see(store, intake);
      for (const [name, ring] of rings) {
        if (bytes <= ringsBytesMax) break;
        rings.delete(name);
        bytes -= ring.bytes;
      }
      for (const [index, { about }] of findings.entries()) {
        const ring = rings.get(about);
        const episode = numbers[index];
        if (!ring || episode === undefined || ring.episode === episode) continue;
        store.frames.add(episode, ring.frames);
        ring.episode = episode;
        ring.following = framesAfterMax;
      }
    },
  };
}

/** A frame as somebody may see it: in clear, masked, or only how long it is. */
export interface ShownFrame {
  readonly at: number;
  readonly channel: string;
  readonly byteCount: number;
  /** Of the frame as it came: two people can tell that they speak of the same one. */
  readonly sha256: string;
  readonly form: 'clear' | 'masked' | 'withheld';
  /** Nothing where it is withheld. */
  readonly base64: string;
}

/**
 * The frames around an episode. Whoever may not see patients gets them masked, and none of which it is not
 * proven that nobody is named in it.
 */
export function framesOf(
  store: Store,
  { devices }: Policy,
  episode: number,
  isClear: boolean,
): readonly ShownFrame[] {
  const { about } = store.journal.episodes.find(episode) ?? {};
  const device = about === undefined ? undefined : devices.get(about as DeviceId);
  return store.frames.of(episode).map(({ at, channel, bytes }) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const masked = isClear || !device ? undefined : maskedOf(bytes, device);
    const shown = isClear ? bytes : masked;
    const form = isClear ? 'clear' : masked ? 'masked' : 'withheld';
    const base64 = Buffer.from(shown ?? []).toString('base64');
    return { at, channel, byteCount: bytes.length, sha256, form, base64 };
  });
}

type Masked = NonNullable<ReturnType<Policy['devices']['get']>>;

function maskedOf(bytes: Uint8Array, { profile, protocol }: Masked): Uint8Array | undefined {
  try {
    const masked = maskCapture(bytes, profile, protocol);
    return masked.bytes.length > 0 ? masked.bytes : undefined;
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}
