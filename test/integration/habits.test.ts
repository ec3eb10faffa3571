import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { isUnusual, patientsSeen } from '../../gateway/access/habit.ts';
import { noteDeeds } from '../../gateway/people/deed-keeping.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import type { Store } from '../../gateway/store/store.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const start = Date.UTC(2026, 2, 2);

let directory: string;
let store: Store;

beforeEach(async () => {
  const folder = temporaryFolder('habits');
  onTestFinished(() => folder.remove());
  directory = join(folder.path, 'site');
  await makeSite(directory, []);
  reopen();
});

function reopen(): void {
  const opened = openSiteStore(directory).store;
  store = opened;
  onTestFinished(() => opened.close());
}

/** One look at patients, or an act; whether it is unusual. */
function does(day: number, hour: number, what: number | string, actor = 'eve'): boolean {
  const at = start + day * dayMs + hour * hourMs;
  const deed =
    typeof what === 'number'
      ? { actor, at, action: patientsSeen, patients: what }
      : { actor, at, action: what };
  return noteDeeds(store, [deed]).some(isUnusual);
}

/** Weeks of five days on a ward of eight, looked at twice a day. True where any of it was unusual. */
function works(days: number, hour: number, actor = 'eve'): boolean {
  const looks = Array.from({ length: days }, (_, day) => day)
    .filter((day) => day % 7 < 5)
    .flatMap((day) =>
      [1, 2, 4, 8].flatMap((count) => [
        does(day, hour, count, actor),
        does(day, hour + 4, count, actor),
      ]),
    );
  return looks.includes(true);
}

describe('what somebody usually does', () => {
  it('is unknown in the first days, whatever it is', () => {
    expect(does(0, 3, 200)).toBe(false);
    expect(works(7, 9)).toBe(false);
    expect(does(7, 3, 'audit.export')).toBe(false);
    expect(does(7, 3, 128)).toBe(false);
  });

  it('makes no day of ordinary work unusual, nor any night of who works at night', () => {
    expect(works(60, 9)).toBe(false);
    expect(works(60, 22, 'nora')).toBe(false);
    expect(does(60, 1, 8, 'nora')).toBe(false);
  });

  it('is judged by two things at once: one night, one busy day, one new act is a day like any other', () => {
    works(60, 9);
    expect(does(60, 2, 8)).toBe(false);
    expect(does(61, 10, 16)).toBe(false);
    expect(does(62, 10, 'device.quarantine')).toBe(false);
  });

  it('makes a ward’s worth of patients at night unusual, and a hospital at any hour', () => {
    works(60, 9);
    expect(does(60, 2, 32)).toBe(true);
    expect(does(61, 10, 128)).toBe(true);
  });

  it('makes an act that was never done, at an hour that never was, unusual', () => {
    works(60, 9);
    expect(does(60, 2, 'user.add')).toBe(true);
  });

  it('is known over a restart, and forgotten with the account', () => {
    works(60, 9);
    store.close();
    reopen();
    expect(store.habits.of('eve').length).toBeGreaterThan(5);
    expect(does(60, 2, 64)).toBe(true);
    store.habits.forget('eve');
    expect(does(61, 2, 64)).toBe(false);
  });

  it('is kept of so many people only, and a day at most once', () => {
    works(60, 9);
    const rows = store.habits.of('eve').length;
    for (let look = 0; look < 200; look += 1) does(60, 9, 8);
    expect(store.habits.of('eve')).toHaveLength(rows);
    const [day] = store.habits.of('eve').filter(({ what }) => what === 'day');
    expect(day?.days).toBeLessThan(44);
    for (let index = 0; index < 520; index += 1) does(70, 9, 1, `guest-${index}`);
    expect(store.habits.of('eve')).toEqual([]);
    expect(store.habits.of('guest-519')).toHaveLength(4);
  });
});
