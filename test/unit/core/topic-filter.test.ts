import { expect, it } from 'vitest';
import { matches, wildcardShare } from '../../../gateway/core/topic-filter.ts';

// The examples of MQTT 3.1.1, 4.7.1.2, 4.7.1.3 and 4.7.2.
it.each([
  ['sport/tennis/player1/#', 'sport/tennis/player1', true],
  ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
  ['sport/#', 'sport', true],
  ['sport/tennis/+', 'sport/tennis/player1', true],
  ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
  ['sport/+', 'sport', false],
  ['sport/+', 'sport/', true],
  ['+/+', '/finance', true],
  ['/+', '/finance', true],
  ['+', '/finance', false],
  ['#', '$SYS/load', false],
  ['+/load', '$SYS/load', false],
  ['$SYS/#', '$SYS/load', true],
])('%s asks for %s: %s', (filter, topic, does) => {
  expect(matches(filter, topic)).toBe(does);
});

it('counts the levels that are wildcards', () => {
  expect(['#', 'a/b', 'a/+', 'a/+/b/#'].map(wildcardShare)).toEqual([1, 0, 0.5, 0.5]);
});
