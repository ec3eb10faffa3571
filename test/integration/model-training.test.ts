import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { auditKeyOf } from '../../gateway/audit/checkpoint.ts';
import type { ModelCard } from '../../gateway/core/model-card.ts';
import { seededRandom } from '../../gateway/core/random.ts';
import { trafficFeatures } from '../../gateway/features/traffic-state.ts';
import { vitalsFeatures } from '../../gateway/features/vitals-state.ts';
import {
  modelSha256,
  openModel,
  signModel,
  verifyModel,
} from '../../gateway/inference/model-file.ts';
import { readStatement, writeOnnx } from '../../gateway/inference/onnx-format.ts';
import { startModel } from '../../gateway/inference/onnx-runtime.ts';
import { fitForest, forestGraph } from '../../gateway/learning/forest.ts';
import { fitPca, pcaGraph, trafficPcaOptions } from '../../gateway/learning/pca.ts';
import { evaluationPage } from '../../gateway/modelling/evaluation-page.ts';
import { modelIds, readModel, trustedKeys } from '../../gateway/modelling/model-store.ts';
import { calibrated, simulatedTraining } from '../../gateway/modelling/model-training.ts';
import { temporaryFolder } from '../support/site.ts';

const smallWard = { seed: 5, devicesPerProfile: 1, hours: 0.4 };

async function train(): Promise<Uint8Array> {
  const { training, validation } = await simulatedTraining(smallWard);
  const body = pcaGraph(fitPca(training, trafficPcaOptions));
  const budget = { nominal: 0.001, alarmsPerDay: 0.5 };
  return calibrated('traffic-pca', '1', body, validation, budget);
}

describe('a model', () => {
  it('is the same file, byte by byte, when it is made again by the same seed', async () => {
    const [one, other] = [await train(), await train()];
    expect(Buffer.from(one).equals(other)).toBe(true);
    expect(one.length).toBeLessThanOrEqual(50_000);
  });

  it('gives in ONNX what the arithmetic says: the squares by how far ordinary rows go', async () => {
    const constants = {
      basis: { shape: [2, 1], values: Float32Array.of(1, 0) },
      turned: { shape: [1, 2], values: Float32Array.of(1, 0) },
    };
    const model = { width: 2, rank: 1, basis: constants.basis.values };
    const reaches = {
      remainderWeight: Float32Array.of(1, 0.5),
      weight: Float32Array.of(0.1, 0.1),
    };
    const graph = pcaGraph({ ...model, ...reaches });
    const bytes = writeOnnx({
      ...{ name: 'tiny', version: '1', features: ['a', 'b'], threshold: 2 },
      ...graph,
    });
    expect(readStatement(bytes)).toMatchObject({ name: 'tiny', threshold: 2 });
    const running = await startModel(bytes, 2);
    const { scores, contributions } = await running.run(Float32Array.of(10, 4, 0, 0), 2);
    await running.close();
    // The first direction explains all of a: what is left is how far it goes. Of b nothing.
    expect([...contributions]).toEqual([expect.closeTo(1, 5), expect.closeTo(4, 5), 0, 0]);
    expect([...scores]).toEqual([expect.closeTo(2.5, 5), 0]);
  });

  it('gives in ONNX the paths of its forest: what stands apart has a short one', async () => {
    const random = seededRandom(4);
    const values = Float32Array.from({ length: 3 * 500 }, () => random.normal());
    const options = { trees: 12, sampleRows: 64, ordinaryShare: 0.99 };
    const forest = fitForest({ width: 3, values }, options, seededRandom(5));
    const features = ['a', 'b', 'c'];
    const bytes = writeOnnx({
      ...{ name: 'tiny', version: '1', features, threshold: 2 },
      ...forestGraph(forest),
    });
    const running = await startModel(bytes, 3);
    const rows = Float32Array.from([0, 0, 0, 20, -20, 20, ...values.subarray(0, 300)]);
    const { scores } = await running.run(rows, 102);
    await running.close();
    const pathOf = (row: Float32Array) =>
      forest.trees.reduce((sum, nodes) => {
        let node = nodes[0];
        while (node && !('path' in node)) {
          node = nodes[(row[node.feature] ?? 0) > node.value ? node.above : node.notAbove];
        }
        return sum + (node?.path ?? 0) / options.trees;
      }, 0);
    for (const [index, score] of scores.entries()) {
      const path = pathOf(rows.subarray(index * 3, index * 3 + 3));
      expect(score).toBeCloseTo(forest.expectedPath / path, 4);
    }
    expect(scores[1]).toBeGreaterThan(Math.max(...scores.subarray(2)) * 0.99);
    expect(scores[1]).toBeGreaterThan(2 * (scores[0] ?? 0));
    const again = fitForest({ width: 3, values }, options, seededRandom(5));
    expect(again).toEqual(forest);
  });

  it('is refused without the right signature, cut at any byte, or for other features', async () => {
    const key = auditKeyOf(Buffer.alloc(32, 1));
    const { id, bytes } = readModel('/nowhere', 'traffic-pca');
    const file = { id, bytes, signature: signModel(bytes, key) };
    await (await openModel(file, [key], trafficFeatures)).close();
    const other = auditKeyOf(Buffer.alloc(32, 2));
    expect(() => verifyModel(file, [other], trafficFeatures)).toThrow('signed');
    expect(() => verifyModel({ ...file, signature: '' }, [key], trafficFeatures)).toThrow('signed');
    expect(() => verifyModel(file, [key], ['else'])).toThrow('other features');
    const named = { ...file, id: 'site-1' };
    expect(() => verifyModel(named, [key], trafficFeatures)).toThrow('under another name');
    for (let end = 0; end < bytes.length; end += 1) {
      const cut = bytes.subarray(0, end);
      expect(() => verifyModel({ ...file, bytes: cut }, [key], trafficFeatures)).toThrow();
      // Even signed, what is cut says of itself what it should, or is refused: it never crashes.
      if (end % 50 !== 0) continue;
      const signed = { id, bytes: cut, signature: signModel(cut, key) };
      await expect(openModel(signed, [key], trafficFeatures)).rejects.toMatchObject({
        code: 'model-refused',
      });
    }
  });
});

describe('the shipped models', async () => {
  const root = join(import.meta.dirname, '../../models');
  const cards = await Promise.all(
    modelIds('/nowhere').map(
      async (id) => ((await import(join(root, id, 'card.ts'))) as { default: ModelCard }).default,
    ),
  );

  it.each(cards.map((card) => [card.id, card] as const))('%s is what its card says', (id, card) => {
    const folder = temporaryFolder('cards');
    const file = readModel(folder.path, id);
    expect(modelSha256(file.bytes)).toBe(card.sha256);
    expect(file.bytes.length).toBe(card.bytes);
    const features = id.startsWith('vitals-') ? vitalsFeatures : trafficFeatures;
    expect(verifyModel(file, trustedKeys(folder.path), features).name).toBe(id);
    folder.remove();
    const isJudged = card.evaluations.map(({ judges }) => judges.some(({ judge }) => judge === id));
    expect(isJudged[0]).toBe(true);
    for (const { judges } of card.evaluations.filter((_, index) => isJudged[index])) {
      // The plain rules stand beside the model, wherever it is judged by itself.
      const plain = [id, 'max-z', expect.stringMatching(/^only /)];
      expect(judges.map(({ judge }) => judge).slice(0, plain.length)).toEqual(plain);
    }
  });

  it('have a page that stands alone', () => {
    const [card] = cards;
    const page = evaluationPage('<Title>', card?.evaluations ?? []);
    expect(page).toContain('&#60;Title&#62;');
    expect(page.match(/<svg /g)).toHaveLength(3 * (card?.evaluations.length ?? 0));
    expect(page).not.toMatch(/NaN|undefined|https?:/);
  });
});
