import { z } from 'zod';

/** Names a model: a shipped one by its name, a site's own as `site-3`. */
export const modelId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);

/** What models look at: how devices behave, and how a patient's vital signs go on. */
export const modelKinds = ['traffic', 'vitals'] as const;
export type ModelKind = (typeof modelKinds)[number];

/** Which models of one kind are in use. */
const ModelChoice = z.strictObject({
  /** Its findings count. */
  active: modelId,
  /** What was active before, to go back to. */
  previous: modelId.optional(),
  /** Scores too, and is counted only. */
  shadow: modelId.optional(),
});
export type ModelChoice = z.output<typeof ModelChoice>;

/** What a site begins with. */
export const firstChoices: Readonly<Record<ModelKind, ModelChoice>> = {
  traffic: { active: 'traffic-pca' },
  vitals: { active: 'vitals-pca' },
};

/** Which models of a site are in use: those of traffic, and beside them those of vital signs. */
export const ModelState = ModelChoice.extend({
  vitals: ModelChoice.default(firstChoices.vitals),
});
export type ModelState = z.output<typeof ModelState>;
export type GivenModelState = z.input<typeof ModelState>;

export const firstModelState: ModelState = {
  ...firstChoices.traffic,
  vitals: firstChoices.vitals,
};

export function choiceOf(state: ModelState, kind: ModelKind): ModelChoice {
  if (kind === 'vitals') return state.vitals;
  const { vitals: _, ...traffic } = state;
  return traffic;
}

export function withChoice(state: ModelState, kind: ModelKind, choice: ModelChoice): ModelState {
  return kind === 'vitals' ? { ...state, vitals: choice } : { ...choice, vitals: state.vitals };
}
