import type { Batch } from './batch.ts';
import { intakesOf } from './batch.ts';
import type { DeviceId } from './core/device.ts';
import type { Finding } from './core/finding.ts';
import type { Intake, Rejection } from './core/intake.ts';
import { createMemory } from './core/memory.ts';
import type { Instant } from './core/observation.ts';
import { type Admission, admit, type Policy, release } from './pipeline.ts';
import type { PolicyMaker } from './policy.ts';
import { lineKey } from './stages/read.ts';
import type { Shed } from './store/outbox.ts';
import type { Store } from './store/store.ts';

/** What the links hear of a batch once it is on disk. */
export interface Kept {
  /** Indexes of intakes that could not be kept and must not be acknowledged. */
  readonly refused: readonly number[];
  /** Bytes owed to devices, by the index of their intake. */
  readonly replies: readonly (readonly [index: number, reply: Uint8Array])[];
  readonly rejected: readonly Rejection[];
  readonly findings: readonly Finding[];
  readonly shed: readonly Shed[];
  readonly departures: number;
}

/** Admits batches and keeps what came of them, one transaction each. */
export interface Keeper {
  keep(batch: Batch): Kept;
  readonly policy: Policy;
}

/** The most rejections of one batch that are written down one by one; the rest are counted. */
const rejectionsPerBatchMax = 1_000;

export function startKeeper(store: Store, maker: PolicyMaker, bytesMax: number): Keeper {
  const memory = createMemory();
  let version = store.version();
  let policy = maker.make(store.devices);

  function refresh(): void {
    const now = store.version();
    if (now === version) return;
    policy = maker.make(store.devices);
    version = now;
  }

  /** Bytes that were not kept leave a gap in their line: what follows must not be joined to it. */
  function keepOrForgetLines<Result>(change: () => Result, batch: readonly Intake[]): Result {
    try {
      return store.transact(change);
    } catch (error) {
      for (const { device, channel } of batch) {
        if (channel === 'line') memory.forget(lineKey(device));
      }
      throw error;
    }
  }

  return {
    get policy() {
      refresh();
      return policy;
    },
    keep(batch) {
      refresh();
      const intakes = intakesOf(batch);
      const refused: number[] = [];
      const known: Intake[] = [];
      const indexes: number[] = [];
      for (const [index, intake] of intakes.entries()) {
        if (policy.devices.has(intake.device)) {
          known.push(intake);
          indexes.push(index);
        } else refused.push(index);
      }
      const admission = admit(known, batch.signals, policy, memory);
      const shed = keepOrForgetLines(() => write(store, admission, bytesMax), known);
      memory.remember(admission.changes);
      const replies = admission.replies
        .map((reply, position) => [indexes[position] ?? 0, reply] as const)
        .filter(([, reply]) => reply.length > 0);
      const { rejected, findings, departures } = admission;
      return { refused, replies, rejected, findings, shed, departures: departures.length };
    },
  };
}

function write(store: Store, admission: Admission, bytesMax: number): readonly Shed[] {
  const { departures, held, rejected, findings } = admission;
  if (departures.length > 0) store.outbox.add(departures);
  for (const { device, observations } of held) {
    store.held.add(device, observations, observations[0]?.receivedAt ?? 0);
  }
  keepRejections(store, rejected);
  store.journal.addFindings(findings);
  return departures.length > 0 ? store.outbox.shed(bytesMax) : [];
}

function keepRejections(store: Store, rejected: readonly Rejection[]): void {
  store.journal.addRejections(rejected.slice(0, rejectionsPerBatchMax));
  const beyond = rejected.length - rejectionsPerBatchMax;
  if (beyond > 0) store.counters.add('rejections-not-written', beyond);
}

/** Lets go what a device measured while it was bound to nobody, as far as it is bound now. */
export function releaseHeld(
  store: Store,
  policy: Policy,
  device: DeviceId,
): { readonly released: number; readonly stillHeld: number } {
  let released = 0;
  let stillHeld = 0;
  for (const row of store.held.of(device)) {
    const { departures, rejected, held } = release(row, policy);
    if (held.length === row.observations.length) {
      stillHeld += held.length;
      continue;
    }
    store.held.remove(row.sequence);
    if (held.length > 0) store.held.add(device, held, held[0]?.receivedAt ?? 0);
    store.outbox.add(departures);
    store.journal.addRejections(rejected);
    stillHeld += held.length;
    released += row.observations.length - held.length;
  }
  return { released, stillHeld };
}

/** Forgets what the site keeps only for a time, each expired observation with a record. */
export function expire(store: Store, before: number, now: Instant): number {
  return store.transact(() => {
    const expired = store.held.expire(before);
    store.journal.forget(before);
    store.journal.addRejections(
      expired.map(({ device, rows }) => ({
        device,
        at: now,
        stage: 'associate',
        reason: 'expired',
        detail: `${rows} records`,
      })),
    );
    return expired.reduce((sum, { rows }) => sum + rows, 0);
  });
}
