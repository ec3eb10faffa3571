import { seededRandom } from '../../../gateway/core/random.ts';
import { fitForest, forestGraph } from '../../../gateway/learning/forest.ts';
import {
  calibrated,
  shippedBudget,
  simulatedTraining,
} from '../../../gateway/modelling/model-training.ts';
import { trainingProgram } from '../../training-program.ts';

/** As many trees as the largest model allows. */
const options = { trees: 36, sampleRows: 128, ordinaryShare: 0.9997 };

await trainingProgram({
  name: 'traffic-forest',
  async train(ward, remark) {
    const { training, validation } = await simulatedTraining(ward, remark);
    const fitted = fitForest(training, options, seededRandom(ward.seed));
    return calibrated('traffic-forest', '1', forestGraph(fitted), validation, shippedBudget);
  },
});
