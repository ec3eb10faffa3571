import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { createMemory, recollect } from '../../../gateway/core/memory.ts';
import { behindMs, forgetCovered } from '../../../gateway/stages/advance.ts';

const device = 'mon-1' as DeviceId;
const noon = 1_700_000_000_000;
const gapMsMax = 10_000;

/** What was behind, of records that were measured so many seconds after noon, in this order. */
function behindOf(...seconds: readonly number[]): readonly number[] {
  const memory = recollect(createMemory());
  return seconds
    .map((second) => behindMs(device, { rawMs: noon + second * 1_000 }, gapMsMax, memory))
    .filter((behind) => behind > 0);
}

const minute = Array.from({ length: 60 }, (_, second) => second);

describe('a record that does not advance', () => {
  it('is one of a time of which all was heard as it went by', () => {
    expect(behindOf(...minute, 30, 60)).toEqual([29_000]);
  });

  it('is not one that fills a gap, however it is mixed with what is measured now', () => {
    expect(behindOf(...minute, 300, 100, 301, 101, 302, 299)).toEqual([]);
  });

  it('is not one that is a little out of order, nor one from before all that was heard', () => {
    expect(behindOf(...minute, 55, 60, 58, -100, -99)).toEqual([]);
  });

  it('is nothing to a clock that was set', () => {
    const memory = recollect(createMemory());
    const at = (second: number) =>
      behindMs(device, { rawMs: noon + second * 1_000 }, gapMsMax, memory);
    for (const second of minute) at(second);
    forgetCovered(device, memory);
    expect([at(10), at(11), at(12)]).toEqual([0, 0, 0]);
  });
});
