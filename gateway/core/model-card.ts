import { z } from 'zod';
import { modelId } from './model-state.ts';

const figure = z.number().nullable();

/** How one way of judging did: the model, or one of the plain rules beside it. */
const ModelFigures = z.strictObject({
  judge: z.string(),
  threshold: z.number(),
  /** The share of ordinary seconds of devices it never saw that were above the threshold. */
  falsePositiveRate: z.number(),
  falseAlarmsPerDeviceDay: z.number(),
  deviceDays: z.number(),
  attacks: z.array(
    z.strictObject({
      family: z.string(),
      /** Events a minute. */
      perMinute: z.number(),
      /** The share of the attack’s seconds, from the fourth on, that were noticed. */
      truePositiveRate: z.number(),
      /** The share of the attacks that were noticed at all. */
      noticed: z.number(),
      /** Seconds until it was; null where half of them or more were not. */
      secondsMedian: figure,
      secondsP90: figure,
      /** How often an attack scores higher than an ordinary stretch as long; where it was looked at. */
      areaUnderCurve: z.number().optional(),
    }),
  ),
  /** Near zero, over all attacks: false positives, true positives. */
  roc: z.array(z.tuple([z.number(), z.number()])),
});

export type ModelFigures = z.output<typeof ModelFigures>;

/** One body of traffic a model was judged on, and everything that judged it. */
const Evaluation = z.strictObject({
  data: z.string(),
  judges: z.array(ModelFigures),
});

export type Evaluation = z.output<typeof Evaluation>;

/** What a model is, what it was made from, how it does, and where it fails. */
export const ModelCard = z.strictObject({
  id: modelId,
  title: z.string(),
  detects: z.array(z.string()).min(1),
  data: z.array(z.strictObject({ title: z.string(), licence: z.string(), use: z.string() })).min(1),
  splits: z.string(),
  limits: z.array(z.string()).min(1),
  opset: z.int(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().positive(),
  evaluations: z.array(Evaluation),
});
export type ModelCard = z.output<typeof ModelCard>;

type Figures = Pick<ModelCard, 'sha256' | 'bytes' | 'evaluations'>;

/** @param figures written by the program that made and judged the model. */
export function defineModelCard(
  statement: Omit<z.input<typeof ModelCard>, keyof Figures>,
  figures: object,
): ModelCard {
  return ModelCard.parse({ ...statement, ...figures });
}
