import { GatewayError } from '../core/error.ts';
import { firstModelState, type ModelState } from '../core/model-state.ts';
import { openSiteStore } from '../site/site.ts';
import { readModelState, writeModelState } from './model-store.ts';

/**
 * Changes which models are in use, one after another: the lock of the store keeps who does it at the same
 * time from undoing it. A damaged choice is begun anew.
 */
export function changeModelState(
  directory: string,
  change: (state: ModelState) => ModelState,
): void {
  const { store } = openSiteStore(directory);
  try {
    store.transact(() => writeModelState(directory, change(readOrFirst(directory))));
  } finally {
    store.close();
  }
}

function readOrFirst(directory: string): ModelState {
  try {
    return readModelState(directory);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return firstModelState;
  }
}
