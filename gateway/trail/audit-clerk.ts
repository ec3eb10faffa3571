import type { AuditProblem } from '../audit/verify.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Instant } from '../core/observation.ts';
import type { Admission } from '../keeper/admission.ts';
import { deedSignal } from '../people/deed-watch.ts';
import { digestOfSite, type SiteSettings } from '../site/site-settings.ts';
import { version } from '../version.ts';

/** How often what was refused is written down. A power cut loses the counts of one such time. */
const refusalsEveryMs = 60_000;
/** How often it is looked what people did. */
const actsEveryMs = 10_000;
/** How often a part of the trail is looked at. */
const patrolEveryMs = 10_000;
const pruneEveryMs = 3_600_000;
const dayMs = 86_400_000;
/** A machine that has run for less has just been started. */
const freshMsMax = 15 * 60_000;

export interface AuditClerkOptions {
  readonly admission: Admission;
  /** As they are now. */
  readonly site: () => SiteSettings;
  /** The time by which entries grow old. */
  readonly aged: () => Promise<number>;
  readonly now: () => Instant;
  /** Since the machine started. */
  readonly monotonicMs: () => number;
  readonly log: Log;
  readonly onFault: (error: unknown) => void;
}

export interface AuditClerk {
  /** Enters that the gateway stops, and what was refused until then. */
  close(): Promise<void>;
}

/**
 * Enters into the audit trail what the gateway does by itself. A trail that is damaged, and a disk
 * that is full, are said aloud and stop nothing: care comes first.
 */
export async function startAuditClerk(options: AuditClerkOptions): Promise<AuditClerk> {
  const { admission, site, aged, now, monotonicMs, log, onFault } = options;

  async function attempt(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof GatewayError)) return onFault(error);
      log('gateway.failed', { code: error.code, task: 'audit' });
    }
  }

  function tellDamage(problem: AuditProblem | undefined): void {
    if (!problem) return;
    log('audit.damaged', { ...problem });
    admission.queue.signal({ kind: 'trail-damaged', at: now(), ...problem });
  }

  await attempt(async () => tellDamage(await admission.call('checkAuditTail', now())));
  await attempt(async () => {
    const isCut = await admission.call('endedWithoutOrder');
    if (!isCut || monotonicMs() > freshMsMax) return;
    admission.queue.signal({ kind: 'restarted-without-order', at: now() });
  });
  const digest = digestOfSite(site());
  await attempt(() => admission.call('auditStart', version, digest, now()));
  const keepRefusals = () => attempt(() => admission.call('auditRefusals'));
  const keptMs = () => site().config.retention.auditDays * dayMs;
  const prune = () => attempt(async () => admission.call('pruneAudit', (await aged()) - keptMs()));
  const patrol = () =>
    attempt(async () => (await admission.call('patrolAudit', now())).forEach(tellDamage));
  const watchActs = followActs(options);
  await patrol();
  await attempt(watchActs);
  const timers = [
    setInterval(() => void attempt(watchActs), actsEveryMs),
    setInterval(() => void patrol(), patrolEveryMs),
    setInterval(() => void keepRefusals(), refusalsEveryMs),
    setInterval(() => void prune(), pruneEveryMs),
  ];

  return {
    async close() {
      for (const timer of timers) clearInterval(timer);
      await keepRefusals();
      const what = { actor: 'gateway', action: 'gateway.stop', object: '' } as const;
      const entry = { at: now(), ...what, outcome: 'success', detail: '' } as const;
      await attempt(() => admission.call('audit', entry));
    },
  };
}

/** Commands write into the trail by themselves: what people did is read there, whoever wrote it. */
function followActs({ admission, now }: AuditClerkOptions): () => Promise<void> {
  let read: number | undefined;
  const told = new Set<string>();
  return async () => {
    const at = now();
    const { until, acts, unreviewed, rare } = await admission.call('actsSince', read, at);
    read = until;
    for (const act of acts) admission.queue.signal({ kind: 'acted', at, ...act });
    for (const each of rare) admission.queue.signal(deedSignal(each, at));
    for (const actor of unreviewed) {
      if (told.has(actor)) continue;
      told.add(actor);
      admission.queue.signal({ kind: 'glass-unreviewed', at, actor });
    }
  };
}
