import type { Signal } from '../core/signal.ts';

/** What is counted of an identity. Alarms are counted apart: a patient who gets worse is no attack. */
export const tallies = [
  'messages',
  'bytes',
  'alerts',
  'early',
  'novel',
  'odd',
  'empty',
  'connects',
  'takeovers',
  'losses',
  'refusals',
  'violations',
  'damages',
  'rejections',
  'duplicates',
  'topics',
  'limits',
  'subscriptions',
  'pings',
] as const;
export type Tally = (typeof tallies)[number];

/** Ends of a connection that somebody asked for. */
const orderly = new Set(['disconnect', 'closed', 'taken-over', 'shutdown', 'silent']);
/** What a device said that was no message of its format. */
const formless = new Set(['malformed', 'too-deep']);

/** Which tally a signal raises. Undefined: it tells of something the traffic model does not look at. */
export function tallyOf(signal: Signal): Tally | undefined {
  switch (signal.kind) {
    case 'message':
      return signal.channel === 'alerts' ? 'alerts' : 'messages';
    case 'connected':
    case 'line-opened':
      return 'connects';
    case 'disconnected':
    case 'line-closed':
      return orderly.has(signal.cause) ? undefined : 'losses';
    case 'refused':
    case 'sign-in-refused':
    case 'access-refused':
    case 'stranger':
      return 'refusals';
    case 'protocol-violation':
      return 'violations';
    case 'line-damaged':
      return 'damages';
    case 'rejected':
      if (signal.reason === 'duplicate') return 'duplicates';
      return formless.has(signal.reason) ? 'damages' : 'rejections';
    case 'topic-refused':
      return 'topics';
    case 'limit':
      return 'limits';
    case 'subscribed':
      return 'subscriptions';
    case 'pinged':
      return 'pings';
    // One that nobody heard of any more is a broken network.
    case 'taken-over':
      return signal.wasAlive ? 'takeovers' : 'losses';
    default:
      return undefined;
  }
}

/** How many things of its kind a signal tells of. */
export function timesOf(signal: Signal): number {
  return signal.kind === 'pinged' || signal.kind === 'stranger' ? signal.count : 1;
}
