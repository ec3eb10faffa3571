import { acknowledgeHl7 } from '../core/hl7/acknowledgement.ts';
import { receiveAdmission } from '../core/hl7/admission.ts';
import { defineMllpProtocol } from '../core/hl7/mllp.ts';

/**
 * A hospital's patient administration over MLLP: who lies where (HL7 v2 chapter 3, IHE ITI-31). Only
 * a profile that is made for it names this protocol. It reads no measurement.
 */
export default defineMllpProtocol('hl7v2-adt', (message, answered) =>
  message.type === 'ADT'
    ? receiveAdmission(message, answered)
    : { records: [], reply: acknowledgeHl7(answered, 'AR', '200^Unsupported message type') },
);
