import type { Instant } from '../core/observation.ts';
import {
  type PostureAnswer,
  type PostureQuestion,
  postureQuestions,
  type RamaSubject,
  type Statement,
} from '../core/rama.ts';
import { gateMitigationMin } from './criteria.ts';
import type { HeldGate, View } from './item.ts';
import { stateOf } from './statement-state.ts';
import { counts, mitigated, vectorOf } from './vulnerabilities.ts';

/** The item that stands for a confirmed compromise in the list of what can be put right. */
export const compromiseItem = 'compromise';

/** Which gates hold, and by which items. */
export function heldGates(subject: RamaSubject, now: Instant, view: View): HeldGate[] {
  const held: HeldGate[] = [];
  if (subject.isCompromised) held.push({ id: 'G1', causes: [compromiseItem] });
  const exploited = exploitedInReach(subject, now, view);
  if (exploited.length > 0) held.push({ id: 'G2', causes: exploited });
  const access = answerIn('authentication', subject, now, view);
  if (access === 'anonymous' || access === 'default-password') {
    held.push({ id: 'G3', causes: ['authentication'] });
  }
  const isInClear = answerIn('transport', subject, now, view) === 'none';
  if (isInClear && carriesIdentifiers(subject, now, view)) {
    held.push({ id: 'G4', causes: ['transport'] });
  }
  return held;
}

function exploitedInReach(subject: RamaSubject, now: Instant, view: View): string[] {
  const { vulnerabilities: statement } = subject;
  if (view === 'best' && stateOf(statement, now) !== 'known') return [];
  const ids = (statement?.value ?? [])
    .filter((each) => each.isKnownExploited && counts(each, view))
    .filter((each) => ['N', 'A'].includes(vectorOf(each, view)))
    .filter((each) => mitigated(each) < gateMitigationMin)
    .map(({ id }) => id);
  return [...new Set(ids)].sort();
}

/** Unless somebody knows that there are none: a gate does not open by not looking. */
function carriesIdentifiers(subject: RamaSubject, now: Instant, view: View): boolean {
  const statement = subject.posture.identifiersOnLine;
  if (stateOf(statement, now) === 'known') return statement?.value === 'direct';
  return view !== 'best';
}

/** The answer that a view takes; undefined where it takes a figure between two. */
function answerIn(
  id: PostureQuestion,
  { posture }: RamaSubject,
  now: Instant,
  view: View,
): PostureAnswer | undefined {
  const statement: Statement<PostureAnswer> | undefined = posture[id];
  if (stateOf(statement, now) === 'known' || view === 'expected') return statement?.value;
  return view === 'worst' ? postureQuestions[id][0] : postureQuestions[id].at(-1);
}
