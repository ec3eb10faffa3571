import type { Signal } from '../core/signal.ts';

/** What is counted of an identity. Alarms are counted apart: a patient who gets worse is no attack. */
export const tallies = [
  'messages',
  'bytes',
  'alerts',
  'early',
  'novel',
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
  'lapses',
  'changes',
] as const;
export type Tally = (typeof tallies)[number];

/**
 * What may befall any device, and how often within a minute or so that is nothing yet: a bad network
 * ends connections, a cable spoils a message, a certificate is renewed, a patient gets worse.
 */
export const befalls: Readonly<Partial<Record<Tally, number>>> = {
  connects: 2,
  losses: 2,
  lapses: 2,
  damages: 1,
  changes: 1,
  subscriptions: 2,
  alerts: 16,
};

/** What hardly ever happens is remembered for minutes: one a minute does not fade between two. */
export const remembered = [
  ...['early', 'novel', 'empty', 'takeovers', 'refusals', 'violations', 'topics', 'limits'],
  ...[
    'rejections',
    'duplicates',
    'connects',
    'losses',
    'lapses',
    'damages',
    'changes',
    'subscriptions',
  ],
] as readonly Tally[];

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
      if (signal.cause === 'keep-alive') return 'lapses';
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
      // A loose sensor says what no patient has: that is looked at by what looks at values.
      if (signal.reason === 'implausible') return undefined;
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
