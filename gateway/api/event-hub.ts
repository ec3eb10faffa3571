import type { EventFields, EventName } from '../core/event.ts';
import type { ActionName } from '../core/principal.ts';

/** Something that happened, as it is told to whoever follows. */
export interface HubEvent {
  /** Rises by one with each event since the gateway started. */
  readonly sequence: number;
  readonly at: number;
  readonly name: EventName;
  readonly fields: EventFields;
}

/** Who is told of what: the right that each event asks for. Events that are not here are not told. */
export const toldTo: Readonly<Partial<Record<EventName, ActionName>>> = {
  'finding.new': 'finding.read',
  'device.connected': 'device.read',
  'device.disconnected': 'device.read',
  'device.refused': 'finding.read',
  'line.opened': 'device.read',
  'line.closed': 'device.read',
  'intake.rejected': 'device.read',
  'intake.overloaded': 'device.read',
  'outbox.shed': 'outbox.read',
  'relay.down': 'outbox.read',
  'relay.up': 'outbox.read',
  'relay.refused': 'outbox.read',
  'glass.broken': 'break-glass.read',
};

/** Events that wait for one reader; a reader that is slower is let go and may come again. */
const waitingMax = 256;

/** Passes on what happens to whoever follows, each at its own pace and none at the others’ cost. */
export interface EventHub {
  readerCount(): number;
  publish(name: EventName, fields: EventFields, at: number): void;
  /**
   * What happens from now on, until the signal aborts. Undefined instead of an event when
   * `heartbeatMs` went by without one. `lost` is called when the reader falls too far behind: it may
   * be stuck, so it is others who must end it.
   */
  follow(
    signal: AbortSignal,
    heartbeatMs: number,
    lost: () => void,
  ): AsyncIterable<HubEvent | undefined>;
}

interface Follower {
  readonly waiting: HubEvent[];
  wake: () => void;
  readonly lost: () => void;
}

export function createEventHub(): EventHub {
  const followers = new Set<Follower>();
  let sequence = 0;

  return {
    readerCount: () => followers.size,

    publish(name, fields, at) {
      if (followers.size === 0 || !toldTo[name]) return;
      sequence += 1;
      const event = { sequence, at, name, fields };
      for (const follower of followers) {
        if (follower.waiting.length < waitingMax) {
          follower.waiting.push(event);
          follower.wake();
        } else {
          followers.delete(follower);
          follower.lost();
        }
      }
    },

    async *follow(signal, heartbeatMs, lost) {
      const follower: Follower = { waiting: [], wake: () => {}, lost };
      followers.add(follower);
      try {
        while (!signal.aborted) {
          const next = follower.waiting.shift();
          if (next) yield next;
          else if (!(await news(follower, signal, heartbeatMs))) yield undefined;
        }
      } finally {
        followers.delete(follower);
      }
    },
  };
}

/** False when the time went by. */
function news(follower: Follower, signal: AbortSignal, waitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isNews: boolean) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      follower.wake = () => {};
      resolve(isNews);
    };
    const wake = () => end(true);
    const timer = setTimeout(() => end(false), waitMs);
    signal.addEventListener('abort', wake);
    follower.wake = wake;
  });
}
