import type { Deed } from '../access/habit.ts';
import type { Refusals } from '../audit/refusals.ts';
import type { AuditProblem } from '../audit/verify.ts';
import type { AuditEntry, AuditRecord, Checkpoint } from '../core/audit-entry.ts';
import type { NumberedFinding } from '../core/finding.ts';
import type { Instant } from '../core/observation.ts';
import { noteDeeds, type RareDeed } from '../people/deed-keeping.ts';
import type { SettingsDigest } from '../site/settings-digest.ts';
import type { AuditSigner } from '../store/audit.ts';
import type { AuditPosition } from '../store/audit-cursor.ts';
import type { Store } from '../store/store.ts';
import { createAuditPatrol } from './audit-patrol.ts';
import {
  type Acts,
  actsSince,
  auditRefusals,
  auditReload,
  auditStart,
  checkAuditTail,
  endedWithoutOrder,
  type ReloadNote,
} from './auditing.ts';

/** What the main thread asks of the keeper for the audit trail. */
export interface AuditCalls {
  /** One act of the gateway itself, or of whoever asked it: in a transaction of its own. */
  audit(entry: AuditEntry): void;
  /** What was refused since the last time goes into the audit trail. */
  auditRefusals(): void;
  auditStart(version: string, settings: SettingsDigest, at: Instant): void;
  auditReload(note: ReloadNote): void;
  /** Whether nobody had stopped the gateway the last time. Asked before `auditStart`. */
  endedWithoutOrder(): boolean;
  /** Learns what people do. Returns how rare it is, of those whose habits are known. */
  noteDeeds(deeds: readonly Deed[]): readonly RareDeed[];
  /** What people did since that entry of the trail. */
  actsSince(after: number | undefined, now: number): Acts;
  checkAuditTail(at: Instant): AuditProblem | undefined;
  /** What is wrong with the part of the trail that is looked at now, and was not told yet. */
  patrolAudit(at: Instant): readonly AuditProblem[];
  /** Deletes the entries before a time. Returns how many. */
  pruneAudit(before: number): number;
  /** What the log collector does not have yet, at most so many entries. */
  auditUnsent(countMax: number, withFindings: boolean): UnsentAudit;
  auditSent(position: AuditPosition): void;
}

export interface UnsentAudit {
  readonly entries: readonly AuditRecord[];
  /** The newest one, when the collector has only older ones. */
  readonly checkpoint: Checkpoint | undefined;
  /** None where the collector is not to have them. */
  readonly findings: readonly NumberedFinding[];
  /** Where the collector is once it has these. */
  readonly position: AuditPosition;
}

export function auditCalls(store: Store, signer: AuditSigner, refusals: Refusals): AuditCalls {
  return {
    audit: (entry) => store.transact(() => store.audit.add(entry)),
    auditRefusals: () => auditRefusals(store, refusals),
    auditStart: (version, settings, at) => auditStart(store, version, settings, at),
    auditReload: (note) => auditReload(store, note),
    endedWithoutOrder: () => endedWithoutOrder(store),
    noteDeeds: (deeds) => noteDeeds(store, deeds),
    actsSince: (after, now) => actsSince(store, after, now),
    checkAuditTail: (at) => checkAuditTail(store, signer.key, at),
    patrolAudit: createAuditPatrol(store, signer.key),
    pruneAudit: (before) => store.pruneAudit(before),
    auditUnsent: (countMax, withFindings) => auditUnsent(store, countMax, withFindings),
    auditSent: (position) => store.transact(() => store.auditCursor.set(position)),
  };
}

function auditUnsent(store: Store, countMax: number, withFindings: boolean): UnsentAudit {
  const sent = store.auditCursor.get() ?? { entry: 0, checkpoint: 0, finding: 0 };
  const entries = store.audit.list(sent.entry, countMax);
  const newest = store.audit.newestCheckpoint();
  const checkpoint = newest && newest.sequence > sent.checkpoint ? newest : undefined;
  const findings = withFindings ? store.journal.findingsAfter(sent.finding, countMax) : [];
  const entry = entries.at(-1)?.sequence ?? sent.entry;
  return {
    entries,
    checkpoint,
    findings,
    position: {
      entry,
      checkpoint: checkpoint?.sequence ?? sent.checkpoint,
      finding: findings.at(-1)?.sequence ?? sent.finding,
    },
  };
}
