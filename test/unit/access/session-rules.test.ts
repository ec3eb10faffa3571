import { expect, it } from 'vitest';
import {
  sessionEnd,
  sessionIdleMs,
  sessionLongestMs,
} from '../../../gateway/access/session-rules.ts';

const startedAt = 1_700_000_000_000;

it('a session lasts while somebody asks for something', () => {
  expect(sessionEnd({ startedAt, seenAt: startedAt }, startedAt)).toBeUndefined();
  expect(
    sessionEnd({ startedAt, seenAt: startedAt }, startedAt + sessionIdleMs - 1),
  ).toBeUndefined();
});

it('a session ends when nobody does', () => {
  expect(sessionEnd({ startedAt, seenAt: startedAt }, startedAt + sessionIdleMs)).toBe('idle');
});

it('a session ends after its longest time, however busy it is', () => {
  const now = startedAt + sessionLongestMs;
  expect(sessionEnd({ startedAt, seenAt: now }, now)).toBe('longest');
});

it('a clock that goes backwards makes no session last longer', () => {
  expect(sessionEnd({ startedAt, seenAt: startedAt }, startedAt - 3_600_000)).toBe('clock');
});
