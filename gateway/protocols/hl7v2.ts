import { acknowledgeHl7 } from '../core/hl7/acknowledgement.ts';
import { receiveAdmission } from '../core/hl7/admission.ts';
import { maskHl7 } from '../core/hl7/mask.ts';
import { defineMllpProtocol } from '../core/hl7/mllp.ts';
import { readPcdMessage } from '../core/hl7/pcd-message.ts';

const deviceProtocol = defineMllpProtocol('hl7v2', (message, answered) => {
  const unsupported = () => acknowledgeHl7(answered, 'AR', '200^Unsupported message type');
  if (message.type === 'ADT') {
    return { ...receiveAdmission(message, answered), reply: unsupported() };
  }
  if (message.type !== 'ORU' || !/^(?:R01|R40)$/.test(message.trigger)) {
    return { records: [], reply: unsupported() };
  }
  const reading = readPcdMessage(message);
  if (!reading) {
    return { records: [], reply: acknowledgeHl7(answered, 'AE', '100^Segment sequence error') };
  }
  return { ...reading, reply: acknowledgeHl7(answered, 'AA') };
});

/**
 * What patient care devices send over MLLP (IHE PCD-01 and PCD-04). An admission (ADT) is nothing a
 * device may say: it is answered with AR and kept on record.
 */
export default { ...deviceProtocol, mask: maskHl7 };
