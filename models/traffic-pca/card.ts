import { defineModelCard } from '../../gateway/core/model-card.ts';
import figures from './figures.json' with { type: 'json' };

export default defineModelCard(
  {
    id: 'traffic-pca',
    title: 'Reconstruction by principal components of how a device speaks',
    detects: ['D16'],
    data: [
      {
        title: 'A ward simulated from the device profiles of this project',
        licence: 'Apache-2.0',
        use: 'training, validation, test',
      },
    ],
    splits:
      'By device model: no model of a device stands in two parts. Thresholds come from the validation part alone.',
    limits: [
      'Its figures are no blind test: features were revised after looking at false alarms on the same wards and captures.',
      'It was made from simulated traffic. What it does on a real ward is known once it ran there in shadow.',
      'More of what a device itself says, now and then, cannot be told from its own where it has no rhythm.',
      'Something that a device says for the first time after its enrolment is strange once.',
      'A device is compared with its first ten minutes; what is wrong with it then is usual for it.',
      'It informs. Nothing is blocked because of it.',
    ],
    opset: 17,
  },
  figures,
);
