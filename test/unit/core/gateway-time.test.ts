import { describe, expect, it } from 'vitest';
import { followTime, startTime, type TimeService } from '../../../gateway/core/gateway-time.ts';

const noon = Date.UTC(2026, 10, 22, 12);
const day = 86_400_000;
const year = 365 * day;
/** The newest time that was ever known here. */
const floor = noon - day;

const sample = (wallMs: number, service: TimeService = 'none', monotonicMs = 1_000) => ({
  wallMs,
  monotonicMs,
  service,
});
const known = { anchorMs: noon - 1_000, isTrusted: true, strayMs: 0 };

describe('the time of a start', () => {
  it.each([
    ['of a host without a time service, past what was known', noon, 'none', true],
    ['before what was known', noon - 2 * day, 'none', false],
    ['of a host that has no time yet', 0, 'none', false],
    ['of a host whose time service is not synchronised', noon, 'unsynchronised', false],
    ['of a host whose time service is synchronised', noon, 'synchronised', true],
    [
      'that is synchronised, though a future time was once known',
      noon - 2 * day,
      'synchronised',
      true,
    ],
    ['that claims to be synchronised in 1970', 0, 'synchronised', false],
  ] as const)('%s', (_, wallMs, service, isTrusted) => {
    const time = startTime(sample(wallMs, service), floor);
    expect(time.isTrusted).toBe(isTrusted);
    const shown = time.anchorMs + 1_000;
    // Not before the newest that was known, unless somebody vouches for it.
    expect(shown).toBe(isTrusted ? wallMs : Math.max(wallMs, floor));
  });
});

describe('the time later', () => {
  it('is known as soon as somebody vouches for it, and says what the difference was', () => {
    const before = startTime(sample(0), floor);
    const { time } = followTime(before, sample(noon + 500, 'none', 1_500), floor);
    expect(time).toEqual(known);
    expect(followTime(before, sample(noon, 'unsynchronised'), floor).time).toBe(before);
  });

  it('follows what a time service corrects little by little, without a word', () => {
    const change = followTime(known, sample(noon + 60_400, 'synchronised', 61_000), floor);
    expect(change).toEqual({ time: { ...known, anchorMs: known.anchorMs + 400 } });
  });

  it.each([
    ['by a synchronised time service', 3 * year, 'synchronised', true],
    ['by hand, within a day', 3 * 3_600_000, 'none', true],
    ['by hand, back within a day', -3 * 3_600_000, 'none', true],
    ['by years, with nobody to vouch for it', 10 * year, 'none', false],
    ['back by years', -10 * year, 'none', false],
    ['back to 1970, though synchronised', -noon, 'synchronised', false],
    ['while the time service has lost the time', 3_600_000, 'unsynchronised', false],
  ] as const)('of a wall clock that is set %s', (_, stepMs, service, isFollowed) => {
    const { time, step } = followTime(known, sample(noon + stepMs, service), floor);
    expect(step).toEqual({ stepMs, isFollowed });
    expect(time.anchorMs).toBe(known.anchorMs + (isFollowed ? stepMs : 0));
    expect(time.isTrusted).toBe(true);
    // Said once.
    const later = followTime(time, sample(noon + stepMs + 1_000, service, 2_000), floor);
    expect(later.step).toBeUndefined();
    // And a clock that comes back is followed again.
    if (!isFollowed) {
      const back = followTime(later.time, sample(noon + 2_000, 'none', 3_000), floor);
      expect(back).toEqual({ time: known });
    }
  });
});
