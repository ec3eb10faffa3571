/** Something a person did: an act of the audit trail, or looking at so many patients within an hour. */
export interface Deed {
  readonly actor: string;
  readonly action: string;
  readonly at: number;
  readonly patients?: number | undefined;
}

/** On how many days somebody did something of that kind; a day counts by half after thirty. */
export interface Habit {
  readonly what: string;
  readonly days: number;
  /** Since the epoch, UTC. */
  readonly lastDay: number;
}

/** How rare a deed is for whoever did it, in bits: by what it is, by its hour, by how many patients. */
export interface Rarity {
  readonly bits: number;
  readonly actionBits: number;
  readonly hourBits: number;
  readonly patientsBits: number;
  /** The days it is judged by. */
  readonly days: number;
}

/** Looking at patients is no entry of the audit trail. */
export const patientsSeen = 'patients.seen';
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const halfLifeDays = 30;
/** Whoever is new does everything for the first time. */
const daysMin = 7;
/** A shift does not begin by the minute, nor by summer time. */
const hourReach = 2;
/** What was seen once is no habit: nobody teaches it by doing it. */
const repeatedDays = 1.5;
/** Each doubling beyond what was seen more than once. */
const doublingBits = 1.25;

/** What is counted of a deed, a day at most once. */
function traitsOf({ action, at, patients }: Deed): readonly string[] {
  const traits = ['day', `action:${action}`, `hour:${hourOf(at)}`];
  return patients === undefined ? traits : [...traits, `patients:${doublings(patients)}`];
}

/** Undefined: nobody knows yet what is usual for this person. */
export function rarityOf(deed: Deed, habits: readonly Habit[]): Rarity | undefined {
  const today = dayOf(deed.at);
  const daysOf = (what: string) => {
    const habit = habits.find((each) => each.what === what);
    return habit ? faded(habit, today) : 0;
  };
  const days = daysOf('day');
  if (days < daysMin) return undefined;
  const bitsOf = (seen: number) => Math.max(0, -Math.log2((seen + 0.5) / (days + 1)));
  const hour = hourOf(deed.at);
  const near = Array.from({ length: 2 * hourReach + 1 }, (_, index) =>
    daysOf(`hour:${(hour + index - hourReach + 24) % 24}`),
  );
  const actionBits = bitsOf(daysOf(`action:${deed.action}`));
  const hourBits = bitsOf(Math.max(...near));
  const patientsBits = deed.patients === undefined ? 0 : patientsRarity(deed.patients);
  const bits = actionBits + hourBits + patientsBits;
  return { bits, actionBits, hourBits, patientsBits, days };

  function patientsRarity(patients: number): number {
    const reached = doublings(patients);
    const known = habits
      .filter(({ what }) => what.startsWith('patients:'))
      .filter((habit) => faded(habit, today) >= repeatedDays)
      .map(({ what }) => Number(what.slice('patients:'.length)));
    const beyond = Math.max(0, reached - Math.max(0, ...known));
    return bitsOf(daysOf(`patients:${reached}`)) + beyond * doublingBits;
  }
}

/** What is known of somebody after a deed: only what changed. */
export function learned(deed: Deed, habits: readonly Habit[]): readonly Habit[] {
  const lastDay = dayOf(deed.at);
  return traitsOf(deed).flatMap((what) => {
    const before = habits.find((each) => each.what === what);
    if (before && before.lastDay >= lastDay) return [];
    return [{ what, days: 1 + (before ? faded(before, lastDay) : 0), lastDay }];
  });
}

function faded({ days, lastDay }: Habit, today: number): number {
  return days * 2 ** (-Math.max(0, today - lastDay) / halfLifeDays);
}

function dayOf(at: number): number {
  return Math.floor(at / dayMs);
}

function hourOf(at: number): number {
  return Math.floor((at % dayMs) / hourMs);
}

function doublings(patients: number): number {
  return Math.floor(Math.log2(Math.max(1, patients)));
}

/** Two things at once that somebody did on none of some twenty days; one alone is a day like any other. */
const unusualBits = 10;

export function isUnusual({ bits }: Pick<Rarity, 'bits'>): boolean {
  return bits >= unusualBits;
}
