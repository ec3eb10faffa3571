import type { Device } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { RamaReport } from '../core/rama.ts';
import { type RamaGrain, type RamaGroup, type RamaPoint, siteName } from '../core/rama-point.ts';
import type { Admission } from '../pipeline/admission.ts';
import type { Store } from '../store/store.ts';
import { createRamaEvidence, handshakeSource } from './rama-evidence.ts';
import {
  findRated,
  type RatedDevice,
  rateDevice,
  ratedDevices,
  rateSite,
  reportDevice,
  type SiteRating,
} from './rama-site.ts';
import type { RatingMaterial } from './rama-subject.ts';

/** Devices scored in one turn: admission waits meanwhile. */
const devicesPerTurnMax = 50;
const hourMs = 3_600_000;
/** Less is no news. */
const pointsChangedMin = 0.1;

export interface RamaChange {
  readonly device: string;
  readonly score: number;
  readonly before: number | undefined;
}

/** The scores of the site in the keeper thread: anew on change, once a second at most, and hourly. */
export interface RamaKeeping {
  onKept(admission: Admission): void;
  /** Something is different about a device. */
  mark(device: string): void;
  /** Scores what changed, and says whose score did. Called once a second. */
  turn(now: Instant): readonly RamaChange[];
  use(material: RatingMaterial): void;
  rated(): readonly RatedDevice[];
  site(group: RamaGroup): SiteRating;
  /** Undefined where there is no such device. */
  report(id: string, now: Instant): RamaReport | undefined;
  course(id: string, grain: RamaGrain, countMax: number): readonly RamaPoint[];
}

export function keepRama(store: Store, material: RatingMaterial): RamaKeeping {
  return new RamaKeeper(store, material);
}

class RamaKeeper implements RamaKeeping {
  readonly #store: Store;
  #material: RatingMaterial;
  readonly #evidence = createRamaEvidence();
  readonly #latest = new Map<string, RatedDevice>();
  /** Told to be different, before those whose turn it is by the clock. */
  readonly #marked = new Set<string>();
  readonly #due = new Set<string>();
  readonly #heard = new Map<string, number>();
  #version: number | undefined;
  #hour: number | undefined;

  constructor(store: Store, material: RatingMaterial) {
    this.#store = store;
    this.#material = material;
  }

  onKept({ findings, signals, observed }: Admission): void {
    for (const { about } of findings) this.mark(about);
    for (const device of this.#evidence.see(signals)) this.mark(device);
    for (const [newest] of observed) if (newest) this.#heard.set(newest.device, newest.receivedAt);
  }

  mark(device: string): void {
    if (this.#latest.has(device)) this.#marked.add(device);
  }

  turn(now: Instant): readonly RamaChange[] {
    const isHour = hourOf(now) !== this.#hour;
    const version = this.#store.version();
    if (isHour || version !== this.#version) this.#markAll();
    this.#version = version;
    const ids = [...new Set([...this.#marked, ...this.#due])].slice(0, devicesPerTurnMax);
    // Nothing is written for nothing: an SD card wears out.
    if (ids.length === 0 && this.#evidence.isEmpty()) return [];
    const changes = this.#store.transact(() => {
      if (isHour) this.#turnHour(now);
      return this.#rateAll(ids, now);
    });
    if (isHour) this.#heard.clear();
    this.#hour = hourOf(now);
    this.#evidence.clear();
    for (const id of ids) {
      this.#marked.delete(id);
      this.#due.delete(id);
    }
    return changes;
  }

  use(material: RatingMaterial): void {
    this.#material = material;
    this.#markAll();
  }

  rated(): readonly RatedDevice[] {
    return [...this.#latest.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  site(group: RamaGroup): SiteRating {
    return rateSite([...this.#latest.values()], group);
  }

  report(id: string, now: Instant): RamaReport | undefined {
    const device = findRated(this.#store, id);
    return device && reportDevice(this.#store, this.#material, device, now);
  }

  course(id: string, grain: RamaGrain, countMax: number): readonly RamaPoint[] {
    return this.#store.ramaPoints.of(id, grain, countMax);
  }

  #markAll(): void {
    const ids = new Set<string>(ratedDevices(this.#store).map(({ id }) => id));
    for (const id of ids) this.#due.add(id);
    for (const id of this.#latest.keys()) if (!ids.has(id)) this.#latest.delete(id);
  }

  #turnHour(now: Instant): void {
    this.#store.ramaPoints.forget(now);
    // Whoever is still heard is so over the handshake that was seen.
    for (const [device, at] of this.#heard) {
      this.#store.statements.refresh(device, handshakeSource, at);
    }
  }

  /** Everything of one turn, within its transaction. */
  #rateAll(ids: readonly string[], now: Instant): readonly RamaChange[] {
    this.#evidence.write(this.#store);
    const changes = ids.flatMap((id) => {
      const device = findRated(this.#store, id);
      return device ? this.#rate(device, now) : [];
    });
    const local = ids.length > 0 ? this.site('ward').local : undefined;
    if (local) {
      const { score } = local;
      this.#store.ramaPoints.add(siteName, now, { score, low: score, high: score });
    }
    return changes;
  }

  #rate(device: Device, now: Instant): RamaChange[] {
    const { id } = device;
    const rated = rateDevice(this.#store, this.#material, device, now);
    const last = this.#latest.get(id)?.rama;
    const { score } = rated.rama;
    this.#latest.set(id, rated);
    const isNews = last === undefined || Math.abs(score - last.score) >= pointsChangedMin;
    const isHour = hourOf(now) !== hourOf(last?.at ?? now);
    if (isNews || isHour) this.#store.ramaPoints.add(id, now, rated.rama);
    return isNews ? [{ device: id, score, before: last?.score }] : [];
  }
}

function hourOf(at: number): number {
  return Math.floor(at / hourMs);
}
