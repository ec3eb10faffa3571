import { graphInput } from '../core/model-graph.ts';
import type { Random } from '../core/random.ts';
import { type GraphBody, judged, type Reaches } from './graph.ts';
import { type Rows, rowCountOf } from './matrix.ts';
import { reachesOf } from './reaches.ts';

/** A row squeezed through a few nodes and drawn again: what it cannot draw is strange. */
export interface Autoencoder extends Reaches {
  readonly width: number;
  readonly hidden: number;
  /** Rows are cut at it first: an outlier is not to be drawn. */
  readonly clip: number;
  /** `width` × `hidden` and `hidden` × `width`, row after row, and what is added. */
  readonly encode: Float32Array;
  readonly encodeBias: Float32Array;
  readonly decode: Float32Array;
  readonly decodeBias: Float32Array;
}

export interface AutoencoderOptions {
  readonly hidden: number;
  readonly clip: number;
  readonly epochs: number;
  readonly batchRows: number;
  readonly learningRate: number;
  readonly ordinaryShare: number;
}

/** A parameter and how Adam moves it (Kingma and Ba 2015, algorithm 1). */
interface Parameter {
  readonly values: Float32Array;
  readonly gradient: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

const adam = { first: 0.9, second: 0.999, small: 1e-8 } as const;

export function fitAutoencoder(
  rows: Rows,
  options: AutoencoderOptions,
  random: Random,
): Autoencoder {
  const { hidden, clip, epochs, batchRows, learningRate, ordinaryShare } = options;
  const { width, values } = rows;
  const initial = (count: number, fan: number) =>
    parameter(Float32Array.from({ length: count }, () => random.normal() / Math.sqrt(fan)));
  const encode = initial(width * hidden, width);
  const decode = initial(hidden * width, hidden);
  const encodeBias = parameter(new Float32Array(hidden));
  const decodeBias = parameter(new Float32Array(width));
  const net = { width, hidden, clip, encode, encodeBias, decode, decodeBias };
  const count = rowCountOf(rows);
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (let batch = 0; batch * batchRows < count; batch += 1) {
      for (let index = 0; index < batchRows; index += 1) {
        learnRow(net, values, Math.floor(random.next() * count) * width);
      }
      step += 1;
      for (const each of [encode, encodeBias, decode, decodeBias]) {
        move(each, learningRate, batchRows, step);
      }
    }
  }
  const fitted = {
    ...{ width, hidden, clip },
    ...{ encode: encode.values, encodeBias: encodeBias.values },
    ...{ decode: decode.values, decodeBias: decodeBias.values },
  };
  const remainderWeight = reachesOf(remaindersOf(net, rows), ordinaryShare);
  return { ...fitted, remainderWeight, weight: reachesOf(rows, ordinaryShare) };
}

export function autoencoderGraph(model: Autoencoder): GraphBody {
  const { width, hidden, clip, encode, encodeBias, decode, decodeBias, ...reaches } = model;
  return judged('explained', reaches, {
    constants: {
      low: { shape: [], values: Float32Array.of(-clip) },
      high: { shape: [], values: Float32Array.of(clip) },
      encode: { shape: [width, hidden], values: encode },
      encode_bias: { shape: [hidden], values: encodeBias },
      decode: { shape: [hidden, width], values: decode },
      decode_bias: { shape: [width], values: decodeBias },
    },
    nodes: [
      { operator: 'Clip', inputs: [graphInput, 'low', 'high'], outputs: ['cut'] },
      { operator: 'MatMul', inputs: ['cut', 'encode'], outputs: ['encoded'] },
      { operator: 'Add', inputs: ['encoded', 'encode_bias'], outputs: ['biased'] },
      { operator: 'Tanh', inputs: ['biased'], outputs: ['hidden'] },
      { operator: 'MatMul', inputs: ['hidden', 'decode'], outputs: ['decoded'] },
      { operator: 'Add', inputs: ['decoded', 'decode_bias'], outputs: ['explained'] },
    ],
  });
}

type Net = Readonly<Record<'width' | 'hidden' | 'clip', number>> &
  Readonly<Record<'encode' | 'encodeBias' | 'decode' | 'decodeBias', Parameter>>;

function parameter(values: Float32Array): Parameter {
  const zeros = () => new Float64Array(values.length);
  return { values, gradient: zeros(), first: zeros(), second: zeros() };
}

/** What the net draws of a row; `hiddenInto` gets what it passed on. */
function draw(net: Net, cut: Float64Array, hiddenInto: Float64Array, into: Float64Array): void {
  const { width, hidden, encode, encodeBias, decode, decodeBias } = net;
  for (let node = 0; node < hidden; node += 1) {
    let sum = encodeBias.values[node] as number;
    for (let feature = 0; feature < width; feature += 1) {
      sum += (cut[feature] as number) * (encode.values[feature * hidden + node] as number);
    }
    hiddenInto[node] = Math.tanh(sum);
  }
  for (let feature = 0; feature < width; feature += 1) {
    let sum = decodeBias.values[feature] as number;
    for (let node = 0; node < hidden; node += 1) {
      sum += (hiddenInto[node] as number) * (decode.values[node * width + feature] as number);
    }
    into[feature] = sum;
  }
}

/** Adds the gradient of the squared error of one row. */
function learnRow(net: Net, values: Float32Array, start: number): void {
  const { width, hidden, encode, encodeBias, decode, decodeBias } = net;
  const cut = cutRow(net, values, start);
  const passed = new Float64Array(hidden);
  const error = new Float64Array(width);
  draw(net, cut, passed, error);
  for (let feature = 0; feature < width; feature += 1) {
    error[feature] = (error[feature] as number) - (cut[feature] as number);
    add(decodeBias, feature, error[feature] as number);
  }
  for (let node = 0; node < hidden; node += 1) {
    let back = 0;
    for (let feature = 0; feature < width; feature += 1) {
      const index = node * width + feature;
      back += (error[feature] as number) * (decode.values[index] as number);
      add(decode, index, (error[feature] as number) * (passed[node] as number));
    }
    back *= 1 - (passed[node] as number) ** 2;
    add(encodeBias, node, back);
    for (let feature = 0; feature < width; feature += 1) {
      add(encode, feature * hidden + node, back * (cut[feature] as number));
    }
  }
}

function cutRow({ width, clip }: Net, values: Float32Array, start: number): Float64Array {
  return Float64Array.from({ length: width }, (_, feature) =>
    Math.min(clip, Math.max(-clip, values[start + feature] as number)),
  );
}

function add({ gradient }: Parameter, index: number, by: number): void {
  gradient[index] = (gradient[index] as number) + by;
}

function move(
  { values, gradient, first, second }: Parameter,
  rate: number,
  rowCount: number,
  step: number,
): void {
  const firstBias = 1 - adam.first ** step;
  const secondBias = 1 - adam.second ** step;
  for (let index = 0; index < values.length; index += 1) {
    const slope = (gradient[index] as number) / rowCount;
    const mean = adam.first * (first[index] as number) + (1 - adam.first) * slope;
    const square = adam.second * (second[index] as number) + (1 - adam.second) * slope * slope;
    [first[index], second[index], gradient[index]] = [mean, square, 0];
    const change = (rate * (mean / firstBias)) / (Math.sqrt(square / secondBias) + adam.small);
    values[index] = (values[index] as number) - change;
  }
}

function remaindersOf(net: Net, { width, values }: Rows): Rows {
  const remainders = new Float32Array(values.length);
  const passed = new Float64Array(net.hidden);
  const drawn = new Float64Array(width);
  for (let start = 0; start < values.length; start += width) {
    draw(net, cutRow(net, values, start), passed, drawn);
    for (let feature = 0; feature < width; feature += 1) {
      const value = values[start + feature] as number;
      remainders[start + feature] = value - (drawn[feature] as number);
    }
  }
  return { width, values: remainders };
}
