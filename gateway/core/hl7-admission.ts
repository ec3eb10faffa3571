import type { Admission } from './admission.ts';
import type { Hl7Message } from './hl7-message.ts';
import { hl7Time } from './hl7-time.ts';

const events: Readonly<Partial<Record<string, Admission['event']>>> = {
  A01: 'admit',
  A02: 'transfer',
  A03: 'discharge',
  A08: 'update',
};

/**
 * HL7 v2 ADT (chapter 3): who lies where. Undefined for another event, and where no patient or no
 * visit is named: whom it is about must never be guessed.
 */
export function readAdmission({ trigger, segments }: Hl7Message): Admission | undefined {
  const event = Object.hasOwn(events, trigger) ? events[trigger] : undefined;
  const patient = segments.find(({ name }) => name === 'PID');
  const visit = segments.find(({ name }) => name === 'PV1');
  const subject = patient?.codes(3).find((id) => id !== '');
  if (event === undefined || subject === undefined || visit === undefined) return undefined;
  const occurred = segments.find(({ name }) => name === 'EVN');
  return {
    event,
    subject,
    // PV1-3 (PL): point of care, room, bed; PV1-6 is where the patient lay before.
    location: [visit.part(3, 1), visit.part(3, 2), visit.part(3, 3)],
    priorLocation: [visit.part(6, 1), visit.part(6, 2), visit.part(6, 3)],
    visit: visit.part(19, 1) || undefined,
    time: hl7Time(occurred?.part(6, 1) || occurred?.part(2, 1) || ''),
  };
}
