import type { AuditRecord } from '../core/audit-entry.ts';
import type { Device } from '../core/device.ts';
import type { Episode } from '../core/episode.ts';
import type { HourCount } from '../core/finding.ts';
import type { DeviceState, EpisodeQuery, HeldState, OutboxState } from '../core/site-state.ts';
import { alertRateHours } from '../features/alert-rate.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Store } from '../store/store.ts';
import { deviceKinds } from '../trust/certificate-calls.ts';
import {
  type EpisodeDetail,
  findEpisode,
  type JudgementOrder,
  judgeEpisode,
} from '../ward/finding-orders.ts';

/** What the interface asks of the site's store, in the keeper thread. Plain data in and out. */
export interface SiteCalls {
  /** Devices after an id, at most so many; with subjects only for whoever may see patients. */
  deviceStates(page: DevicePage, now: number): readonly DeviceState[];
  deviceState(id: string, withSubject: boolean, now: number): DeviceState | undefined;
  findings(query: EpisodeQuery): readonly Episode[];
  finding(sequence: number): EpisodeDetail | undefined;
  judgeFinding(order: JudgementOrder): Episode;
  /** How many findings there were of each detector, hour by hour, and since when they are kept. */
  findingCounts(now: number): {
    readonly counts: readonly HourCount[];
    readonly hoursKnown: number;
  };
  outboxState(): OutboxState;
  /** Puts what was refused back. Returns how many entries. */
  retryOutbox(relay: string | undefined, actor: string, now: number): number;
  /** Certificates that have not expired, or only a while ago. */
  certificatesInForce(now: number): readonly RegisteredCertificate[];
  auditPage(after: number, countMax: number): readonly AuditRecord[];
}

/** How long ago a certificate may have expired and still count among the figures. */
const expiredShownMs = 30 * 86_400_000;

export interface DevicePage {
  readonly after: string;
  readonly countMax: number;
  readonly withSubjects: boolean;
}

export function siteCalls(store: Store): SiteCalls {
  return {
    deviceStates({ after, countMax, withSubjects }, now) {
      const held = Map.groupBy(store.held.depths(), ({ device }) => device);
      return store.devices
        .page(after, countMax)
        .map((device) => stateOf(store, device, held.get(device.id) ?? [], withSubjects, now));
    },
    deviceState(id, withSubject, now) {
      const device = store.devices.find(id);
      const held = store.held.depths().filter((row) => row.device === id);
      return device && stateOf(store, device, held, withSubject, now);
    },
    findings: (query) => store.journal.episodes.page(query),
    finding: (sequence) => findEpisode(store, sequence),
    judgeFinding: (order) => judgeEpisode(store, order),
    findingCounts(now) {
      const { counts, first = now } = store.journal.findingCounts(now, alertRateHours);
      return { counts, hoursKnown: (now - first) / 3_600_000 };
    },
    outboxState: () => ({
      lanes: store.outbox.depths(),
      refused: store.outbox.refusals(),
      held: store.held.depths(),
      counters: store.counters.all(),
    }),
    retryOutbox: (relay, actor, now) =>
      store.transact(() => {
        const entries = store.outbox.retry(relay);
        store.audit.add({
          at: now,
          actor,
          action: 'outbox.retry',
          object: relay ?? 'all',
          outcome: 'success',
          detail: `${entries} entries`,
        });
        return entries;
      }),
    certificatesInForce: (now) => store.certificates.current(now - expiredShownMs),
    auditPage: (after, countMax) => store.audit.list(after, countMax),
  };
}

function stateOf(
  store: Store,
  device: Device,
  held: readonly HeldState[],
  withSubject: boolean,
  now: number,
): DeviceState {
  const [certificate] = store.certificates.of(device.id, deviceKinds);
  const [association] = store.devices.associations(device.id);
  const isBound = association !== undefined && (association.until ?? now + 1) > now;
  return {
    ...device,
    announcedSerialNumber: store.devices.serialNumber(device.id),
    certificate,
    ...(isBound && { boundSince: association.since }),
    ...(isBound && withSubject && { subject: association.subject.reveal() }),
    quarantine: store.quarantines.find(device.id),
    held,
  };
}
