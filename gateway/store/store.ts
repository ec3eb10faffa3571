import { GatewayError } from '../core/error.ts';
import { type Age, openAge } from './age.ts';
import { type Audit, type AuditSigner, openAudit } from './audit.ts';
import { type AuditCursor, openAuditCursor } from './audit-cursor.ts';
import { pruneAudit } from './audit-pruning.ts';
import { type BundleKeys, openBundleKeys } from './bundle-keys.ts';
import { type Certificates, openCertificates } from './certificates.ts';
import { type Counters, openCounters } from './counters.ts';
import { type Database, openDatabase, storeError } from './database.ts';
import { type DeviceClocks, openDeviceClocks } from './device-clocks.ts';
import { type DeviceKeys, openDeviceKeys } from './device-keys.ts';
import { type Devices, openDevices } from './devices.ts';
import { type Frames, openFrames } from './frames.ts';
import { type GlassBreaks, openGlassBreaks } from './glass-breaks.ts';
import { type Habits, openHabits } from './habits.ts';
import { type Held, openHeld } from './held.ts';
import { type Journal, openJournal } from './journal.ts';
import { type Mds2Forms, openMds2Forms } from './mds2-forms.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { openQuarantines, type Quarantines } from './quarantines.ts';
import { openRamaPoints, type RamaPoints } from './rama-points.ts';
import { openReloads, type Reloads } from './reloads.ts';
import { openResponses, type Responses } from './responses.ts';
import { openSeenSettings, type SeenSettings } from './seen-settings.ts';
import { openSessions, type Sessions } from './sessions.ts';
import { openSightings, type Sightings } from './sightings.ts';
import { openSignInFailures, type SignInFailures } from './sign-in-failures.ts';
import { openStatements, type Statements } from './statements.ts';
import { openStays, type Stays } from './stays.ts';
import { openTokens, type Tokens } from './tokens.ts';
import { openTrustedTime, type TrustedTime } from './trusted-time.ts';
import { openUsers, type Users } from './users.ts';
import { openVexMemory, type VexMemory } from './vex-memory.ts';
import { openVulnerabilities, type Vulnerabilities } from './vulnerabilities.ts';

/** Everything the site keeps, in one file. */
export interface Store {
  readonly devices: Devices;
  readonly deviceClocks: DeviceClocks;
  readonly deviceKeys: DeviceKeys;
  readonly certificates: Certificates;
  readonly quarantines: Quarantines;
  readonly ramaPoints: RamaPoints;
  readonly reloads: Reloads;
  readonly responses: Responses;
  readonly sightings: Sightings;
  readonly outbox: Outbox;
  readonly held: Held;
  readonly frames: Frames;
  readonly glassBreaks: GlassBreaks;
  readonly habits: Habits;
  readonly statements: Statements;
  readonly stays: Stays;
  readonly journal: Journal;
  readonly audit: Audit;
  readonly trustedTime: TrustedTime;
  readonly age: Age;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly signInFailures: SignInFailures;
  readonly counters: Counters;
  readonly seenSettings: SeenSettings;
  readonly auditCursor: AuditCursor;
  readonly bundleKeys: BundleKeys;
  readonly mds2Forms: Mds2Forms;
  readonly vulnerabilities: Vulnerabilities;
  readonly vexMemory: VexMemory;
  /** Deletes the oldest entries of the audit trail, those before a time. Returns how many. */
  pruneAudit(before: number): number;
  /** All of it or none of it, on the disk when it returns. */
  transact<Result>(change: () => Result): Result;
  /** Rises whenever another process changed the database. */
  version(): number;
  /** What SQLite’s own check finds wrong, if anything. */
  problem(): string | undefined;
  /** A consistent copy of it all, as it is now, under the same key, in a file that is not there. */
  copyTo(path: string): void;
  close(): void;
}

export function openStore(
  directory: string,
  key: Uint8Array,
  {
    mustExist = false,
    signer,
  }: {
    readonly mustExist?: boolean;
    /** Without one the audit trail gets no checkpoints from here. */
    readonly signer?: AuditSigner;
  } = {},
): Store {
  const database: Database = openDatabase(directory, key, mustExist);
  const counters = openCounters(database);
  const trustedTime = openTrustedTime(database);
  const audit = openAudit(database, directory, signer);
  const auditCursor = openAuditCursor(database);
  const transact = <Result>(change: () => Result): Result => {
    try {
      const result = database.transaction(change).immediate();
      if (audit.isDue()) checkpointOrLater(audit);
      return result;
    } catch (cause) {
      throw storeError(cause, 'the transaction was not kept');
    }
  };
  return {
    counters,
    devices: openDevices(database),
    deviceClocks: openDeviceClocks(database),
    deviceKeys: openDeviceKeys(database),
    certificates: openCertificates(database),
    quarantines: openQuarantines(database),
    ramaPoints: openRamaPoints(database),
    reloads: openReloads(database),
    responses: openResponses(database),
    sightings: openSightings(database),
    outbox: openOutbox(database, counters, trustedTime),
    held: openHeld(database, trustedTime),
    frames: openFrames(database),
    glassBreaks: openGlassBreaks(database),
    habits: openHabits(database),
    statements: openStatements(database),
    stays: openStays(database),
    journal: openJournal(database),
    audit,
    auditCursor,
    trustedTime,
    age: openAge(database),
    users: openUsers(database),
    seenSettings: openSeenSettings(database),
    sessions: openSessions(database),
    tokens: openTokens(database),
    signInFailures: openSignInFailures(database),
    bundleKeys: openBundleKeys(database),
    mds2Forms: openMds2Forms(database),
    vulnerabilities: openVulnerabilities(database),
    vexMemory: openVexMemory(database),
    transact,
    pruneAudit(before) {
      if (!signer) return 0;
      const sentUntil = auditCursor.get()?.entry;
      return transact(() => pruneAudit(database, directory, audit, signer, { before, sentUntil }));
    },
    version: () => database.pragma('data_version', { simple: true }) as number,
    problem() {
      const verdict = database.pragma('quick_check(1)', { simple: true }) as string;
      return verdict === 'ok' ? undefined : verdict;
    },
    copyTo(path) {
      try {
        database.prepare('vacuum into ?').run(path);
      } catch (cause) {
        throw storeError(cause, path);
      }
    },
    close() {
      checkpointOrLater(audit);
      database.close();
    },
  };
}

/** What was done is done and chained: where no checkpoint can be written, the next one vouches for it. */
function checkpointOrLater(audit: Audit): void {
  try {
    audit.checkpoint();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
  }
}
