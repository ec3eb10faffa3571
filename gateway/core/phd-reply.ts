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

/** All attributes of the device. */
export const mdsGet = 'e700000e000c000101030006000000000000';

function word(value: number): string {
  return value.toString(16).padStart(4, '0');
}
