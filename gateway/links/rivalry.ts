import { setTimeout as delay } from 'node:timers/promises';

/** How a connection looks from outside, beside its certificate. */
export interface Look {
  readonly address: string;
  /** What it asked for: keep-alive, clean session, will. */
  readonly asked: string;
  /** What its TLS offered; undefined where an earlier handshake was resumed. */
  readonly offered: string | undefined;
}

/** Whoever has the place of a device now. */
export interface Holder {
  readonly look: Look;
  /** How the one looked from which the place was passed on, through all that took it over since. */
  readonly home: Look;
  /** When it last said something, on the monotonic clock in milliseconds. */
  readonly heardAt: number;
  readonly isLive: boolean;
  readonly left: Promise<void>;
}

/**
 * A device that moved, or was started anew with other software, is silent where it was. Who still
 * speaks there within this time is another one with the same certificate.
 */
export const aliveMs = 2_000;
/** How often it is looked whether it speaks. */
const lookMs = 50;

/**
 * Whether somebody else is there with the same certificate, at another address or as another client
 * at the same one, and goes on speaking: then the older connection stays. Whoever comes back as it was
 * first gets its place again at once. `holderNow` gives nobody where the place is not to be defended.
 */
export async function isRival(
  look: Look,
  holderNow: () => Holder | undefined,
  isWaiting: () => boolean,
): Promise<boolean> {
  const asked = performance.now();
  for (;;) {
    const holder = holderNow();
    if (!holder?.isLive || !isWaiting()) return false;
    if (isAlike(holder.look, look) || isAlike(holder.home, look)) return false;
    if (holder.heardAt > asked) return true;
    const leftMs = aliveMs - (performance.now() - holder.heardAt);
    if (leftMs <= 0) return false;
    await Promise.race([delay(Math.min(leftMs, lookMs)), holder.left]);
  }
}

/** Whether it may be the same device that comes again. */
function isAlike(one: Look, other: Look): boolean {
  return one.address === other.address && isSameClient(one, other);
}

export function isSameClient(one: Look, other: Look): boolean {
  const isSameTls =
    one.offered === undefined || other.offered === undefined || one.offered === other.offered;
  return one.asked === other.asked && isSameTls;
}
