import { fitPca, pcaGraph } from '../../../gateway/learning/pca.ts';
import { calibrated, shippedBudget, simulatedTraining } from '../../../gateway/model-training.ts';
import { trainingProgram } from '../../training-program.ts';

/** What the rare ward of a training looks like: enough of it that its threshold stands. */
const options = { rank: 8, clip: 3, ordinaryShare: 0.9997 };

await trainingProgram({
  name: 'traffic-pca',
  async train(ward, remark) {
    const { training, validation } = await simulatedTraining(ward, remark);
    const body = pcaGraph(fitPca(training, options));
    return calibrated('traffic-pca', '1', body, validation, shippedBudget);
  },
});
