import type { Severity } from '../core/finding.ts';
import type { TimedAction } from '../core/response.ts';
import type { ThreatId } from '../core/threat.ts';

/** What is wanted about a finding, before the interlock is asked. */
export interface Wanted {
  readonly action: TimedAction;
  readonly lastsMs: number;
  /** Milder findings are looked at by people only. */
  readonly severityMin: Severity;
}

const minuteMs = 60_000;

const limit: Wanted = { action: 'limit-telemetry', lastsMs: 15 * minuteMs, severityMin: 'medium' };
const mark: Wanted = { action: 'mark-questionable', lastsMs: 30 * minuteMs, severityMin: 'medium' };
/** Two speak in its name, and nobody knows which is which; what was refused is no reason. */
const doubtful: Wanted = { ...mark, severityMin: 'critical' };
const hold: Wanted = { action: 'quarantine-device', lastsMs: 30 * minuteMs, severityMin: 'high' };
const block: Wanted = { action: 'block-address', lastsMs: 15 * minuteMs, severityMin: 'high' };

/**
 * By threat: about a device that is registered, and about an address that showed no certificate. A
 * threat that is not here is answered where it is met, by the link or the stage, or by people alone: the
 * device of a stolen name (D02, D03) is the victim, and marked at most; and a gateway under attack itself (D17 to D20) has
 * no device to hold. Milder steps stand where a judgement rests on figures (D08, D16).
 */
export const plan: Readonly<
  Partial<Record<ThreatId, { readonly device?: Wanted; readonly address?: Wanted }>>
> = {
  D01: { address: block },
  D02: { device: doubtful, address: block },
  D04: { address: block },
  D05: { device: hold, address: block },
  D07: { device: hold },
  D08: { device: mark },
  D09: { device: limit, address: block },
  D10: { device: limit, address: block },
  D12: { device: hold },
  D14: { device: hold },
  D15: { device: hold, address: block },
  D16: { device: limit },
};
