import { graphInput } from '../core/model-graph.ts';
import type { GraphBody } from './graph.ts';
import { type Rows, rowCountOf } from './matrix.ts';

/** How ordinary rows are, feature by feature; what a row does not say is NaN. */
export interface Scaling {
  readonly centre: Float32Array;
  /** One over a robust standard deviation. */
  readonly weight: Float32Array;
}

/** Scaled rows are cut here. */
const clip = 30;
/** Quartiles of a normal distribution are so many standard deviations apart. */
const quartilesApart = 1.349;
const spreadMin = 0.05;

export function fitScaling({ width, values }: Rows): Scaling {
  const centre = new Float32Array(width);
  const weight = new Float32Array(width);
  const count = rowCountOf({ width, values });
  for (let feature = 0; feature < width; feature += 1) {
    const column = Float32Array.from(
      { length: count },
      (_, row) => values[row * width + feature] ?? 0,
    )
      .filter((value) => !Number.isNaN(value))
      .sort();
    const at = (share: number) => column[Math.floor(share * (column.length - 1))] ?? 0;
    centre[feature] = at(0.5);
    // Where half of all rows say the same, quartiles say nothing.
    const deviation = (at(0.95) - at(0.05)) / 3.29;
    const quartiles = (at(0.75) - at(0.25)) / quartilesApart;
    weight[feature] = 1 / Math.max(spreadMin, quartiles || deviation);
  }
  return { centre, weight };
}

/** What is not said is nothing unusual. */
export function scale({ centre, weight }: Scaling, { width, values }: Rows): Rows {
  const scaled = values.map((value, index) => {
    const feature = index % width;
    if (Number.isNaN(value)) return 0;
    const z = (value - (centre[feature] ?? 0)) * (weight[feature] ?? 0);
    return Math.min(clip, Math.max(-clip, z));
  });
  return { width, values: scaled };
}

const scaledRow = 'scaled';

/** The same before a model: `body` explains the row that it is told the name of. */
export function scaledGraph(
  { centre, weight }: Scaling,
  body: (row: string) => GraphBody,
): GraphBody {
  const width = centre.length;
  const { constants, nodes } = body(scaledRow);
  return {
    constants: {
      ...constants,
      scale_centre: { shape: [width], values: centre },
      scale_weight: { shape: [width], values: weight },
      scale_low: { shape: [], values: Float32Array.of(-clip) },
      scale_high: { shape: [], values: Float32Array.of(clip) },
      scale_nothing: { shape: [], values: Float32Array.of(0) },
    },
    nodes: [
      { operator: 'Sub', inputs: [graphInput, 'scale_centre'], outputs: ['centred'] },
      { operator: 'Mul', inputs: ['centred', 'scale_weight'], outputs: ['weighed'] },
      { operator: 'IsNaN', inputs: ['weighed'], outputs: ['is_silent'] },
      {
        operator: 'Where',
        inputs: ['is_silent', 'scale_nothing', 'weighed'],
        outputs: ['told'],
      },
      { operator: 'Clip', inputs: ['told', 'scale_low', 'scale_high'], outputs: [scaledRow] },
      ...nodes,
    ],
  };
}
