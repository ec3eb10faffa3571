import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  globSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { auditKeyOf } from '../audit/checkpoint.ts';
import { GatewayError } from '../core/error.ts';
import { modelBytesMax } from '../core/model-graph.ts';
import { firstModelState, type GivenModelState, ModelState, modelId } from '../core/model-state.ts';
import { type ModelFile, signModel } from '../inference/model-file.ts';
import { replaceFile } from '../pki/file-swap.ts';
import { ensureSecret, hasCode, writeNewFile } from '../pki/secrets.ts';

/** The site's secret that signs the models it fits itself. */
const modelKeyName = 'models.key';
const shippedFolder = join(import.meta.dirname, '../../models');
/** An Ed25519 signature in base64 is 88. */
const signatureBytesMax = 256;
const siteFolder = (directory: string) => join(directory, 'models');
const statePath = (directory: string) => join(siteFolder(directory), 'state.json');

/** Who may vouch for a model here: whoever released wardgate, and the site itself. */
export function trustedKeys(directory: string): readonly KeyObject[] {
  const release = createPublicKey(readFileSync(join(shippedFolder, 'release.pub.pem')));
  // A site that never fitted one has no key: looking must write nothing, as the disk may be full.
  const hasOwn = existsSync(join(directory, 'pki', modelKeyName));
  return hasOwn ? [release, createPublicKey(siteKey(directory))] : [release];
}

function siteKey(directory: string): KeyObject {
  return auditKeyOf(ensureSecret(directory, modelKeyName));
}

/** The models there are: shipped ones, and the site's own, oldest first. */
export function modelIds(directory: string): readonly string[] {
  const within = (folder: string) =>
    globSync('*/model.onnx', { cwd: folder }).map((path) => dirname(path));
  const own = within(siteFolder(directory)).sort((a, b) => numberOf(a) - numberOf(b));
  return [...within(shippedFolder).sort(), ...own];
}

/**
 * A model as it lies on the disk; nothing of it is trusted yet.
 *
 * @throws GatewayError `model-unknown`, `model-refused` where it is too large or has no signature.
 */
export function readModel(directory: string, id: string): ModelFile {
  const name = modelId.safeParse(id);
  const folders = [shippedFolder, siteFolder(directory)].map((folder) => join(folder, id));
  const folder = folders.find((each) => existsSync(join(each, 'model.onnx')));
  if (!name.success || folder === undefined) throw new GatewayError('model-unknown', id);
  const path = join(folder, 'model.onnx');
  try {
    const bytes = readFile(path, modelBytesMax);
    return { id, bytes, signature: readFile(`${path}.sig`, signatureBytesMax).toString('latin1') };
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('model-refused', 'it cannot be read, or is not signed', { cause });
  }
}

/** A file and nothing else: a link may lead to what is never over, a pipe waits for ever. */
function readFile(path: string, bytesMax: number): Buffer {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = openSync(path, flags);
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new GatewayError('model-refused', 'it is no file');
    if (status.size > bytesMax) throw new GatewayError('model-refused', 'too large');
    const bytes = Buffer.alloc(status.size);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** Keeps a model the site has fitted, signed by the site. */
export function addSiteModel(directory: string, id: string, bytes: Uint8Array, card: object): void {
  const folder = join(siteFolder(directory), id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = `${JSON.stringify(card, null, 2)}\n`;
  writeNewFile(join(folder, 'card.json'), text, 0o600);
  writeNewFile(join(folder, 'model.onnx.sig'), `${signModel(bytes, siteKey(directory))}\n`, 0o600);
  // Last: without it there is no model.
  writeNewFile(join(folder, 'model.onnx'), bytes, 0o600);
}

const sitePrefix = 'site-';
const numberOf = (id: string) => Number(id.slice(sitePrefix.length));

/** Two that fit at once get one each. */
const claimsMax = 16;

/** Takes the next name for the site's own model, past what was begun and not finished. */
export function claimModelId(directory: string): string {
  mkdirSync(siteFolder(directory), { recursive: true, mode: 0o700 });
  const taken = globSync(`${sitePrefix}*`, { cwd: siteFolder(directory) }).map(numberOf);
  const first = Math.max(0, ...taken.filter(Number.isInteger)) + 1;
  for (let number = first; number < first + claimsMax; number += 1) {
    const id = `${sitePrefix}${number}`;
    try {
      mkdirSync(join(siteFolder(directory), id), { mode: 0o700 });
      return id;
    } catch (cause) {
      if (!hasCode(cause, 'EEXIST')) throw cause;
    }
  }
  throw new GatewayError('model-refused', 'others fit models at the same time');
}

/**
 * Which models are in use.
 *
 * @throws GatewayError `model-refused` where the file is damaged.
 */
export function readModelState(directory: string): ModelState {
  const path = statePath(directory);
  if (!existsSync(path)) return firstModelState;
  try {
    return ModelState.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new GatewayError('model-refused', `${path} is damaged`, { cause });
  }
}

/** A running gateway follows within a second. */
export function writeModelState(directory: string, state: GivenModelState): void {
  mkdirSync(siteFolder(directory), { recursive: true, mode: 0o700 });
  replaceFile(statePath(directory), `${JSON.stringify(ModelState.parse(state))}\n`);
}

/** Changes whenever the choice of models may have changed. */
export function modelStateStamp(directory: string): string {
  const status = statSync(statePath(directory), { throwIfNoEntry: false });
  return status ? `${status.mtimeMs} ${status.ino} ${status.size}` : '';
}
