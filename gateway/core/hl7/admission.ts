import type { Admission, AdmissionEvent } from '../admission.ts';
import { isSubject } from '../association.ts';
import type { DeviceRecord } from '../protocol.ts';
import { acknowledgeHl7 } from './acknowledgement.ts';
import type { Hl7Message, Hl7Segment } from './message.ts';
import type { MllpAnswer } from './mllp.ts';
import { hl7Time } from './time.ts';

/** HL7 table 0003. */
const events: ReadonlyMap<string, AdmissionEvent> = new Map([
  ['A01', 'admit'],
  ['A04', 'register'],
  ['A02', 'transfer'],
  ['A03', 'discharge'],
  ['A08', 'update'],
  ['A11', 'cancel-admit'],
  ['A12', 'cancel-transfer'],
  ['A13', 'cancel-discharge'],
]);

/** Of the ids of a patient, those that name the person in the hospital come first (table 0203). */
const idTypes = ['MR', 'PI'];

/**
 * HL7 v2 ADT (chapter 3, IHE ITI-31): who lies where. AA where it can be taken, AE where it names
 * no patient or lacks a segment, AR for another event and for whatever is no production message.
 */
export function receiveAdmission(
  message: Hl7Message,
  answered: Hl7Message | undefined,
): MllpAnswer {
  const answer = (record: DeviceRecord, ...said: Parameters<typeof acknowledgeHl7>) => ({
    records: [record],
    reply: acknowledgeHl7(...said),
    discardedBytes: 0,
  });
  const patient = message.segments.find(({ name }) => name === 'PID');
  const visit = message.segments.find(({ name }) => name === 'PV1');
  const record = recordOf(message, patient, visit);
  const processing = message.header.part(11, 1);
  if (processing !== '' && processing !== 'P') {
    return answer({ ...record, isTest: true }, answered, 'AR', '202^Unsupported processing id');
  }
  const { event = 'other', subject = '' } = record.admission ?? {};
  if (event === 'other') return answer(record, answered, 'AR', '201^Unsupported event code');
  if (!patient || !visit) {
    return { records: [], reply: acknowledgeHl7(answered, 'AE', '100^Segment sequence error') };
  }
  if (!isSubject(subject)) return answer(record, answered, 'AE', '101^Required field missing');
  return answer(record, answered, 'AA');
}

function recordOf(
  { controlId, header, trigger, segments }: Hl7Message,
  patient: Hl7Segment | undefined,
  visit: Hl7Segment | undefined,
): DeviceRecord {
  const admission: Admission = {
    event: events.get(trigger) ?? 'other',
    trigger: /^[A-Z0-9]{3}$/.test(trigger) ? trigger : '',
    subject: patient ? subjectOf(patient) : '',
    // PV1-3 (PL): after a cancelled transfer it is where the patient lay before, after a cancelled
    // discharge where the patient lies now (chapter 3, A12 and A13).
    place: {
      ward: visit?.part(3, 1) ?? '',
      room: visit?.part(3, 2) ?? '',
      bed: visit?.part(3, 3) ?? '',
    },
    visit: visit?.part(19, 1) ?? '',
    isHistoric: segments.find(({ name }) => name === 'ZBE')?.part(5, 1) === 'Y' || undefined,
  };
  const occurred = segments.find(({ name }) => name === 'EVN');
  const time = [occurred?.part(6, 1), occurred?.part(2, 1), header.part(7, 1)].find(
    (text) => text !== undefined && hl7Time(text) !== undefined,
  );
  const read = time === undefined ? undefined : instantText(time, header.part(7, 1));
  return { fields: {}, messageId: controlId, ...(read !== undefined && { time: read }), admission };
}

function subjectOf(patient: Hl7Segment): string {
  const ids = patient.codes(3);
  const types = patient.codes(3, 5);
  for (const type of idTypes) {
    const found = ids.find((id, index) => id !== '' && types[index] === type);
    if (found !== undefined) return found;
  }
  return ids.find((id) => id !== '') ?? '';
}

/** MSH-7 states the zone of all times of a message that state none (chapter 2, MSH-7). */
function instantText(time: string, sent: string): string | undefined {
  const zone = /[+-]\d{4}$/;
  const read = hl7Time(zone.test(time) ? time : `${time}${zone.exec(sent)?.[0] ?? ''}`);
  // Many senders leave out the seconds, which an instant has.
  return read?.replace(/(T\d\d:\d\d)(?=$|[+-])/, '$1:00');
}
