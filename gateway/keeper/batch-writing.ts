import type { KnownClock } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { Intake, Rejection } from '../core/intake.ts';
import type { Admission } from '../pipeline/admission.ts';
import type { PolicyMaker } from '../policy-maker.ts';
import type { OutboxBudget, Shed } from '../store/outbox.ts';
import type { Store } from '../store/store.ts';
import { auditRefused, keepBindings } from '../ward/association.ts';
import { keepDepartures } from '../ward/departing.ts';
import type { Evidence } from '../ward/evidence.ts';
import { answerFindings } from '../ward/responding.ts';
import type { Circumstances } from '../ward/situation.ts';

/** The most rejections of one batch that are written down one by one; the rest are counted. */
const rejectionsPerBatchMax = 1_000;

/** All that came of a batch, within its transaction. */
export function writeBatch(
  store: Store,
  maker: PolicyMaker,
  admission: Admission,
  clocks: ReadonlyMap<DeviceId, KnownClock>,
  budget: OutboxBudget,
  circumstances: Circumstances & Said,
): Written {
  const { departures, held, announced, quarantined, rejected, losses, findings } = admission;
  keepDepartures(store, admission);
  for (const { device, cause, observations } of held) {
    store.held.add(device, observations, cause, observations[0]?.receivedAt ?? 0);
  }
  for (const [device, serialNumber] of announced) store.devices.announce(device, serialNumber);
  for (const [device, counter] of admission.counters) store.deviceKeys.count(device, counter);
  for (const [device, clock] of clocks) store.deviceClocks.save(device, clock);
  const released = keepBindings(store, maker, admission);
  auditRefused(store, rejected);
  keepRejections(store, rejected);
  for (const [device, { discardedBytes, missedMessages, lateMessages }] of losses) {
    store.counters.add(`discarded-bytes/${device}`, discardedBytes);
    store.counters.add(`missed-messages/${device}`, missedMessages);
    store.counters.add(`late-messages/${device}`, lateMessages);
  }
  for (const [device, count] of quarantined) store.counters.add(`quarantined/${device}`, count);
  const numbers = store.journal.addFindings(findings);
  circumstances.evidence.keep(store, circumstances.intakes, findings, numbers);
  const responses = answerFindings(store, findings, numbers, circumstances);
  const isFuller = departures.length + released > 0;
  const shed = isFuller ? store.outbox.shed(budget) : [];
  return { shed, released, hasAnswered: responses.some(({ state }) => state === 'active') };
}

interface Said {
  readonly evidence: Evidence;
  readonly intakes: readonly Intake[];
}

export interface Written {
  readonly shed: readonly Shed[];
  readonly released: number;
  /** Something is in force from the next batch on. */
  readonly hasAnswered: boolean;
}

function keepRejections(store: Store, rejected: readonly Rejection[]): void {
  store.journal.addRejections(rejected.slice(0, rejectionsPerBatchMax));
  const beyond = rejected.length - rejectionsPerBatchMax;
  if (beyond > 0) store.counters.add('rejections-not-written', beyond);
}
