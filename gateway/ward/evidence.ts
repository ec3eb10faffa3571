import { createHash } from 'node:crypto';
import { maskCapture } from '../capture.ts';
import type { DeviceId } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Finding } from '../core/finding.ts';
import type { Intake } from '../core/intake.ts';
import type { Policy } from '../pipeline/policy.ts';
import type { Frame } from '../store/frames.ts';
import type { Store } from '../store/store.ts';

/** Of each device before a finding, and after it. */
const framesBeforeMax = 16;
const framesAfterMax = 8;
/** Of one frame; of a longer one its begin. */
const frameBytesMax = 4_096;
/** All rings together: beyond it the device that was quiet longest loses its own. */
const ringsBytesMax = 8 * 2 ** 20;
/** Beyond it so much is left of them. */
const forgottenTo = 0.9;

/** A frame that is written over when its turn comes: nothing is made anew for each message. */
interface Slot {
  readonly at: number;
  readonly channel: Frame['channel'];
  /** As long as the longest frame that was in it. */
  readonly room: Uint8Array;
  readonly length: number;
}

interface Ring {
  readonly slots: Slot[];
  /** Which one is written over next, once there are all. */
  next: number;
  /** The room of all slots. */
  bytes: number;
  /** The last batch it was in. */
  batch: number;
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
  let batch = 0;

  function see(store: Store, { device, receivedAt: at, channel, bytes: said }: Intake): void {
    const ring = ringOf(device);
    const index = ring.next;
    ring.next = (index + 1) % framesBeforeMax;
    ring.batch = batch;
    const length = Math.min(said.length, frameBytesMax);
    const before = ring.slots[index]?.room;
    const room = before && before.length >= length ? before : new Uint8Array(length);
    const more = room.length - (before?.length ?? 0);
    ring.bytes += more;
    bytes += more;
    // A copy: the batch’s buffer is used again.
    room.set(length < said.length ? said.subarray(0, length) : said);
    const slot = { at, channel, room, length };
    ring.slots[index] = slot;
    if (ring.following > 0 && ring.episode !== undefined) {
      ring.following -= 1;
      store.frames.add(ring.episode, [frameOf(slot)]);
    }
  }

  function ringOf(device: string): Ring {
    const known = rings.get(device);
    if (known) return known;
    const ring: Ring = { slots: [], next: 0, bytes: 0, batch, following: 0 };
    rings.set(device, ring);
    return ring;
  }

  /** The ones that were quiet longest; some more than need be, so that not each batch looks for them. */
  function forgetQuiet(): void {
    const quietest = [...rings].sort(([, a], [, b]) => a.batch - b.batch);
    for (const [name, ring] of quietest) {
      if (bytes <= ringsBytesMax * forgottenTo) return;
      rings.delete(name);
      bytes -= ring.bytes;
    }
  }

  return {
    keep(store, intakes, findings, numbers) {
      batch += 1;
      for (const intake of intakes) if (!intake.isTurn) see(store, intake);
      if (bytes > ringsBytesMax) forgetQuiet();
      for (const [index, { about }] of findings.entries()) {
        const ring = rings.get(about);
        const episode = numbers[index];
        if (!ring || episode === undefined || ring.episode === episode) continue;
        store.frames.add(episode, framesIn(ring));
        ring.episode = episode;
        ring.following = framesAfterMax;
      }
    },
  };
}

/** Oldest first. */
function framesIn({ slots, next }: Ring): readonly Frame[] {
  const first = slots.length < framesBeforeMax ? 0 : next;
  return [...slots.slice(first), ...slots.slice(0, first)].map(frameOf);
}

function frameOf({ at, channel, room, length }: Slot): Frame {
  return { at, channel, bytes: room.subarray(0, length) };
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
