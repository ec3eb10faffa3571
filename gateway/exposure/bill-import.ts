import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';
import type { Bill } from '../core/vulnerability.ts';
import { findProfile } from '../site/profiles.ts';
import type { Store } from '../store/store.ts';
import { readCycloneDx } from '../vulnerabilities/bills/cyclone-dx.ts';
import { readSpdx } from '../vulnerabilities/bills/spdx.ts';
import { rootOf } from './vulnerability-matching.ts';

export interface BillOrder {
  readonly path: string;
  readonly model: string;
  readonly actor: string;
  readonly now: number;
}

const fileBytesMax = 67_108_864;
const problemsMax = 1_000;

/**
 * Takes what a device model is made of, in the place of what was known before.
 *
 * @throws GatewayError `sbom-invalid`, `profile-unknown`.
 */
export function importBill(
  store: Store,
  profiles: ReadonlyMap<string, DeviceProfile>,
  { path, model, actor, now }: BillOrder,
): { readonly bill: Bill; readonly problems: readonly string[] } {
  const fallback = rootOf(findProfile(profiles, model));
  const bytes = readBytes(path);
  const document = parse(bytes, path);
  const isSpdx = typeof document === 'object' && document !== null && 'spdxVersion' in document;
  const reading = isSpdx ? readSpdx(document, fallback) : readCycloneDx(document, fallback);
  if ('refused' in reading) throw new GatewayError('sbom-invalid', `${path}: ${reading.refused}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const bill: Bill = { ...reading.bill, model, sha256, importedAt: now };
  store.transact(() => {
    store.vulnerabilities.setBill(bill);
    store.audit.add({
      at: now,
      actor,
      action: 'bill.import',
      object: model,
      outcome: 'success',
      detail: `${basename(path)}: ${bill.components.length} components, SHA-256 ${sha256}`,
    });
  });
  return { bill, problems: reading.problems.slice(0, problemsMax) };
}

function readBytes(path: string): Buffer {
  try {
    if (statSync(path).size <= fileBytesMax) return readFileSync(path);
  } catch (cause) {
    throw new GatewayError('sbom-invalid', `${path} cannot be read`, { cause });
  }
  throw new GatewayError('sbom-invalid', `${path} has more than ${fileBytesMax} bytes`);
}

function parse(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new GatewayError('sbom-invalid', `${path} is no JSON`, { cause });
  }
}
