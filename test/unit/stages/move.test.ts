import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Admission, AdmissionEvent, Stay } from '../../../gateway/core/admission.ts';
import type { Association } from '../../../gateway/core/association.ts';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { bedOf } from '../../../gateway/core/place.ts';
import { type Bedside, openWard, type Ward } from '../../../gateway/core/ward.ts';
import { move } from '../../../gateway/stages/move.ts';
import { bound, noon } from '../../support/wards.ts';

const minuteMs = 60_000;
/** Minutes after noon on the gateway's clock; messages arrive in the evening. */
const at = (minutes: number) => noon + minutes * minuteMs;
const evening = at(360) as Instant;

const place = (bed: string) => ({ ward: bed === '' ? '' : '3B', room: '', bed });

/** Devices by the bed they stand at; an empty bed is none. */
function wardOf(
  beds: Readonly<Record<string, string>>,
  { placedAt = 0, associations = {} as Readonly<Record<string, readonly Association[]>> } = {},
): Ward {
  const bedsides = Object.entries(beds).map(([device, bed]): [string, Bedside] => [
    device,
    {
      profile: { association: 'device' },
      bed: bedOf(place(bed)),
      placedAt,
      associations: associations[device] ?? [],
    },
  ]);
  return openWard(new Map(bedsides), new Map<string, Stay>());
}

interface Said extends Partial<Admission> {
  readonly minutes: number;
  /** Without a zone, on a clock one hour ahead of UTC. */
  readonly isLocal?: boolean;
  /** Without it, in the evening. Provisional: the gateway's clock was not set. */
  readonly received?: { readonly minutes: number; readonly isProvisional: boolean };
}

function say(ward: Ward, event: AdmissionEvent, subject: string, bed: string, said: Said) {
  const { minutes, isLocal = false, received, ...more } = said;
  const time = new Date(at(minutes) + (isLocal ? 60 * minuteMs : 0)).toISOString();
  return move(
    {
      feed: 'adt-1' as DeviceId,
      admission: { event, trigger: 'A00', subject, place: place(bed), visit: '', ...more },
      time: isLocal ? time.slice(0, -1) : time,
      receivedAt: received ? (at(received.minutes) as Instant) : evening,
      isProvisional: received?.isProvisional,
    },
    ward,
  );
}

/** `subject from–until` in minutes after noon, oldest first; what never was is left out. */
function timeline(ward: Ward, device: string): string[] {
  const minutes = (instant: number | undefined) =>
    instant === undefined ? '' : (instant - noon) / minuteMs;
  return ward
    .associationsOf(device as DeviceId)
    .filter(({ since, until }) => until !== since)
    .map(({ subject, since, until }) => `${subject.reveal()} ${minutes(since)}–${minutes(until)}`)
    .reverse();
}

describe('where a patient lies', () => {
  it('is a bed of a room of a ward, whatever case and spaces it is written with', () => {
    const same = [
      { ward: ' 3b ', room: '4', bed: 'window' },
      { ward: '3B', room: '4', bed: 'Window ' },
    ].map(bedOf);
    expect(new Set(same).size).toBe(1);
    const others = [
      { ward: '3B', room: '4', bed: '1' },
      { ward: '3B', room: '4', bed: '01' },
      { ward: '3B', room: '', bed: '1' },
      { ward: '3B', room: '04', bed: '1' },
      { ward: '3', room: 'B4', bed: '1' },
    ].map(bedOf);
    expect(new Set(others).size).toBe(others.length);
    expect(bedOf({ ward: '', room: '4', bed: '1' })).toBeUndefined();
    expect(bedOf({ ward: '3B', room: '4', bed: '' })).toBeUndefined();
  });
});

describe('an admission', () => {
  it('binds every device at the bed from the event on, and no other', () => {
    const ward = wardOf({ 'mon-1': '1', 'oxi-1': '1', 'mon-2': '2', 'cuff-1': '' });
    expect(say(ward, 'admit', 'A', '1', { minutes: 10 })).toBeUndefined();
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–']);
    expect(timeline(ward, 'oxi-1')).toEqual(['A 10–']);
    expect(timeline(ward, 'mon-2')).toEqual([]);
    expect(timeline(ward, 'cuff-1')).toEqual([]);
  });

  it('ends whoever lay there, at the same moment', () => {
    const ward = wardOf({ 'mon-1': '1' });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    say(ward, 'admit', 'B', '1', { minutes: 30 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–30', 'B 30–']);
    expect(ward.changes.map(({ kind }) => kind)).toEqual(['begun', 'displaced', 'begun']);
  });

  it('reaches back no further than the device stands there', () => {
    const ward = wardOf({ 'mon-1': '1' }, { placedAt: at(20) });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 20–']);
  });

  it('leaves alone whom somebody bound later by hand', () => {
    const associations = { 'mon-1': [bound('X', at(40))] };
    const ward = wardOf({ 'mon-1': '1' }, { associations });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    expect(timeline(ward, 'mon-1')).toEqual(['X 40–']);
  });

  it('to a bed without a device is told, and ends what was elsewhere', () => {
    const ward = wardOf({ 'mon-1': '1' });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    expect(say(ward, 'transfer', 'A', '9', { minutes: 20 })).toBe('unknown-bed');
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–20']);
  });

  it.each([false, true])('that comes twice changes nothing (local time: %s)', (isLocal) => {
    const ward = wardOf({ 'mon-1': '1' });
    const said = { minutes: 10, isLocal };
    say(ward, 'admit', 'A', '1', said);
    expect(say(ward, 'admit', 'A', '1', said)).toBe('unchanged');
    say(ward, 'admit', 'B', '1', { minutes: 30, isLocal });
    const before = timeline(ward, 'mon-1');
    expect(say(ward, 'admit', 'A', '1', said)).toBe('unchanged');
    expect(timeline(ward, 'mon-1')).toEqual(before);
    say(ward, 'discharge', 'A', '1', { minutes: 40, isLocal });
    expect(say(ward, 'admit', 'A', '1', said)).toBe('outdated');
    expect(timeline(ward, 'mon-1')).toEqual(before);
  });

  it('of an archive that is played again moves nobody', () => {
    const ward = wardOf({ 'mon-1': '1' });
    const minutes = -40 * 24 * 60;
    expect(say(ward, 'admit', 'A', '1', { minutes })).toBe('outdated');
    expect(say(ward, 'admit', 'A', '1', { minutes, isLocal: true })).toBe('outdated');
    expect(say(ward, 'admit', 'A', '1', { minutes: 1, isHistoric: true })).toBe('historic');
    expect(timeline(ward, 'mon-1')).toEqual([]);
  });

  it('without a zone counts from its arrival', () => {
    const ward = wardOf({ 'mon-1': '1' });
    say(ward, 'admit', 'A', '1', { minutes: 10, isLocal: true });
    expect(timeline(ward, 'mon-1')).toEqual(['A 360–']);
  });

  it('for a visit without a bed does not move who lies in one', () => {
    const ward = wardOf({ 'mon-1': '1' });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    expect(say(ward, 'register', 'A', '9', { minutes: 20 })).toBe('unknown-bed');
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–']);
  });
});

describe('while the gateway does not know the time', () => {
  const received = { minutes: -180, isProvisional: true };

  it('the feed’s own instant counts', () => {
    const ward = wardOf({ 'mon-1': '1' });
    expect(say(ward, 'admit', 'A', '1', { minutes: 10, received })).toBeUndefined();
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–']);
  });

  it('and the feed states no zone, nothing begins, but what lasts ends', () => {
    const ward = wardOf({ 'mon-1': '1', 'mon-2': '2' });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    const late = { minutes: 30, isLocal: true, received };
    expect(say(ward, 'admit', 'B', '1', late)).toBe('clock-unknown');
    expect(timeline(ward, 'mon-1')).toEqual([]);
    say(ward, 'admit', 'C', '2', { minutes: 10 });
    say(ward, 'discharge', 'C', '2', { minutes: 40, isLocal: true, received });
    expect(timeline(ward, 'mon-2')).toEqual([]);
  });
});

it('a feed whose clock runs ahead counts from the arrival, and is put in order by its clock', () => {
  const ward = wardOf({ 'mon-1': '1' });
  const received = (minutes: number) => ({ minutes, isProvisional: false });
  say(ward, 'admit', 'A', '1', { minutes: 15, received: received(10) });
  say(ward, 'admit', 'B', '1', { minutes: 25, received: received(20) });
  expect(say(ward, 'admit', 'A', '1', { minutes: 15, received: received(22) })).toBe('unchanged');
  expect(timeline(ward, 'mon-1')).toEqual(['A 10–20', 'B 20–']);
});

describe('a transfer', () => {
  it('ends at the old bed and begins at the new; what stands at no bed comes along', () => {
    const associations = { 'pump-1': [bound('A', at(12))] };
    const ward = wardOf({ 'mon-1': '1', 'mon-2': '2', 'pump-1': '' }, { associations });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    say(ward, 'transfer', 'A', '2', { minutes: 30 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–30']);
    expect(timeline(ward, 'mon-2')).toEqual(['A 30–']);
    expect(timeline(ward, 'pump-1')).toEqual(['A 12–']);
    say(ward, 'discharge', 'A', '2', { minutes: 50 });
    expect(timeline(ward, 'mon-2')).toEqual(['A 30–50']);
    expect(timeline(ward, 'pump-1')).toEqual(['A 12–50']);
  });

  it('that is heard late binds nobody, but the time between is no patient’s', () => {
    const ward = wardOf({ 'mon-1': '1', 'mon-2': '2', 'mon-3': '3' });
    say(ward, 'admit', 'A', '1', { minutes: 0 });
    say(ward, 'transfer', 'A', '3', { minutes: 60 });
    expect(say(ward, 'transfer', 'A', '2', { minutes: 30 })).toBe('outdated');
    expect(timeline(ward, 'mon-1')).toEqual(['A 0–30']);
    expect(timeline(ward, 'mon-2')).toEqual([]);
    expect(timeline(ward, 'mon-3')).toEqual(['A 60–']);
  });

  it('that is cancelled never was', () => {
    const ward = wardOf({ 'mon-1': '1', 'mon-2': '2' });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    say(ward, 'transfer', 'A', '2', { minutes: 30 });
    say(ward, 'cancel-transfer', 'A', '1', { minutes: 40 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–']);
    expect(timeline(ward, 'mon-2')).toEqual([]);
  });
});

describe('a discharge', () => {
  it('that is cancelled never was, unless another patient came', () => {
    const ward = wardOf({ 'mon-1': '1', 'mon-2': '2' });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    say(ward, 'discharge', 'A', '1', { minutes: 30 });
    say(ward, 'cancel-discharge', 'A', '1', { minutes: 40 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–']);

    say(ward, 'discharge', 'A', '1', { minutes: 50 });
    say(ward, 'admit', 'B', '1', { minutes: 55 });
    say(ward, 'cancel-discharge', 'A', '2', { minutes: 60 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–50', 'B 55–']);
    expect(timeline(ward, 'mon-2')).toEqual(['A 60–']);
  });

  it('of another visit ends nothing', () => {
    const ward = wardOf({ 'mon-1': '1' });
    say(ward, 'admit', 'A', '1', { minutes: 10, visit: 'V1' });
    expect(say(ward, 'discharge', 'A', '', { minutes: 20, visit: 'V2' })).toBe('other-visit');
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–']);
    say(ward, 'discharge', 'A', '', { minutes: 30, visit: 'V1' });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–30']);
  });
});

it('an admission that is cancelled never was', () => {
  const ward = wardOf({ 'mon-1': '1' });
  say(ward, 'admit', 'A', '1', { minutes: 10 });
  say(ward, 'cancel-admit', 'A', '1', { minutes: 20 });
  expect(timeline(ward, 'mon-1')).toEqual([]);
});

describe('an update', () => {
  it('binds nobody and ends nothing, before, during and after the stay', () => {
    const ward = wardOf({ 'mon-1': '1' });
    expect(say(ward, 'update', 'A', '1', { minutes: 5 })).toBeUndefined();
    expect(timeline(ward, 'mon-1')).toEqual([]);
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    say(ward, 'update', 'A', '1', { minutes: 20 });
    say(ward, 'update', 'A', '', { minutes: 21 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–']);
    say(ward, 'discharge', 'A', '1', { minutes: 30 });
    say(ward, 'update', 'A', '1', { minutes: 40 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–30']);
  });

  it('that names another bed of a patient who is there is a transfer', () => {
    const ward = wardOf({ 'mon-1': '1', 'mon-2': '2' });
    say(ward, 'admit', 'A', '1', { minutes: 10 });
    say(ward, 'update', 'A', '2', { minutes: 20 });
    expect(timeline(ward, 'mon-1')).toEqual(['A 10–20']);
    expect(timeline(ward, 'mon-2')).toEqual(['A 20–']);
  });
});

/**
 * What really happened on a ward of three beds, a minute a step: who may come to a free bed does,
 * whoever lies there moves, stays or goes. A bed is never two patients' at once.
 */
const courses = fc.array(fc.tuple(fc.constantFrom('A', 'B', 'C', 'D'), fc.nat(3)), {
  minLength: 1,
  maxLength: 14,
});
const beds = ['1', '2', '3'];

interface Happened {
  readonly event: AdmissionEvent;
  readonly subject: string;
  readonly bed: string;
  readonly minutes: number;
}

function live(course: readonly (readonly [string, number])[]): readonly Happened[] {
  const lies = new Map<string, string>();
  return course.flatMap(([subject, choice], minutes): Happened[] => {
    const from = lies.get(subject);
    const bed = beds[choice];
    if (bed === undefined) {
      if (from === undefined) return [];
      lies.delete(subject);
      return [{ event: 'discharge', subject, bed: from, minutes }];
    }
    if (from === bed) return [{ event: 'update', subject, bed, minutes }];
    if ([...lies.values()].includes(bed)) return [];
    lies.set(subject, bed);
    return [{ event: from === undefined ? 'admit' : 'transfer', subject, bed, minutes }];
  });
}

/** Who lay in a bed half a minute after each step, as it really was. */
function whoLay(happened: readonly Happened[], bed: string, minutes: number): string | undefined {
  const lies = new Map<string, string>();
  for (const one of happened) {
    if (one.minutes > minutes) break;
    if (one.event === 'discharge') lies.delete(one.subject);
    else if (one.event !== 'update') lies.set(one.subject, one.bed);
  }
  return [...lies].find(([, where]) => where === bed)?.[0];
}

describe('whatever the order in which it is heard, and however often', () => {
  const heard = courses.chain((course) => {
    const happened = live(course);
    const all = [...happened, ...happened];
    return fc.tuple(
      fc.constant(happened),
      fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
    );
  });

  it('no device is bound to a patient who was not in its bed, nor to two at once', () => {
    fc.assert(
      fc.property(heard, ([happened, messages]) => {
        const ward = wardOf({ 'mon-1': '1', 'mon-2': '2', 'mon-3': '3' });
        for (const { event, subject, bed, minutes } of messages) {
          say(ward, event, subject, bed, { minutes });
        }
        for (const bed of beds) {
          for (let minutes = 0; minutes < 15; minutes += 1) {
            const moment = at(minutes + 0.5);
            const then = ward
              .associationsOf(`mon-${bed}` as DeviceId)
              .filter(
                ({ since, until = Number.POSITIVE_INFINITY }) => since <= moment && moment < until,
              );
            expect(then.length).toBeLessThanOrEqual(1);
            const [association] = then;
            if (association) {
              expect(association.subject.reveal()).toBe(whoLay(happened, bed, minutes));
            }
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([false, true])('in order it is exactly what happened (local time: %s)', (isLocal) => {
    fc.assert(
      fc.property(courses, (course) => {
        const happened = live(course);
        const ward = wardOf({ 'mon-1': '1', 'mon-2': '2', 'mon-3': '3' });
        for (const { event, subject, bed, minutes } of happened) {
          say(ward, event, subject, bed, { minutes, isLocal });
        }
        const last = isLocal ? evening : at(14.5);
        for (const bed of beds) {
          const [now] = ward
            .associationsOf(`mon-${bed}` as DeviceId)
            .filter(({ since, until = Number.POSITIVE_INFINITY }) => since <= last && last < until);
          expect(now?.subject.reveal()).toBe(whoLay(happened, bed, 14));
        }
      }),
    );
  });
});
