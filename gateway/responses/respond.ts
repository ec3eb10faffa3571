import { type Finding, severities } from '../core/finding.ts';
import type { ResponseSettings, ResponseState, TimedAction } from '../core/response.ts';
import { judge, type Situation } from './interlock.ts';
import { plan, type Wanted } from './plan.ts';

/** Less sure, and people decide alone. */
const confidenceMin = 0.8;

/** What is to be done about one finding. */
export interface Answer {
  readonly action: TimedAction;
  readonly state: Extract<ResponseState, 'active' | 'held' | 'refused' | 'observed'>;
  readonly reason: string;
  readonly lastsMs: number;
}

/** What a finding is about: a device that is registered, an address, or nothing that can be held. */
export type Subject = 'device' | 'address' | 'other';

/**
 * What the finding asks for, as far as care allows. Undefined: nothing. `wasUndone` says
 * whether a person took the same back a while ago: then a person is asked.
 */
export function respond(
  finding: Pick<Finding, 'threat' | 'severity' | 'confidence'>,
  subject: Subject,
  situation: Situation,
  settings: ResponseSettings,
  wasUndone: (action: TimedAction) => boolean,
): Answer | undefined {
  const wanted = wantedOf(finding, subject, situation);
  if (!wanted) return undefined;
  const { action, lastsMs } = wanted;
  const { is, reason } = judge(action, situation);
  if (is === 'never') return { action, lastsMs, state: 'refused', reason };
  if ((settings.threats[finding.threat] ?? settings.mode) === 'observe') {
    return { action, lastsMs, state: 'observed', reason: 'the settings say observe' };
  }
  if (is === 'person') return { action, lastsMs, state: 'held', reason };
  if (wasUndone(action)) {
    return { action, lastsMs, state: 'held', reason: 'a person has undone it before' };
  }
  return { action, lastsMs, state: 'active', reason };
}

function wantedOf(
  { threat, severity, confidence }: Pick<Finding, 'threat' | 'severity' | 'confidence'>,
  subject: Subject,
  { limit }: Situation,
): Wanted | undefined {
  if (subject === 'other' || confidence < confidenceMin) return undefined;
  const wanted = plan[threat]?.[subject];
  // A line has a rate of its own, and no message to count.
  if (!wanted || (wanted.action === 'limit-telemetry' && limit === undefined)) return undefined;
  const isSevere = severities.indexOf(severity) >= severities.indexOf(wanted.severityMin);
  return isSevere ? wanted : undefined;
}
