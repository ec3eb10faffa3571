import { expect, it } from 'vitest';
import {
  followModemLines,
  type ModemLines,
  noModemWatch,
} from '../../../gateway/links/modem-lines.ts';

const up: ModemLines = { dsr: true, cts: true, dcd: true };
const down: ModemLines = { dsr: false, cts: false, dcd: false };

/** After which look the cable is called pulled; -1: never. */
function lostAfter(looks: readonly ModemLines[]): number {
  let watch = noModemWatch;
  return looks.findIndex((now) => {
    const look = followModemLines(watch, now);
    watch = look.watch;
    return look.isLost;
  });
}

const times = (count: number, lines: ModemLines) => Array.from({ length: count }, () => lines);

it('a cable whose lines stood is pulled once all of them are down for three looks', () => {
  expect(lostAfter([...times(4, up), ...times(6, down)])).toBe(6);
  expect(lostAfter([...times(4, { ...down, dsr: true }), ...times(6, down)])).toBe(6);
  expect(lostAfter([...times(4, { ...down, dcd: true }), ...times(6, down)])).toBe(6);
});

it.each([
  ['a cable of three wires', times(50, down)],
  ['one that stands', times(50, up)],
  ['a plug that was touched', [...times(4, up), ...times(2, down), ...times(10, up)]],
  ['a line that rose for one look only', [up, ...times(20, down)]],
  [
    'a device that controls the flow by CTS',
    [...times(4, up), ...times(20, { ...up, cts: false })],
  ],
  ['one that has nothing but CTS', [...times(4, { ...down, cts: true }), ...times(20, down)]],
])('%s is not pulled', (_, looks) => expect(lostAfter(looks)).toBe(-1));
