import type { Instant } from '../../gateway/core/observation.ts';
import { createScoring } from '../../gateway/modelling/model-scoring.ts';
import { device, messageAt } from './signals.ts';

/** Scores a device that speaks once a second, then says so and goes on until it is killed. */
const [, , directory = '', fromMs = '0', seconds = '0'] = process.argv;
const from = Number(fromMs);
const scoring = createScoring({
  directory,
  perSecondMaxOf: () => 2,
  onShadow: () => undefined,
  onTick: () => undefined,
});
for (let second = 1; second <= Number(seconds); second += 1) {
  const at = (from + second * 1_000) as Instant;
  scoring.see([{ ...messageAt((at - 400) as Instant), device }]);
  await scoring.tick(at);
}
process.stdout.write('played\n');
setInterval(() => undefined, 1_000);
