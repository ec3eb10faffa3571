import { strangeTicks } from '../core/alarm-rule.ts';
import { GatewayError } from '../core/error.ts';
import { firstModelState } from '../core/model-state.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import { modelSha256, verifyModel } from '../inference/model-file.ts';
import { writeOnnx } from '../inference/onnx-format.ts';
import { fitPca, pcaGraph, trafficPcaOptions } from '../learning/pca.ts';
import { changeModelState } from './model-choice.ts';
import { addSiteModel, claimModelId, readModel, trustedKeys } from './model-store.ts';
import { startScoring } from './model-training.ts';
import { readTrafficLog, type TrafficRecord } from './traffic-log.ts';

/** Below it a site has not shown how it is. */
const ordinaryRowsMin = 1_000;
const deviceSecondsMin = 14_400;
const secondsPerDay = 86_400;
/** The newest share is kept apart: a threshold comes from what the model was not made from. */
const validationShare = 0.3;
/** A threshold stands so much above what it was calibrated by. */
const marginFactor = 1.1;
/** A threshold lower than this share of the shipped one would be mere luck. */
const thresholdShareMin = 0.5;
/** So much of what was kept may be strange to the shipped model; more is what an attacker taught. */
const strangeShareMax = 0.01;

export interface FittedModel {
  readonly id: string;
  readonly sha256: string;
  readonly threshold: number;
  readonly rows: number;
  readonly deviceDays: number;
  readonly alarmsPerDay: number;
}

/**
 * Fits a model to the site's own ordinary traffic, so that it alarms at most so often a device and
 * day. It is signed by the site and runs in shadow: `model activate` makes it count.
 *
 * @throws GatewayError `data-unreadable` where too little was kept, `model-refused` where what was kept
 * is not ordinary.
 */
export async function fitSiteModel(directory: string, alarmsPerDay: number): Promise<FittedModel> {
  const record = readTrafficLog(directory);
  const { width, values } = record.ordinary;
  const rows = values.length / width;
  if (rows < ordinaryRowsMin || record.deviceSeconds < deviceSecondsMin) {
    throw new GatewayError(
      'data-unreadable',
      `${rows} rows of ${Math.round(record.deviceSeconds / 60)} minutes of devices are too few: ${ordinaryRowsMin} of ${deviceSecondsMin / 60}`,
    );
  }
  const shippedThreshold = await requireOrdinary(directory, record);
  const split = Math.floor(rows * (1 - validationShare)) * width;
  const id = claimModelId(directory);
  const body = pcaGraph(fitPca({ width, values: values.slice(0, split) }, trafficPcaOptions));
  const graph = { name: id, version: id, features: trafficFeatures, threshold: 1, ...body };
  const highest = await highestAllowed(writeOnnx(graph), record, split, alarmsPerDay);
  const lowest = shippedThreshold * thresholdShareMin;
  const threshold = Number(Math.max(lowest, highest * marginFactor).toPrecision(4));
  const bytes = writeOnnx({ ...graph, threshold });
  const deviceDays = record.deviceSeconds / secondsPerDay;
  const sha256 = modelSha256(bytes);
  const card = { id, sha256, threshold, rows, deviceDays, alarmsPerDay };
  addSiteModel(directory, id, bytes, card);
  changeModelState(directory, (state) => ({ ...state, shadow: id }));
  return card;
}

/** Step by step an attacker could teach a site to find him ordinary: the shipped model never learns. */
async function requireOrdinary(directory: string, { ordinary }: TrafficRecord): Promise<number> {
  const file = readModel(directory, firstModelState.active);
  const { threshold } = verifyModel(file, trustedKeys(directory), trafficFeatures);
  const { scores } = await (await startScoring(file.bytes))(ordinary);
  const strange = scores.filter((score) => score > threshold).length;
  if (strange > scores.length * strangeShareMax) {
    throw new GatewayError(
      'model-refused',
      `what was kept is not ordinary: ${strange} of ${scores.length} rows are strange to ${firstModelState.active}`,
    );
  }
  return threshold;
}

/** The score that rows it has not seen, and all notable ones, exceed as often as the budget allows. */
async function highestAllowed(
  model: Uint8Array,
  { ordinary, notable, deviceSeconds }: TrafficRecord,
  split: number,
  alarmsPerDay: number,
): Promise<number> {
  const { width } = ordinary;
  const score = await startScoring(model);
  const unseen = await score({ width, values: ordinary.values.slice(split) });
  const rare = await score(notable);
  const scores = Float32Array.from([...unseen.scores, ...rare.scores])
    .sort()
    .reverse();
  const allowed = Math.floor((alarmsPerDay * deviceSeconds * strangeTicks) / secondsPerDay);
  return scores[Math.min(allowed, scores.length - 1)] ?? 0;
}
