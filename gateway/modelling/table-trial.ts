import { createReadStream, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { linesOf } from '../bundles/lines.ts';
import { GatewayError } from '../core/error.ts';
import { seededRandom } from '../core/random.ts';
import { readTable, type Table } from '../datasets/table.ts';
import { ordinaryFamily, type TableFormatId, tableFormats } from '../datasets/table-format.ts';
import { clipZ } from '../features/baseline.ts';
import { writeOnnx } from '../inference/onnx-format.ts';
import { autoencoderGraph, fitAutoencoder } from '../learning/autoencoder.ts';
import { type ColumnScale, fitColumns, scaled } from '../learning/columns.ts';
import { fitForest, forestGraph } from '../learning/forest.ts';
import type { GraphBody } from '../learning/graph.ts';
import { quantile, type RocPoint, rocNearZero } from '../learning/judge.ts';
import type { Rows } from '../learning/matrix.ts';
import { fitPca, pcaGraph, trafficPcaOptions } from '../learning/pca.ts';
import { startScoring } from './model-training.ts';

const lineBytesMax = 1_000_000;
const filesMax = 256;
/** Of the ordinary rows, in the order they came: to learn from, for thresholds; the rest is judged. */
const [trainingShare, validationShare] = [0.5, 0.2];
/** Fewer ordinary rows say nothing. */
const ordinaryRowsMin = 100;
/** The share of ordinary rows that thresholds let alarm. */
const nominal = 0.001;
const ordinaryShare = 0.9997;

interface TableJudgeFigures {
  readonly judge: string;
  readonly threshold: number;
  /** The share of the ordinary rows that were judged. */
  readonly falsePositiveRate: number;
  /** The share of each family's rows that were noticed. */
  readonly truePositiveRates: Readonly<Record<string, number>>;
  readonly roc: readonly RocPoint[];
}

export interface TableEvaluation {
  readonly format: TableFormatId;
  readonly columns: readonly string[];
  /** Rows of each family after duplicates were removed, and what was not taken in. */
  readonly rows: Readonly<Record<string, number>>;
  readonly duplicates: number;
  readonly incomplete: number;
  readonly leftOut: number;
  readonly judges: readonly TableJudgeFigures[];
}

interface TableJudge {
  readonly name: string;
  score(rows: Rows): Promise<Float32Array>;
}

/**
 * Judges the kinds of models, not the shipped ones, on a published table: made from its ordinary rows,
 * by its own columns. Nothing is learned from an attack.
 */
export async function tryTable(
  folder: string,
  format: TableFormatId,
  seed: number,
  onStep: (what: string) => void,
): Promise<TableEvaluation> {
  const table = await tableIn(folder, format, onStep);
  const { columns, families, duplicates, incomplete, leftOut } = table;
  const ordinary = families.get(ordinaryFamily) ?? [];
  if (ordinary.length < ordinaryRowsMin || families.size < 2) {
    const found = [...families].map(([name, { length }]) => `${length} ${name}`).join(', ');
    throw new GatewayError(
      'data-unreadable',
      `${folder}: ${ordinaryRowsMin} different ordinary rows and an attack are needed; found ${found || 'none'}`,
    );
  }
  const learned = Math.floor(ordinary.length * trainingShare);
  const judged = learned + Math.floor(ordinary.length * validationShare);
  const scale = fitColumns(ordinary.slice(0, learned));
  const validation = scaled(scale, ordinary.slice(learned, judged));
  const test = scaled(scale, ordinary.slice(judged));
  const judges: TableJudgeFigures[] = [];
  for (const judge of await judgesOf(scaled(scale, ordinary.slice(0, learned)), columns, seed)) {
    onStep(`${format}: ${judge.name}`);
    judges.push(await figuresOf(judge, { validation, test, scale, families }));
  }
  const rows = Object.fromEntries([...families].map(([name, { length }]) => [name, length]));
  return { format, columns, rows, duplicates, incomplete, leftOut, judges: withBest(judges) };
}

async function tableIn(
  folder: string,
  format: TableFormatId,
  onStep: (what: string) => void,
): Promise<Table> {
  const paths = globSync('**/*.{csv,csv.gz}', { cwd: folder }).sort().slice(0, filesMax);
  if (paths.length === 0) throw new GatewayError('data-unreadable', `${folder}: no *.csv`);
  const reader = readTable(tableFormats[format]);
  for (const path of paths) {
    onStep(`${format}: ${path}`);
    await readLines(join(folder, path), (number, text) => reader.line(path, number, text));
  }
  return reader.end();
}

async function readLines(path: string, onLine: (number: number, text: string) => void) {
  const file = createReadStream(path);
  let number = 0;
  try {
    const bytes = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
    file.on('error', (error) => bytes.destroy(error));
    for await (const { text } of linesOf(bytes, lineBytesMax)) {
      number += 1;
      if (text.trim() !== '') onLine(number, text);
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    const detail = `${basename(path)}: cannot be read after line ${number}`;
    throw new GatewayError('data-unreadable', detail, { cause });
  } finally {
    file.destroy();
  }
}

async function judgesOf(
  training: Rows,
  columns: readonly string[],
  seed: number,
): Promise<readonly TableJudge[]> {
  const { width } = training;
  const cut = cutRows(training);
  const rank = Math.min(trafficPcaOptions.rank, Math.max(1, width - 1));
  const net = { hidden: 12, clip: 3, epochs: 4, batchRows: 64, learningRate: 0.003, ordinaryShare };
  // As many as the largest model allows, where every column moves.
  const trees = { trees: 16, sampleRows: 64, ordinaryShare };
  const bodies: readonly (readonly [string, GraphBody])[] = [
    ['pca', pcaGraph(fitPca(cut, { ...trafficPcaOptions, rank }))],
    ['autoencoder', autoencoderGraph(fitAutoencoder(cut, net, seededRandom(seed)))],
    ['forest', forestGraph(fitForest(cut, trees, seededRandom(seed)))],
  ];
  const models = bodies.map(async ([name, body]): Promise<TableJudge> => {
    const graph = { name, version: '1', features: columns, threshold: 1, ...body };
    const score = await startScoring(writeOnnx(graph), width);
    return { name, score: async (rows) => (await score(cutRows(rows))).scores };
  });
  const plain = (name: string, of: (row: Float32Array) => number): TableJudge => ({
    name,
    score: async ({ values }) =>
      Float32Array.from({ length: values.length / width }, (_, row) =>
        of(values.subarray(row * width, (row + 1) * width)),
      ),
  });
  return [
    ...(await Promise.all(models)),
    plain('max-z', (row) => row.reduce((max, z) => Math.max(max, Math.abs(z)), 0)),
    ...columns.map((name, index) => plain(`only ${name}`, (row) => Math.abs(row[index] ?? 0))),
  ];
}

/** Models see what a gateway's would: cut rows. */
function cutRows({ width, values }: Rows): Rows {
  return { width, values: values.map((z) => Math.min(clipZ, Math.max(-clipZ, z))) };
}

interface Parts {
  readonly validation: Rows;
  readonly test: Rows;
  readonly scale: ColumnScale;
  readonly families: Table['families'];
}

async function figuresOf(
  { name, score }: TableJudge,
  { validation, test, scale, families }: Parts,
): Promise<TableJudgeFigures> {
  const threshold = quantile(await score(validation), 1 - nominal);
  const shareAbove = (scores: Float32Array) =>
    scores.reduce((count, each) => count + (each > threshold ? 1 : 0), 0) / scores.length;
  const ordinary = await score(test);
  const truePositiveRates: Record<string, number> = {};
  const strange: Float32Array[] = [];
  for (const [family, rows] of families) {
    if (family === ordinaryFamily) continue;
    const scores = await score(scaled(scale, rows));
    truePositiveRates[family] = shareAbove(scores);
    strange.push(scores);
  }
  const attacked = Float32Array.from(strange.flatMap((scores) => [...scores]));
  const roc = rocNearZero(ordinary, attacked);
  return {
    judge: name,
    threshold,
    falsePositiveRate: shareAbove(ordinary),
    truePositiveRates,
    roc,
  };
}

export function meanTruePositiveRate({ truePositiveRates }: TableJudgeFigures): number {
  const rates = Object.values(truePositiveRates);
  return rates.reduce((sum, rate) => sum + rate, 0) / Math.max(1, rates.length);
}

/** Of the columns alone, the one that does best on these very attacks stands for all. */
function withBest(judges: readonly TableJudgeFigures[]): readonly TableJudgeFigures[] {
  const isSingle = ({ judge }: TableJudgeFigures) => judge.startsWith('only ');
  const [best] = judges
    .filter(isSingle)
    .sort((one, other) => meanTruePositiveRate(other) - meanTruePositiveRate(one));
  return [...judges.filter((each) => !isSingle(each)), ...(best ? [best] : [])];
}
