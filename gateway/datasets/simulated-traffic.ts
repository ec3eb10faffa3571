import type { DeviceId } from '../core/device.ts';
import type { Channel } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import type { Random } from '../core/random.ts';
import type { Signal } from '../core/signal.ts';

/** One message as a link hands it over. */
export interface Payload {
  readonly channel: Channel;
  readonly bytes: number;
  readonly records: number;
  readonly entropyBits: number;
}

/** What one device says, moment by moment; it begins anew at the end. */
export interface Script {
  readonly perSecondMax: number;
  readonly silentAfterMs: number;
  readonly moments: readonly (readonly Payload[])[];
}

/** How one device of that script lives on a ward. Rates are by the hour. */
interface Habits {
  readonly periodMs: number;
  /** Standard deviation of a moment about its turn, as a share of the period. */
  readonly jitter: number;
  /** Moments come when they come, not in turn. */
  readonly isIrregular: boolean;
  readonly stalls: number;
  readonly reconnects: number;
  readonly offs: number;
  readonly alarms: number;
  readonly looseSensors: number;
  readonly spoils: number;
  readonly clockSteps: number;
  /** A bad network: it comes and goes some times within minutes. */
  readonly flaps: number;
  /** Filters it subscribes to whenever it comes back. */
  readonly filters: number;
  /** Something else that it says now and then, in turn or when somebody asks it to. */
  readonly aside?: { readonly everyMs: number; readonly isInTurn: boolean; readonly what: Payload };
}

const hourMs = 3_600_000;
/** Why connections end without anybody’s wish. */
const causes = ['ECONNRESET', 'keep-alive', 'closed', 'taken-over'] as const;
const lineGapMs = 8;
/** Of connections, those with a certificate issued since the one before. */
const renewalShare = 0.02;
/** Of devices, those that say something else now and then. */
const asideShare = 0.4;

function habitsOf({ perSecondMax, silentAfterMs, moments }: Script, random: Random): Habits {
  const messages = moments.reduce((sum, { length }) => sum + length, 0) / moments.length;
  const shortestMs = Math.max(300, (1_000 * messages) / perSecondMax);
  const longestMs = Math.max(shortestMs * 1.01, Math.min(120_000, silentAfterMs * 0.6));
  // A cable hands over pieces: nothing stands apart in it.
  const isTold = !moments.some((moment) => moment.some(({ channel }) => channel === 'line'));
  const perDay = (from: number, to: number) => random.logBetween(from, to) / 24;
  return {
    periodMs: random.logBetween(shortestMs, longestMs),
    jitter: random.logBetween(0.002, 0.15),
    isIrregular: random.next() < 0.15,
    stalls: random.logBetween(0.02, 2),
    reconnects: perDay(0.2, 2),
    offs: perDay(0.2, 1),
    alarms: perDay(0.5, 24),
    looseSensors: perDay(0.5, 8),
    spoils: perDay(0.02, 0.3),
    clockSteps: perDay(0.02, 0.3),
    flaps: perDay(0.02, 0.2),
    filters: Math.floor(random.between(0, 3)),
    ...(isTold && random.next() < asideShare && { aside: asideOf(random) }),
  };
}

/** A cuff that measures every so often, a status, a spot check. */
function asideOf(random: Random): NonNullable<Habits['aside']> {
  const bytes = Math.round(random.logBetween(30, 400));
  const entropyBits = random.between(3.6, 5);
  return {
    everyMs: random.logBetween(60_000, 3_600_000),
    isInTurn: random.next() < 0.5,
    what: { channel: 'observations', bytes, records: 1, entropyBits },
  };
}

/** What befalls a device now and then, and how often in an hour. */
type Mishap = 'stall' | 'reconnect' | 'flap' | 'off' | 'alarm' | 'loose' | 'spoil' | 'clock';

/** A day (or part of one) of one device, as the gateway sees it, in the order it came. */
export function simulateTraffic(
  device: DeviceId,
  script: Script,
  {
    from,
    hours,
    random,
  }: { readonly from: number; readonly hours: number; readonly random: Random },
): readonly Signal[] {
  const habits = habitsOf(script, random);
  const end = from + hours * hourMs;
  const life = new Life(device, script, habits, random, from);
  while (life.at < end) life.live();
  life.ping(from, end);
  life.sayAside(from, end);
  return life.signals.sort((one, other) => one.at - other.at);
}

/** One device while it lives. */
class Life {
  readonly signals: Signal[] = [];
  at: number;
  readonly #device: DeviceId;
  readonly #script: Script;
  readonly #habits: Habits;
  readonly #random: Random;
  readonly #rates: ReadonlyMap<Mishap, number>;
  readonly #next: Map<Mishap, number>;
  #moment = 0;
  #certificate = 0;
  #looseUntil = 0;
  #stalledUntil = 0;
  #backAt = 0;
  readonly #away: [number, number][] = [];

  constructor(device: DeviceId, script: Script, habits: Habits, random: Random, from: number) {
    this.#device = device;
    this.#script = script;
    this.#habits = habits;
    this.#random = random;
    this.at = from;
    const { stalls, reconnects, flaps, offs, alarms, looseSensors, spoils, clockSteps } = habits;
    const rates: readonly [Mishap, number][] = [
      ['stall', stalls],
      ['reconnect', reconnects],
      ['flap', flaps],
      ['off', offs],
      ['alarm', alarms],
      ['loose', looseSensors],
      ['spoil', spoils],
      ['clock', clockSteps],
    ];
    this.#rates = new Map(rates);
    this.#next = new Map(
      rates.map(([mishap, rate]) => [mishap, from + random.wait(rate) * hourMs]),
    );
    this.#come(from);
    // Nobody starts on the full second.
    this.at += random.next() * habits.periodMs;
  }

  /** One moment of the device, and what befell it before. */
  live(): void {
    const { periodMs, jitter, isIrregular } = this.#habits;
    for (const [mishap, due] of this.#next) {
      if (due > this.at) continue;
      this.#befall(mishap);
      const rate = this.#rates.get(mishap) ?? 0;
      this.#next.set(mishap, this.at + this.#random.wait(rate) * hourMs);
    }
    const shift = isIrregular ? 0 : this.#random.normal() * jitter * periodMs;
    // What waits in a stalled line arrives when it is free again.
    this.#speak(Math.max(this.at + shift, this.#stalledUntil));
    this.at += isIrregular ? this.#random.wait(1 / periodMs) : periodMs;
  }

  /** It pings where it has nothing to say for long; the gateway tells of pings at each sweep. */
  ping(from: number, end: number): void {
    const everyMs = this.#random.logBetween(15_000, 120_000);
    if (this.#habits.periodMs < everyMs) return;
    for (let at = from + everyMs; at < end; at += everyMs) {
      this.signals.push({ kind: 'pinged', count: 1, device: this.#device, at: at as Instant });
    }
  }

  /** What it says beside its turns, whenever it is there. */
  sayAside(from: number, end: number): void {
    const { aside } = this.#habits;
    if (aside === undefined) return;
    const { everyMs, isInTurn, what } = aside;
    const wait = () => (isInTurn ? everyMs : this.#random.wait(1 / everyMs));
    for (let at = from + this.#random.next() * everyMs; at < end; at += wait()) {
      const isAway = this.#away.some(([left, back]) => at > left && at < back);
      if (isAway) continue;
      this.signals.push({ kind: 'message', device: this.#device, at: at as Instant, ...what });
    }
  }

  #speak(at: number): void {
    const { moments } = this.#script;
    const moment = moments[this.#moment % moments.length] ?? [];
    this.#moment += 1;
    for (const [index, payload] of moment.entries()) {
      const instant = (at + index * lineGapMs) as Instant;
      this.signals.push({ kind: 'message', device: this.#device, at: instant, ...payload });
    }
    if (at < this.#looseUntil) {
      this.#reject('implausible', at);
      if (this.#random.next() < 0.5) this.#reject('implausible', at);
    }
  }

  #befall(mishap: Mishap): void {
    const random = this.#random;
    switch (mishap) {
      case 'stall':
        this.#stalledUntil = this.at + random.logBetween(200, 4_000);
        return;
      case 'reconnect':
        this.#reconnect(random.pick(causes), 2_000, 60_000);
        return;
      case 'flap':
        for (let left = 1 + Math.ceil(random.next() * 3); left > 0; left -= 1) {
          this.#reconnect(random.pick(causes), 2_000, 60_000);
          this.at = this.#backAt + random.logBetween(1_000, 60_000);
        }
        return;
      case 'off':
        this.#reconnect('disconnect', 120_000, 2_400_000);
        // It was off: nothing waits in it.
        this.at = this.#backAt;
        return;
      case 'alarm':
        this.#alarm();
        return;
      case 'loose':
        this.#looseUntil = this.at + random.logBetween(5_000, 180_000);
        return;
      case 'spoil':
        this.#reject('malformed', this.at);
        return;
      case 'clock':
        this.signals.push({
          ...{ kind: 'clock-stepped', cause: 'set', device: this.#device },
          ...{ at: this.at as Instant, stepMs: 1_000 },
        });
    }
  }

  /** It comes back, says at once what it could not, and the last of it a second time. */
  #reconnect(cause: string, shortestMs: number, longestMs: number): void {
    const random = this.#random;
    const back = this.at + random.logBetween(shortestMs, longestMs);
    const origin = { device: this.#device, at: this.at as Instant };
    // Where the network broke, the gateway hears of it only when the device is there again.
    if (cause === 'taken-over') {
      const at = back as Instant;
      const isSameAddress = random.next() < 0.7;
      this.signals.push({ ...origin, at, kind: 'taken-over', isSameAddress, wasAlive: false });
    } else this.signals.push({ ...origin, kind: 'disconnected', cause });
    this.#come(back);
    this.#backAt = back;
    this.#away.push([this.at, back]);
    if (cause === 'disconnect') return;
    this.#stalledUntil = back + random.between(10, 500);
    if (random.next() < 0.5) this.#reject('duplicate', this.#stalledUntil);
  }

  #alarm(): void {
    const count = 1 + Math.floor(this.#random.next() * 10);
    let at = this.at;
    for (let index = 0; index < count; index += 1) {
      const payload = { channel: 'alerts', bytes: 180, records: 1, entropyBits: 4.8 } as const;
      this.signals.push({
        ...{ kind: 'message', device: this.#device, at: at as Instant },
        ...payload,
      });
      at += this.#random.logBetween(500, 30_000);
    }
  }

  /** A new certificate now and then, a new connection, and its subscriptions. */
  #come(at: number): void {
    const origin = { device: this.#device, at: at as Instant };
    if (this.#random.next() < renewalShare) this.#certificate += 1;
    this.signals.push({
      ...{ ...origin, kind: 'handshake', version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
      ...{ isResumed: false, certificate: `${this.#certificate}`, algorithms: '' },
    });
    this.signals.push({ ...origin, kind: 'connected' });
    for (let filters = 1; filters <= this.#habits.filters; filters += 1) {
      const topic = `devices/${this.#device}/commands/${filters}`;
      this.signals.push({ ...origin, kind: 'subscribed', topic, filters, reach: 1 });
    }
  }

  #reject(reason: string, at: number): void {
    this.signals.push({
      ...{ kind: 'rejected', reason, detail: '', device: this.#device, at: at as Instant },
    });
  }
}
