import { defineModelCard } from '../../gateway/core/model-card.ts';
import figures from './figures.json' with { type: 'json' };

export default defineModelCard(
  {
    id: 'vitals-pca',
    title: 'Reconstruction by principal components of how a patient’s vital signs go on',
    detects: ['D08'],
    data: [
      {
        title:
          'PhysioNet/Computing in Cardiology Challenge 2012, sets a and b (Silva et al. 2012; Goldberger et al. 2000): not shipped',
        licence: 'ODC-BY 1.0',
        use: 'training, validation, test',
      },
    ],
    splits:
      'By patient: three in five to learn from, one in five to choose and to put the threshold by, one in five to judge by. Attacks are injected.',
    limits: [
      'It was made from charts, half an hour or more between rows: of a monitor’s stream one value of each signal is looked at in half an hour. On a real monitor’s stream nobody has measured it; on simulated ones it is silent.',
      'It sees signals that stand still. A single wrong value, a slow drift, an offset or a factor it does not tell from an ill patient.',
      'Replayed rows look like the patient they are of, and a single figure that stands out is nothing to it: the rules see those.',
      'The rules’ limits of a single figure were put by the patients the model was made from and those its threshold was put by.',
      'No heart rate beside a pulse rate, and no perfusion, stands in these charts: only the rules look at those.',
      'The attacks are our own, and so is how strong they are: figures of others are not of the same attacks.',
      'It informs. Nothing is blocked because of it, and it is no clinical alarm.',
    ],
    opset: 17,
  },
  figures,
);
