/** Why a value is doubted. Checks of the data’s integrity: never a clinical judgement. */
export const doubts = {
  change: 'It moved faster than a body can.',
  spike: 'One figure stood far out from those before it and the one after it.',
  still: 'It kept one figure for longer than a living patient does.',
  replayed: 'A row of earlier figures came again in the same order.',
  mean: 'A mean pressure that its systolic and diastolic pressure do not give.',
  pulse: 'The heart rate and the pulse rate are of two hearts.',
} as const satisfies Record<string, string>;

export type Doubt = keyof typeof doubts;
