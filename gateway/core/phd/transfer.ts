import type { PhdConfiguration } from './configuration.ts';
import { getAttributes, segmentInformation, segmentTransfer } from './reply.ts';
import type { PhdSegment } from './store.ts';

/**
 * How far the reading of a device's stores has come (ISO/IEEE 11073-20601 8.9.3.4): its attributes,
 * what its segments are, then segment by segment. Nothing in a store is cleared, ever.
 */
export interface PhdTransfer {
  /** Handles: the store that is read now, then those still to come. */
  readonly stores: readonly number[];
  /** Of the store that is read now. */
  readonly segments: readonly PhdSegment[];
  /** Instances: the segment that is transferred now, then those still to come. */
  readonly pending: readonly number[];
}

export const noTransfer: PhdTransfer = { stores: [], segments: [], pending: [] };

/** Where a transfer stands after a step, and what to ask for next, in hexadecimal. */
export interface TransferStep {
  readonly transfer: PhdTransfer;
  readonly request: string;
}

export function beginTransfer(configuration: PhdConfiguration): TransferStep {
  const stores = configuration.filter(({ isStore }) => isStore).map(({ handle }) => handle);
  return askStore({ ...noTransfer, stores });
}

function askStore(transfer: PhdTransfer): TransferStep {
  const [store] = transfer.stores;
  return { transfer, request: store === undefined ? '' : getAttributes(store) };
}

/** The store that is read now has nothing, or will not tell. */
export function nextStore({ stores }: PhdTransfer): TransferStep {
  return askStore({ ...noTransfer, stores: stores.slice(1) });
}

/** Attributes of a store. */
export function hearStore(
  transfer: PhdTransfer,
  handle: number,
  numberOfSegments: number | undefined,
): TransferStep {
  if (transfer.stores[0] !== handle) return { transfer, request: '' };
  if (numberOfSegments === 0) return nextStore(transfer);
  return { transfer, request: segmentInformation(handle) };
}

/** A capture may hold the answer without the association before it. */
export function hearSegments(
  { stores }: PhdTransfer,
  handle: number,
  segments: readonly PhdSegment[],
): TransferStep {
  const pending = segments.filter(({ isEmpty }) => !isEmpty).map(({ instance }) => instance);
  const rest = stores.filter((store) => store !== handle);
  return askSegment({ stores: [handle, ...rest], segments, pending });
}

function askSegment(transfer: PhdTransfer): TransferStep {
  const [store] = transfer.stores;
  const [instance] = transfer.pending;
  if (store === undefined) return { transfer, request: '' };
  if (instance !== undefined) return { transfer, request: segmentTransfer(store, instance) };
  // What the segments are is kept until the next store says its own: an event may come again.
  return transfer.stores.length > 1 ? nextStore(transfer) : { transfer, request: '' };
}

/** The segment that is transferred now is over: its last entries came, or it was refused. */
export function endSegment(transfer: PhdTransfer, instance: number): TransferStep {
  if (transfer.pending[0] !== instance) return { transfer, request: '' };
  return askSegment({ ...transfer, pending: transfer.pending.slice(1) });
}
