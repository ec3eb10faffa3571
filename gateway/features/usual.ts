/** What a figure usually is, by its messages: a sliding mean and variance that outliers move little. */
export interface Usual {
  mean: number;
  variance: number;
  /** Figures seen, up to where the share of each is the final one. */
  seen: number;
}

const share = 1 / 64;
/** One figure pulls no further than this, in deviations. */
const pullMax = 2;
/** The first ones pull as they are. */
const firstCount = 8;

export const startUsual = (): Usual => ({ mean: 0, variance: 0, seen: 0 });

export const deviationOf = ({ variance }: Usual): number => Math.sqrt(variance);

/** @param isCareful what is usual is known already: no figure pulls as it is any more. */
export function learn(usual: Usual, value: number, isCareful = false): void {
  const weight = Math.max(share, 1 / (1 + usual.seen));
  // Where nothing ever moved, something must be able to.
  const reach = pullMax * Math.max(deviationOf(usual), Math.abs(usual.mean) * 0.01, 1e-9);
  const distance = value - usual.mean;
  const isFirst = usual.seen < firstCount && !isCareful;
  const pull = isFirst ? distance : Math.min(reach, Math.max(-reach, distance));
  usual.mean += weight * pull;
  usual.variance = (1 - weight) * (usual.variance + weight * pull * pull);
  if (usual.seen < 1 / share) usual.seen += 1;
}
