import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defineAttack } from './attack.ts';
import { beRestless } from './restless-device.ts';
import { stolenId } from './ward.ts';

const shipped = join(import.meta.dirname, '../models/traffic-pca/model.onnx');
/** Longer than the gateway takes to see that another model was chosen. */
const settleMs = 2_500;

export default defineAttack({
  threat: 'D20',
  title: 'Somebody with access to the disk puts a model in place that finds nothing',
  detector: 'model-refused',

  async run(ward) {
    const folder = join(ward.directory, 'models', 'site-1');
    mkdirSync(folder, { recursive: true });
    // The weights of an honest model, set to nothing, under the honest model’s signature.
    const blinded = readFileSync(shipped).fill(0, 800, 4_000);
    writeFileSync(join(folder, 'model.onnx'), blinded);
    writeFileSync(join(folder, 'model.onnx.sig'), readFileSync(`${shipped}.sig`));
    writeFileSync(join(ward.directory, 'models', 'state.json'), '{"active":"site-1"}');
    await delay(settleMs, undefined, { signal: ward.signal });
    await beRestless(ward);
    await delay(settleMs, undefined, { signal: ward.signal });
    const isSeen = ward.findings.some(
      ({ detector, about }) => detector === 'behaviour-drift' && about === stolenId,
    );
    return {
      measured: `a restless device afterwards was ${isSeen ? 'noticed as before' : 'not noticed'}`,
      isAbsent: isSeen,
    };
  },
});
