import { createPublicKey, type KeyObject } from 'node:crypto';
import { isSigned } from '../audit/checkpoint.ts';
import type { Refusals } from '../audit/refusals.ts';
import { type AuditProblem, tailLengthMax, verifyTail } from '../audit/verify.ts';
import { auditActions } from '../core/audit-action.ts';
import { reviewStateOf } from '../core/break-glass.ts';
import { deedOf, noteDeeds, type RareDeed } from '../people/deed-keeping.ts';
import { changedSettings, digestOfAll, type SettingsDigest } from '../site/settings-digest.ts';
import type { Store } from '../store/store.ts';

/** The most settings that an entry names; the rest are counted. */
const namedSettingsMax = 24;

export interface ReloadNote {
  readonly actor: string;
  readonly at: number;
  /** Those that are in force now. */
  readonly settings?: SettingsDigest | undefined;
  /** Why they are not. */
  readonly code?: string | undefined;
}

/** What the gateway enters into the audit trail by itself, in the keeper thread. */
export function auditStart(store: Store, version: string, settings: SettingsDigest, at: number) {
  store.transact(() => {
    noteSettings(store, settings, 'gateway', at);
    const common = { at, actor: 'gateway', object: '', outcome: 'success' } as const;
    const detail = `version ${version}, settings ${digestOfAll(settings)}`;
    store.audit.add({ ...common, action: 'gateway.start', detail });
  });
}

/** What somebody's reload did: other settings are in force, or those of before still, and why. */
export function auditReload(store: Store, { actor, at, settings, code }: ReloadNote): void {
  store.transact(() => {
    if (settings) noteSettings(store, settings, actor, at);
    if (code === undefined) return;
    const act = { at, actor, object: '', action: 'settings.change' } as const;
    store.audit.add({ ...act, outcome: 'failure', detail: code });
  });
}

/** Entries at the end of the trail in which it is looked how the gateway ended the last time. */
const endingMax = 1_000;

/** The gateway ran, and then it was gone: nobody had stopped it. Asked before it starts anew. */
export function endedWithoutOrder({ audit }: Pick<Store, 'audit'>): boolean {
  const last = audit.last()?.sequence ?? 0;
  const ending = audit.list(Math.max(0, last - endingMax), endingMax);
  const run = ending.findLast(({ action }) => /^gateway\.(start|stop)$/.test(action));
  return run?.action === 'gateway.start';
}

/** What people did lately that a security officer wants to know of. */
export interface Acts {
  /** How far the trail was read. */
  readonly until: number;
  readonly acts: readonly {
    readonly act: 'export' | 'emergency-override';
    readonly actor: string;
  }[];
  /** Who broke the glass, and nobody looked at it in time. */
  readonly unreviewed: readonly string[];
  /** What they did, and how rare it is for them. */
  readonly rare: readonly RareDeed[];
}

const actsMax = 1_000;
const breaksMax = 200;

/** @param after the entry up to which the trail was read; undefined: all that is there is old. */
export function actsSince(store: Store, after: number | undefined, now: number): Acts {
  const { audit, glassBreaks } = store;
  const from = after ?? audit.last()?.sequence ?? 0;
  const entries = audit.list(from, actsMax);
  const acts = entries.flatMap(({ action, actor, outcome }) => {
    const { kind } = auditActions[action];
    const isAct = outcome === 'success' && (kind === 'export' || kind === 'emergency-override');
    // What the gateway says of its own sending is no export by a person, nor is a review a use.
    const isPerson = action !== 'relay.refused' && action !== 'break-glass.review';
    return isAct && isPerson ? [{ act: kind, actor }] : [];
  });
  const rare = noteDeeds(store, entries.flatMap(deedOf));
  const unreviewed = glassBreaks
    .page(Number.MAX_SAFE_INTEGER, breaksMax)
    .filter((broken) => reviewStateOf(broken, now) === 'overdue')
    .map(({ user }) => user);
  return {
    until: entries.at(-1)?.sequence ?? from,
    acts,
    unreviewed: [...new Set(unreviewed)],
    rare,
  };
}

/** By their names: never what they are. */
function noteSettings(store: Store, settings: SettingsDigest, actor: string, at: number): void {
  const before = store.seenSettings.all();
  const changed = changedSettings(before, settings);
  if (changed.length === 0) return;
  store.seenSettings.replace(settings);
  if (Object.keys(before).length === 0) return;
  const named = changed.slice(0, namedSettingsMax).join(' ');
  const beyond = changed.length - namedSettingsMax;
  const detail = beyond > 0 ? `${named} and ${beyond} more` : named;
  const act = { at, actor, object: '', action: 'settings.change' } as const;
  store.audit.add({ ...act, outcome: 'success', detail });
}

/** Writes down what was refused since the last time. On failure it stays counted. */
export function auditRefusals(store: Store, refusals: Refusals): void {
  const entries = refusals.entries();
  if (entries.length > 0) {
    store.transact(() => {
      for (const entry of entries) store.audit.add(entry);
    });
  }
  refusals.clear();
  store.audit.checkpoint();
}

/** Looks at the end of the trail, and enters what is wrong. */
export function checkAuditTail(store: Store, key: KeyObject, at: number): AuditProblem | undefined {
  const problem = auditTailProblem(store, key);
  if (problem) enterProblem(store, problem, at);
  return problem;
}

export function enterProblem(store: Store, { sequence, problem }: AuditProblem, at: number): void {
  const act = { at, actor: 'gateway', action: 'audit.damaged', object: `${sequence}` } as const;
  store.transact(() => store.audit.add({ ...act, outcome: 'failure', detail: problem }));
}

/**
 * What is wrong with the end of the trail, from its last checkpoint on. The whole of it is
 * `audit verify`’s: a start must not take longer the longer a site runs.
 */
export function auditTailProblem({ audit }: Store, key: KeyObject): AuditProblem | undefined {
  const publicKey = createPublicKey(key);
  return verifyTail(
    audit.newestCheckpoint(),
    (after) => audit.list(after, tailLengthMax),
    (checkpoint) => isSigned(checkpoint, publicKey),
  );
}
