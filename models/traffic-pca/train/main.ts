import { fitPca, pcaGraph, trafficPcaOptions } from '../../../gateway/learning/pca.ts';
import {
  calibrated,
  shippedBudget,
  simulatedTraining,
} from '../../../gateway/modelling/model-training.ts';
import { trainingProgram } from '../../training-program.ts';

await trainingProgram({
  name: 'traffic-pca',
  async train(ward, remark) {
    const { training, validation } = await simulatedTraining(ward, remark);
    const body = pcaGraph(fitPca(training, trafficPcaOptions));
    return calibrated('traffic-pca', '1', body, validation, shippedBudget);
  },
});
