import { expect, it } from 'vitest';
import { defaultMqttLimits } from '../../../gateway/links/mqtt-limits.ts';
import { MqttPatience } from '../../../gateway/links/mqtt-patience.ts';

const limits = {
  ...defaultMqttLimits,
  ...{ connectMs: 5_000, packetMs: 10_000, unreadMs: 20_000, closeMs: 1_000, silenceMs: 90_000 },
};

/** What is exceeded so many milliseconds from now, seen from a socket that is read. */
function excessIn(patience: MqttPatience, ms: number, isRead = true): string | undefined {
  return patience.excess(performance.now() + ms, isRead);
}

function open(keepAliveSeconds = 0): MqttPatience {
  const patience = new MqttPatience(limits);
  patience.enter('deciding');
  patience.promise(keepAliveSeconds);
  patience.enter('open');
  return patience;
}

it('gives a CONNECT its time, and its answer the same again', () => {
  const patience = new MqttPatience(limits);
  expect(excessIn(patience, 4_000)).toBeUndefined();
  expect(excessIn(patience, 5_001)).toBe('connect-time');
  patience.enter('deciding');
  expect(excessIn(patience, 4_000, false)).toBeUndefined();
  expect(excessIn(patience, 5_001, false)).toBe('connect-time');
});

it('waits one and a half times the keep-alive, and never longer than silence may last', () => {
  expect(excessIn(open(10), 14_000)).toBeUndefined();
  expect(excessIn(open(10), 15_001)).toBe('keep-alive');
  for (const seconds of [0, 65_535]) {
    expect(excessIn(open(seconds), 89_000)).toBeUndefined();
    expect(excessIn(open(seconds), 90_001)).toBe('keep-alive');
  }
});

it('counts a packet from where it was begun, and forgets it with its end', () => {
  const patience = open();
  patience.arrived();
  patience.ended(true);
  expect(excessIn(patience, 10_001)).toBe('packet-time');
  patience.heard();
  patience.ended(false);
  expect(excessIn(patience, 10_001)).toBeUndefined();
});

it('blames nobody for silence while the socket is not read', () => {
  const patience = open(10);
  patience.arrived();
  patience.ended(true);
  expect(excessIn(patience, 60_000, false)).toBeUndefined();
});

it('ends who leaves answers unread, read or not, until the socket drains', () => {
  const patience = open();
  patience.blocked();
  expect(excessIn(patience, 20_001, false)).toBe('unread-time');
  patience.drained();
  expect(excessIn(patience, 20_001, false)).toBeUndefined();
});

it('lets an ended connection close by itself for a moment', () => {
  const patience = open();
  patience.blocked();
  patience.enter('closing');
  expect(excessIn(patience, 900, false)).toBeUndefined();
  expect(excessIn(patience, 1_001, false)).toBe('close-time');
});
