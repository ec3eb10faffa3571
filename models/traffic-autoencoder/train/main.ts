import { seededRandom } from '../../../gateway/core/random.ts';
import { autoencoderGraph, fitAutoencoder } from '../../../gateway/learning/autoencoder.ts';
import {
  calibrated,
  shippedBudget,
  simulatedTraining,
} from '../../../gateway/modelling/model-training.ts';
import { trainingProgram } from '../../training-program.ts';

const options = {
  ...{ hidden: 12, clip: 3, epochs: 4, batchRows: 64 },
  ...{ learningRate: 0.003, ordinaryShare: 0.997 },
};

await trainingProgram({
  name: 'traffic-autoencoder',
  async train(ward, remark) {
    const { training, validation } = await simulatedTraining(ward, remark);
    const fitted = fitAutoencoder(training, options, seededRandom(ward.seed));
    const body = autoencoderGraph(fitted);
    return calibrated('traffic-autoencoder', '1', body, validation, shippedBudget);
  },
});
