import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * `node --import` of this runs the gateway without detection: for the bench only, which says by it
 * what detection costs. The gateway itself has no such switch. Each file below is replaced as it is
 * loaded, in every thread, by one that exports the same and does nothing.
 */
const replaced: Readonly<Record<string, string>> = {
  'stages/detect.ts': 'export const planWatches = () => new Map(); export const detect = () => [];',
  'stages/doubt.ts': 'export const doubt = (_, observations) => ({ observations, doubted: [] });',
  'stages/silence.ts': 'export const hear = () => undefined; export const silences = () => [];',
  'stages/advance.ts': 'export const behindMs = () => 0; export const forgetCovered = () => {};',
  'stages/leak.ts': 'export const faceIn = () => undefined; export const leakOf = () => undefined;',
  'stages/tell.ts': `const signal = { kind: 'message' };
    export const messageSignal = () => signal;
    export const damageSignal = messageSignal, doubtSignal = messageSignal;
    export const leakSignal = messageSignal, rejectionSignal = messageSignal;
    export const injectionSignal = () => undefined;`,
  'pipeline/departed.ts': 'export const departedSignals = () => [];',
  'features/byte-entropy.ts': 'export const byteEntropy = () => 0;',
  'ward/evidence.ts': `export const createEvidence = () => ({ keep() {} });
    export const framesOf = () => [];`,
  'keeper/surroundings.ts': `export const createSurroundings = () => ({
      hear() {}, heardAt() {}, keepSightings() {},
    });`,
  'keeper/keeper-scoring.ts': `export const keeperScoring = () => ({
      onKept() {}, tick: async () => [], close: async () => {},
    });`,
  'site/host-watch.ts': 'export const watchHost = async () => ({ block() {}, close() {} });',
};

const gateway = join(import.meta.dirname, '../gateway');
const sources = new Map<string, string>();
for (const [name, source] of Object.entries(replaced)) {
  const path = join(gateway, name);
  // One that was moved would go on detecting, unseen.
  if (!existsSync(path)) throw new RangeError(`there is no gateway/${name} to be left out`);
  sources.set(pathToFileURL(path).href, source);
}

registerHooks({
  load(url, context, next) {
    const source = sources.get(url);
    return source === undefined
      ? next(url, context)
      : { format: 'module', source, shortCircuit: true };
  },
});
