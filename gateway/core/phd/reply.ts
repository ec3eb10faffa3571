import type { SegmentEvent } from './store.ts';

/**
 * All that a manager of personal health devices says here (ISO/IEEE 11073-20601 A.8), each whole
 * APDU in hexadecimal.
 */

/** Results of an association. */
export const associationResults = {
  accepted: 0,
  acceptedUnknownConfiguration: 3,
  noCommonProtocol: 4,
  noCommonParameter: 5,
} as const;

type AssociationResult = (typeof associationResults)[keyof typeof associationResults];

export const releaseAnswer = 'e50000020000';
export const abort = 'e60000020000';

/** "WARDGATE" in ASCII stands for an EUI-64: a manager's is asked for, and read by no agent. */
const managerId = Buffer.from('WARDGATE').toString('hex');

export function acceptance(result: AssociationResult): string {
  return `e300002c${word(result)}507900268000000080008000000000000000800000000008${managerId}${'0'.repeat(20)}`;
}

export function rejection(result: AssociationResult): string {
  return `e3000006${word(result)}00000000`;
}

export function configurationAccepted(invoke: number, id: number): string {
  return `e70000160014${word(invoke)}0201000e0000ffffffff0d1c0004${word(id)}0000`;
}

export function confirmation(invoke: number, handle: number, type: number): string {
  return `e70000120010${word(invoke)}0201000a${word(handle)}ffffffff${word(type)}0000`;
}

/** All attributes of an object; 0 is the device itself. */
export function getAttributes(handle: number): string {
  return `e700000e000c${word(handle === 0 ? deviceInvoke : storeInvoke)}01030006${word(handle)}00000000`;
}

/** One request about stores is on its way at a time. */
export const storeInvoke = 2;
const deviceInvoke = 1;

/** What all segments of a store are. */
export function segmentInformation(store: number): string {
  return `e70000140012${word(storeInvoke)}0107000c${word(store)}0c0d0006000100020000`;
}

/** Asks for what one segment holds; it stays there. */
export function segmentTransfer(store: number, instance: number): string {
  return `e7000010000e${word(storeInvoke)}01070008${word(store)}0c1c0002${word(instance)}`;
}

const managerConfirm = 0x0080;

/** The entries of a segment are kept here; the device keeps them too. */
export function storedConfirmation(invoke: number, store: number, event: SegmentEvent): string {
  const { instance, firstEntry, entries, status } = event;
  const range = `${word(instance)}${word(firstEntry, 8)}${word(entries, 8)}`;
  const said = `${range}${word((status & firstAndLast) | managerConfirm)}`;
  return `e700001e001c${word(invoke)}02010016${word(store)}ffffffff0d21000c${said}`;
}

const firstAndLast = 0xc000;

function word(value: number, digits = 4): string {
  return value.toString(16).padStart(digits, '0');
}
