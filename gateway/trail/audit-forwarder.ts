import { setTimeout as delay } from 'node:timers/promises';
import { syslogCheckpoint, syslogFinding, syslogMessage } from '../audit/syslog-message.ts';
import { type CollectorOptions, sendSyslog } from '../collectors/syslog-tls.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import { cefOf } from '../exports/cef.ts';
import { version } from '../version.ts';
import type { AuditCalls, UnsentAudit } from './audit-calls.ts';

/** How often the trail is looked at for something new. */
const pollMs = 5_000;
const retryMinMs = 1_000;
const retryMaxMs = 60_000;
/** Entries of one session. */
const batchMax = 500;

export interface AuditForwarderOptions {
  readonly site: string;
  readonly collector: CollectorOptions;
  readonly trail: {
    unsent(countMax: number, withFindings: boolean): Promise<UnsentAudit>;
    sent(...given: Parameters<AuditCalls['auditSent']>): Promise<void>;
  };
  /** Findings too, in CEF. */
  readonly withFindings: boolean;
  readonly log: Log;
  /** A number in [0, 1). */
  readonly chance: () => number;
  readonly onFault: (error: unknown) => void;
}

export interface AuditForwarder {
  /** Tries once more to bring what is there, then ends. */
  close(): Promise<void>;
}

/**
 * Brings the audit trail, its newest checkpoint and, where that is wanted, findings to a log collector, in order. The trail itself is
 * the queue: what was not taken stays, and is sent when the collector is back, also after a restart.
 */
export function startAuditForwarder(options: AuditForwarderOptions): AuditForwarder {
  const { collector, trail, withFindings, log, chance, onFault } = options;
  const origin = { site: options.site, version };
  const stop = new AbortController();
  const cut = new AbortController();
  let failures = 0;

  /** Whether there may be more at once. */
  async function forward(): Promise<boolean> {
    const unsent = await trail.unsent(batchMax, withFindings);
    const { entries, checkpoint, findings, position } = unsent;
    const messages = entries.map((entry) => syslogMessage(entry, origin));
    if (checkpoint) messages.push(syslogCheckpoint(checkpoint, origin));
    for (const finding of findings) {
      messages.push(syslogFinding(finding, cefOf(finding, origin), origin));
    }
    if (messages.length === 0) return false;
    const failure = await sendSyslog(messages, collector, cut.signal);
    if (failure !== undefined) {
      if (failures === 0) log('collector.down', { cause: failure });
      failures += 1;
      return false;
    }
    if (failures > 0) log('collector.up');
    failures = 0;
    await trail.sent(position);
    return entries.length === batchMax || findings.length === batchMax;
  }

  async function attempt(): Promise<boolean> {
    try {
      return await forward();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      // The store is full or locked for now: it is sent again, under the same numbers.
      failures += 1;
      return false;
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      if (await attempt()) continue;
      const backOffMs = Math.min(retryMinMs * 2 ** failures, retryMaxMs) * (0.5 + 0.5 * chance());
      await wait(failures === 0 ? pollMs : backOffMs, stop.signal);
    }
  }

  const ended = run().catch(onFault);
  return {
    async close() {
      stop.abort();
      const timer = setTimeout(() => cut.abort(), closeTimeoutMs);
      await ended;
      await attempt();
      clearTimeout(timer);
    },
  };
}

/** The longest a stop waits for the collector. */
const closeTimeoutMs = 3_000;

async function wait(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(durationMs, undefined, { signal });
  } catch {
    // Stopped: the caller looks.
  }
}
