import type { Channel } from '../core/intake.ts';
import type { Database } from './database.ts';

/** The most kept of all episodes together: the oldest go first. */
const framesMax = 20_000;

/** What a device said, as it came, and when. */
export interface Frame {
  readonly at: number;
  readonly channel: Channel;
  readonly bytes: Uint8Array;
}

/** Raw frames around findings. They may name a patient: they lie in the encrypted store only. */
export interface Frames {
  add(episode: number, frames: readonly Frame[]): void;
  of(episode: number): readonly Frame[];
  /** Forgets what is older, and the oldest beyond the limit. */
  forget(before: number): void;
}

export function openFrames(database: Database): Frames {
  const add = database.prepare(
    'insert into frame (episode, at, channel, bytes) values (?, ?, ?, ?)',
  );
  const of = database.prepare<[number], Frame>(
    'select at, channel, bytes from frame where episode = ? order by sequence',
  );
  const forget = database.prepare(
    `delete from frame where at < @before
       or sequence <= (select coalesce(max(sequence), 0) from frame) - @countMax`,
  );
  return {
    add(episode, frames) {
      for (const { at, channel, bytes } of frames) add.run(episode, at, channel, bytes);
    },
    of: (episode) => of.all(episode),
    forget: (before) => void forget.run({ before, countMax: framesMax }),
  };
}
