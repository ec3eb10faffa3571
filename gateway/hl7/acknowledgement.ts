import { readHl7Message } from '../core/hl7/message.ts';
import type { Delivery } from '../core/relay.ts';

/**
 * HL7 table 0357: the receiver is to blame or the whole connection is, not this message. The
 * processing id and the version are the same in all of them; the site must see to that.
 */
const transientProblems: ReadonlySet<string> = new Set([
  '202', // unsupported processing id
  '203', // unsupported version id
  '206', // application record locked
  '207', // application internal error
]);
/** This message: its form, its kind, whom it is about. Sent again it would be refused again. */
const lastingProblems: ReadonlySet<string> = new Set([
  '100', // segment sequence error
  '101', // required field missing
  '102', // data type error
  '103', // table value not found
  '104', // value too long
  '200', // unsupported message type
  '201', // unsupported event code
  '204', // unknown key identifier
  '205', // duplicate key identifier
]);

/**
 * What became of the message of this control id, by the answer to it (HL7 v2.6 2.9.2 and 2.9.3, table
 * 0008). Delivered is only what the receiver says it has, AA or CA, of the message with exactly this
 * MSH-10: an answer to another one, or none that could be read, tells nothing of it.
 */
export function classify(answer: string, controlId: string): Delivery {
  const message = readHl7Message(answer);
  const segments = message?.segments ?? [];
  const acknowledgement = segments.find(({ name }) => name === 'MSA');
  if (!acknowledgement) return { outcome: 'unknown', cause: 'answer is no acknowledgement' };
  if (acknowledgement.part(2, 1) !== controlId) {
    return { outcome: 'unknown', cause: 'acknowledgement of another message' };
  }
  const code = acknowledgement.part(1, 1);
  // The code of the error; before v2.5 it stood in the acknowledgement itself (MSA-6).
  const error = segments.find(({ name }) => name === 'ERR');
  const problem = error?.part(3, 1) || acknowledgement.part(6, 1);
  const cause = `${code}${/^\d{1,3}$/.test(problem) ? ` ${problem}` : ''}`;
  switch (code) {
    case 'AA':
    case 'CA':
      return { outcome: 'delivered' };
    // The content is at fault, unless the receiver says otherwise.
    case 'AE':
    case 'CE':
      return { outcome: transientProblems.has(problem) ? 'retry' : 'refused', cause };
    // Anything but the content, unless the receiver says otherwise.
    case 'AR':
    case 'CR':
      return { outcome: lastingProblems.has(problem) ? 'refused' : 'retry', cause };
    default:
      return { outcome: 'unknown', cause: 'acknowledgement without a known code' };
  }
}

/** Whether the receiver is there: whatever it says of the message, as long as it is of this one. */
export function lifeSign(answer: string, controlId: string): Delivery {
  const delivery = classify(answer, controlId);
  return delivery.outcome === 'unknown' ? delivery : { outcome: 'delivered' };
}
