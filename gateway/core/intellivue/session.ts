import type { Instant } from '../observation.ts';
import { bytesOf } from './bytes.ts';
import type { IntellivueMessage, MdsCreate } from './message.ts';

/** Where the gateway's association with a monitor stands. */
export interface MonitorSession {
  /** `greeted`: the monitor accepted and has yet to introduce itself. */
  readonly phase: 'none' | 'greeted' | 'open';
  readonly hasExtendedPoll: boolean;
  /** Counts the monitor's messages, modulo `heardModulus`, so that silence is noticed. */
  readonly heard: number;
  readonly heardBefore: number;
  readonly heardAt: number;
  readonly spokenAt: number;
  /** When each poll was last asked for, in the order of `polls`. */
  readonly polledAt: readonly number[];
}

export const noSession: MonitorSession = {
  phase: 'none',
  hasExtendedPoll: false,
  heard: 0,
  heardBefore: 0,
  heardAt: 0,
  spokenAt: 0,
  polledAt: [],
};

const heardModulus = 1_000_000;
/** A monitor that did not answer is asked again after this long. */
const associationRetryMs = 5_000;
/** Nothing heard for this long: the association is given up and asked for anew. */
const silentMsMax = 15_000;
/** The monitor ends an association after 10 s without a word of the client. */
const keepAliveMs = 4_000;
/** An extended poll runs for `extendedPollTicks` and is renewed well before. */
const renewalMs = 20_000;
const extendedPollTicks = 60 * 8_000;
/** Without extended polls each kind is asked for by itself, at most once in this time. */
const singlePollMs = 2_000;

/** Object classes, partition 1. */
const classes = { numerics: 0x0006, alarms: 0x0036, waves: 0x0009, system: 0x0021 } as const;

const singlePollAction = 0x0c16;
const extendedPollAction = 0xf13b;
const pollPeriodAttribute = 0xf13e;
const allAttributeGroups = 0;

/** What may be asked for, in turn. Waves come by extended poll only. */
const polls = [
  { number: 1, class: classes.numerics, isSingle: true },
  { number: 2, class: classes.alarms, isSingle: true },
  { number: 3, class: classes.waves, isSingle: false },
] as const;
const keepAliveNumber = 4;

/** What the gateway says to a monitor, each as one payload. It reads; there is nothing that sets. */
export const utterances = {
  'association-request': associationRequest(),
  'association-abort': hex(`
    192e 1101 03c1 29a0 80a0 8030 8002 0101 0602 5101 0000 0000 6180 3080 0201 01a0 8064 8080
    0101 0000 0000 0000 0000 0000`),
  'association-release': hex(`
    0918 c116 6180 3080 0201 01a0 8062 8080 0100 0000 0000 0000 0000`),
  'poll-numerics': extendedPoll(1, classes.numerics),
  'poll-alarms': extendedPoll(2, classes.alarms),
  'poll-waves': extendedPoll(3, classes.waves),
  'poll-numerics-once': singlePoll(1, classes.numerics),
  'poll-alarms-once': singlePoll(2, classes.alarms),
  'keep-alive': singlePoll(keepAliveNumber, classes.system),
} as const;

export type Utterance = keyof typeof utterances;

/** The one utterance that is not constant: it repeats the invoke id and the time of its event. */
export function mdsCreateResult({ invokeId, eventTime }: MdsCreate): Uint8Array {
  return Buffer.concat([
    hex('e1000002 0002 0014'),
    bytesOf([invokeId, 2]),
    hex('0001 000e 0021 0000 0000'),
    bytesOf([eventTime, 4]),
    hex('0d06 0000'),
  ]);
}

/** What a message means for the association. */
export function hear(session: MonitorSession, message: IntellivueMessage): MonitorSession {
  const heard = { ...session, heard: (session.heard + 1) % heardModulus };
  switch (message.kind) {
    case 'association':
      if (message.verdict === 'requested') return heard;
      if (message.verdict !== 'accepted') return { ...heard, phase: 'none', polledAt: [] };
      return {
        ...heard,
        phase: 'greeted',
        hasExtendedPoll: message.hasExtendedPoll,
        polledAt: [],
      };
    case 'mds-create':
      return { ...heard, phase: 'open' };
    case 'poll-result':
      // The monitor still answers an association from before: it is ours.
      if (session.phase === 'open') return heard;
      return {
        ...heard,
        phase: 'open',
        hasExtendedPoll: session.hasExtendedPoll || message.sequence !== undefined,
      };
    case 'connect-indication':
    case 'other':
      return heard;
  }
}

/** What to say now, at most one thing; called once a second. */
export function nextUtterance(
  session: MonitorSession,
  at: Instant,
): { readonly session: MonitorSession; readonly utterance: Utterance | undefined } {
  const isHeard = session.heard !== session.heardBefore || session.heardAt === 0;
  const now = isHeard ? { ...session, heardBefore: session.heard, heardAt: at } : session;
  if (now.phase === 'none') {
    return isDue(now.spokenAt, at, associationRetryMs)
      ? say(now, at, 'association-request')
      : { session: now, utterance: undefined };
  }
  if (isDue(now.heardAt, at, silentMsMax)) {
    const ended = { ...now, phase: 'none' as const, polledAt: [], heardAt: at };
    return say(ended, at, 'association-abort');
  }
  if (now.phase === 'greeted') return { session: now, utterance: undefined };
  const interval = now.hasExtendedPoll ? renewalMs : singlePollMs;
  for (const [index, poll] of polls.entries()) {
    if (!now.hasExtendedPoll && !poll.isSingle) continue;
    if (!isDue(now.polledAt[index] ?? 0, at, interval)) continue;
    const polledAt = polls.map((_, other) => (other === index ? at : (now.polledAt[other] ?? 0)));
    return say({ ...now, polledAt }, at, pollNamed(poll.class, now.hasExtendedPoll));
  }
  return isDue(now.spokenAt, at, keepAliveMs)
    ? say(now, at, 'keep-alive')
    : { session: now, utterance: undefined };
}

/**
 * The last word, so that the monitor waits for nobody and takes the next client at once
 * (ISO 8327 finish; Programming Guide, chapter 6, “Association Release”).
 */
export function lastUtterance({ phase }: MonitorSession): {
  readonly session: MonitorSession;
  readonly utterance: Utterance | undefined;
} {
  return { session: noSession, utterance: phase === 'none' ? undefined : 'association-release' };
}

/** A clock that was set back makes everything due. */
function isDue(before: number, at: Instant, intervalMs: number): boolean {
  return at - before >= intervalMs || at < before;
}

function say(session: MonitorSession, at: Instant, utterance: Utterance) {
  return { session: { ...session, spokenAt: at }, utterance };
}

function pollNamed(polled: number, isExtended: boolean): Utterance {
  if (polled === classes.waves) return 'poll-waves';
  if (polled === classes.alarms) return isExtended ? 'poll-alarms' : 'poll-alarms-once';
  return isExtended ? 'poll-numerics' : 'poll-numerics-once';
}

function singlePoll(number: number, polled: number): Uint8Array {
  return action(singlePollAction, pollOf(number, polled));
}

function extendedPoll(number: number, polled: number): Uint8Array {
  const period = bytesOf([1, 2], [8, 2], [pollPeriodAttribute, 2], [4, 2], [extendedPollTicks, 4]);
  return action(extendedPollAction, Buffer.concat([pollOf(number, polled), period]));
}

function pollOf(number: number, polled: number): Uint8Array {
  return bytesOf([number, 2], [1, 2], [polled, 2], [allAttributeGroups, 2]);
}

/** A confirmed action on the monitor as a whole; the invoke id is the poll's number. */
function action(type: number, content: Uint8Array): Uint8Array {
  const body = Buffer.concat([
    hex('0021 0000 0000 0000 0000'),
    bytesOf([type, 2], [content.length, 2]),
    content,
  ]);
  const invokeId = content.subarray(0, 2);
  const operation = Buffer.concat([invokeId, bytesOf([7, 2], [body.length, 2]), body]);
  return Buffer.concat([hex('e1000002 0001'), bytesOf([operation.length, 2]), operation]);
}

/** Association request: session, presentation and association headers, then what is wished for. */
function associationRequest(): Uint8Array {
  // Poll profile: a result a second, 1,000-byte messages, extended polls for numerics and waves.
  const profile = hex(`
    80000000 00001f40 000003e8 000003e8 ffffffff 60000000
    0001 000c f001 0008 8e000000 00000000`);
  // Object classes of which something is wanted: system, numerics, waves, alarms.
  const objects = hex(`
    0004 0020 0001 0021 00000001 0001 0006 000000c9 0001 0009 0000003c 0001 0036 00000001`);
  const wishes = Buffer.concat([
    bytesOf([0x0001, 2], [profile.length, 2]),
    profile,
    bytesOf([0x0102, 2], [objects.length, 2]),
    objects,
  ]);
  const user = Buffer.concat([
    // Protocol and nomenclature version, no functional units, a client, cold start, no options.
    hex('80000000 40000000 00000000 80000000 20000000 0000 0000'),
    bytesOf([2, 2], [wishes.length, 2]),
    wishes,
  ]);
  const presentation = Buffer.concat([
    hex(`
      3180 a080 8001 0100 00a2 80a0 0300 0001 a480 3080 0201 0106 0452 0100 0130 8006 0251 0100
      0000 0030 8002 0102 060c 2a86 48ce 1402 0100 0000 0101 3080 060c 2a86 48ce 1402 0100 0000
      0201 0000 0000 0000 6180 3080 0201 01a0 8060 80a1 8006 0c2a 8648 ce14 0201 0000 0003 0100
      00be 8028 8006 0c2a 8648 ce14 0201 0000 0001 0102 0102 81`),
    // A length of more than 127 is written as 82 and two bytes (ISO 8825-1, 8.1.3.5).
    user.length > 127
      ? Buffer.concat([hex('82'), bytesOf([user.length, 2])])
      : bytesOf([user.length, 1]),
    user,
    new Uint8Array(16),
  ]);
  const session = Buffer.concat([
    hex('0508 1301 0016 0102 8000 1402 0002 c1'),
    lengthIndicator(presentation.length),
    presentation,
  ]);
  return Buffer.concat([hex('0d'), lengthIndicator(session.length), session]);
}

/** ISO 8327: one byte, or FF and two. */
function lengthIndicator(length: number): Uint8Array {
  return length < 0xff ? bytesOf([length, 1]) : bytesOf([0xff, 1], [length, 2]);
}

function hex(text: string): Uint8Array {
  return Buffer.from(text.replace(/\s/g, ''), 'hex');
}
