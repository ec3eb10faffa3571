import type { AuditEntry } from '../core/audit-entry.ts';
import type { Signal } from '../core/signal.ts';

/** The most entries that one keeping of the refusals makes; what goes beyond is counted in one more. */
const entriesMax = 16;

/**
 * What was refused since the last time, and who was let in by a grace, counted by who and what: a
 * flood of refusals must not flood the audit trail, nor wait for it.
 */
export interface Refusals {
  /** Takes what is a refusal or a use of a grace, and lets the rest pass. */
  note(signals: readonly Signal[]): void;
  /** A destination refused an entry of the outbox for good. */
  noteRelay(relay: string, cause: string, at: number): void;
  /** Without what was counted so far being forgotten: it may not be written yet. */
  entries(): readonly AuditEntry[];
  clear(): void;
}

interface Count {
  readonly entry: AuditEntry;
  count: number;
}

export function createRefusals(): Refusals {
  const counts = new Map<string, Count>();

  function note(entry: AuditEntry): void {
    const { action, actor, object, detail } = entry;
    const name = JSON.stringify([action, actor, object, detail]);
    const known = counts.get(name);
    if (known) known.count += 1;
    else if (counts.size < entriesMax) counts.set(name, { entry, count: 1 });
    else countBeyond(entry.at);
  }

  function countBeyond(at: number): void {
    const known = counts.get('beyond');
    if (known) known.count += 1;
    else counts.set('beyond', { entry: refusal(at, 'others', '', 'of others'), count: 1 });
  }

  return {
    note(signals) {
      for (const signal of signals) {
        if (signal.kind === 'grace-used') note(graceUse(signal));
        const [object, detail] = causeOf(signal) ?? [];
        if (object !== undefined && detail !== undefined) {
          note(refusal(signal.at, whoseIs(signal), object, detail));
        }
      }
    },
    noteRelay(relay, cause, at) {
      const what = { actor: 'gateway', action: 'relay.refused', object: relay } as const;
      note({ at, ...what, outcome: 'failure', detail: cause });
    },
    entries: () =>
      [...counts.values()].map(({ entry, count }) => ({
        ...entry,
        detail: `${entry.detail} (${count})`,
      })),
    clear: () => counts.clear(),
  };
}

function refusal(at: number, actor: string, object: string, detail: string): AuditEntry {
  return { at, actor, action: 'access.refused', object, outcome: 'failure', detail };
}

function graceUse(signal: Extract<Signal, { kind: 'grace-used' }>): AuditEntry {
  return {
    at: signal.at,
    actor: whoseIs(signal),
    action: 'device.grace-used',
    object: signal.device ?? '',
    outcome: 'success',
    detail: `until ${new Date(signal.until).toISOString()}`,
  };
}

function whoseIs(signal: Signal): string {
  if (signal.kind === 'access-refused' && signal.actor !== undefined) return signal.actor;
  const { device, address } = signal;
  if (device !== undefined) return `device:${device}`;
  return address === undefined ? 'unknown' : `address:${address}`;
}

/** What was refused and why, without what the other side chose freely, such as a topic. */
function causeOf(signal: Signal): readonly [object: string, detail: string] | undefined {
  switch (signal.kind) {
    case 'refused':
      return ['connection', signal.cause];
    case 'topic-refused':
      return ['topic', signal.action];
    case 'access-refused':
      return ['interface', signal.action];
    case 'protocol-violation':
      return ['packet', signal.cause];
    case 'limit':
      return ['limit', signal.limit];
    default:
      return undefined;
  }
}
