import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';
import type { Mds2Form } from '../core/mds2.ts';
import { findProfile } from '../site/profiles.ts';
import type { Store } from '../store/store.ts';
import { readMds2 } from '../vulnerabilities/mds2-form.ts';

export interface Mds2Order {
  readonly path: string;
  readonly model: string;
  readonly actor: string;
  readonly now: number;
}

const fileBytesMax = 4_194_304;
/** A sheet with fewer answers than this is some other sheet. */
const answersMin = 10;

/**
 * Takes a maker’s form, in the place of an earlier one of that model.
 *
 * @throws GatewayError `mds2-invalid`, `profile-unknown`.
 */
export function importMds2(
  store: Store,
  profiles: ReadonlyMap<string, DeviceProfile>,
  { path, model, actor, now }: Mds2Order,
): { readonly form: Mds2Form; readonly problems: readonly string[] } {
  findProfile(profiles, model);
  const bytes = readBytes(path);
  const reading = readMds2(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  const answers = Object.keys(reading?.answers ?? {}).length;
  if (!reading || answers < answersMin) {
    throw new GatewayError('mds2-invalid', `${path} answers ${answers} questions of MDS2`);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const form: Mds2Form = { model, answers: reading.answers, sha256, importedAt: now };
  store.transact(() => {
    store.mds2Forms.set(form);
    store.audit.add({
      at: now,
      actor,
      action: 'mds2.import',
      object: model,
      outcome: 'success',
      detail: `${basename(path)}: ${answers} answers, SHA-256 ${sha256}`,
    });
  });
  return { form, problems: reading.problems };
}

function readBytes(path: string): Buffer {
  try {
    if (statSync(path).size <= fileBytesMax) return readFileSync(path);
  } catch (cause) {
    throw new GatewayError('mds2-invalid', `${path} cannot be read`, { cause });
  }
  throw new GatewayError('mds2-invalid', `${path} has more than ${fileBytesMax} bytes`);
}
