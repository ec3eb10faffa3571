import type { Device } from './core/device.ts';
import type { Instant } from './core/observation.ts';
import type { RamaReport } from './core/rama.ts';
import { type RamaGrain, type RamaGroup, type RamaPoint, siteName } from './core/rama-point.ts';
import type { Admission } from './pipeline.ts';
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
import type { Store } from './store/store.ts';

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

export function keepRama(store: Store, first: RatingMaterial): RamaKeeping {
  let material = first;
  const evidence = createRamaEvidence();
  const latest = new Map<string, RatedDevice>();
  /** Told to be different, before those whose turn it is by the clock. */
  const marked = new Set<string>();
  const due = new Set<string>();
  const heard = new Map<string, number>();
  let version: number | undefined;
  let hour: number | undefined;

  function markAll(): void {
    const devices = ratedDevices(store);
    for (const { id } of devices) due.add(id);
    const ids = new Set<string>(devices.map(({ id }) => id));
    for (const id of latest.keys()) if (!ids.has(id)) latest.delete(id);
  }

  function turnHour(now: Instant): void {
    store.ramaPoints.forget(now);
    // Whoever is still heard is so over the handshake that was seen.
    for (const [device, at] of heard) store.statements.refresh(device, handshakeSource, at);
  }

  function rate(device: Device, now: Instant): RamaChange[] {
    const rated = rateDevice(store, material, device, now);
    const last = latest.get(device.id)?.rama;
    const before = last?.score;
    const { score } = rated.rama;
    latest.set(device.id, rated);
    const isNews = before === undefined || Math.abs(score - before) >= pointsChangedMin;
    const isHour = hourOf(now) !== hourOf(last?.at ?? now);
    if (isNews || isHour) store.ramaPoints.add(device.id, now, rated.rama);
    return isNews ? [{ device: device.id, score, before }] : [];
  }

  /** Everything of one turn, within its transaction. */
  function write(ids: readonly string[], now: Instant, isHour: boolean): readonly RamaChange[] {
    evidence.write(store);
    const changes = ids.flatMap((id) => {
      const device = findRated(store, id);
      return device ? rate(device, now) : [];
    });
    const isNew = changes.length > 0 || isHour;
    const local = isNew ? rateSite([...latest.values()], 'ward').local : undefined;
    if (local) {
      const { score } = local;
      store.ramaPoints.add(siteName, now, { score, low: score, high: score });
    }
    return changes;
  }

  function mark(device: string): void {
    if (latest.has(device)) marked.add(device);
  }

  return {
    onKept({ findings, signals, observed }) {
      for (const { about } of findings) mark(about);
      for (const device of evidence.see(signals)) mark(device);
      for (const [newest] of observed) if (newest) heard.set(newest.device, newest.receivedAt);
    },
    mark,
    turn(now) {
      const changed = store.version();
      if (changed !== version) markAll();
      version = changed;
      const isHour = hourOf(now) !== hour;
      // Nothing is written for nothing: an SD card wears out.
      if (!isHour && marked.size + due.size === 0 && evidence.isEmpty()) return [];
      if (isHour) markAll();
      const ids = [...new Set([...marked, ...due])].slice(0, devicesPerTurnMax);
      const changes = store.transact(() => {
        if (isHour) turnHour(now);
        return write(ids, now, isHour);
      });
      if (isHour) heard.clear();
      hour = hourOf(now);
      evidence.clear();
      for (const id of ids) {
        marked.delete(id);
        due.delete(id);
      }
      return changes;
    },
    use(next) {
      material = next;
      markAll();
    },
    rated: () => [...latest.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    site: (group) => rateSite([...latest.values()], group),
    report(id, now) {
      const device = findRated(store, id);
      return device && reportDevice(store, material, device, now);
    },
    course: (id, grain, countMax) => store.ramaPoints.of(id, grain, countMax),
  };
}

function hourOf(at: number): number {
  return Math.floor(at / hourMs);
}
