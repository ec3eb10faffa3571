import type { Instant } from '../core/observation.ts';
import {
  type Posture,
  type PostureAnswer,
  type PostureQuestion,
  postureQuestions,
  type RamaSubject,
  type Statement,
} from '../core/rama.ts';
import { badnessOf, factors, priorBadness, questionIds, questions, updateAge } from './criteria.ts';
import type { Item, View } from './item.ts';
import { stateOf } from './statement-state.ts';

const dayMs = 86_400_000;

/** What of a question is the same for every device: looked up once. */
const asked = questionIds.map((id) => {
  const { factor, title } = questions[id];
  const answers: readonly PostureAnswer[] = postureQuestions[id];
  return {
    id,
    factor,
    title,
    tags: factors[factor].tags,
    best: badnessOf(id, answers.at(-1)),
    worst: badnessOf(id, answers[0]),
    prior: priorBadness(id),
  };
});
type Asked = (typeof asked)[number];

/** The factors A, C, E, P and D: one item for each answer that costs something. */
export function postureItems(subject: RamaSubject, now: Instant, view: View): Item[] {
  const items: Item[] = [];
  for (const question of asked) {
    const item = questionItem(question, subject.posture, now, view);
    if (item && item.badness > 0) items.push(item);
  }
  const age = ageItem(subject.updateAgeDays, now, view);
  if (age.badness > 0) items.push(age);
  return items;
}

function questionItem(
  { id, factor, title, tags, best, worst, prior }: Asked,
  posture: Posture,
  now: Instant,
  view: View,
): Item | undefined {
  const statement: Statement<PostureAnswer> | undefined = posture[id];
  const state = stateOf(statement, now);
  if (state === 'unknown' && isPointless(id, posture, now)) return;
  const last = statement && badnessOf(id, statement.value);
  const badness = badnessIn({ last, state, view, prior, worst, best });
  return { id, factor, title, badness, best, state, tags };
}

function ageItem(statement: Statement<number> | undefined, now: Instant, view: View): Item {
  const state = stateOf(statement, now);
  const last = statement && ageBadness(statement.value + Math.max(0, now - statement.at) / dayMs);
  const prior = updateAge.priorBadness;
  const badness = badnessIn({ last, state, view, prior, worst: 1, best: 0 });
  const { title } = updateAge;
  return { id: 'updateAge', factor: 'P', title, badness, best: 0, state, tags: factors.P.tags };
}

function ageBadness(days: number): number {
  return 1 - 2 ** (-Math.max(0, days) / updateAge.halfLifeDays);
}

/** Stale is at least as bad as unknown: posture never improves by waiting. */
function badnessIn(of: {
  readonly last: number | undefined;
  readonly state: Item['state'];
  readonly view: View;
  readonly prior: number;
  readonly worst: number;
  readonly best: number;
}): number {
  if (of.state === 'known' && of.last !== undefined) return of.last;
  if (of.view !== 'expected') return of.view === 'worst' ? of.worst : of.best;
  return Math.max(of.last ?? 0, of.prior);
}

/** Whether another answer, known for sure, makes this question senseless. */
function isPointless(id: PostureQuestion, posture: Posture, now: Instant): boolean {
  const { notAskedAt = {} } = questions[id];
  return Object.entries(notAskedAt).some(([other, answers]) => {
    const statement: Statement<PostureAnswer> | undefined = posture[other as PostureQuestion];
    if (!statement || stateOf(statement, now) !== 'known') return false;
    return (answers as readonly PostureAnswer[]).includes(statement.value);
  });
}
