import assert from 'node:assert/strict';
import { readModel } from '../../gateway/modelling/model-store.ts';

/** A shipped model as a site’s own would be: the same under a name of the same length. */
export function asSiteModel(directory: string, shipped: string, id: string): Uint8Array {
  assert.equal(id.length, shipped.length, 'lengths stand in the file beside the names');
  const text = Buffer.from(readModel(directory, shipped).bytes).toString('latin1');
  return Buffer.from(text.replaceAll(shipped, id), 'latin1');
}
