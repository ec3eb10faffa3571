import { hash } from 'node:crypto';
import type { Released } from '../core/observation.ts';
import type { OutboxEntry } from '../core/relay.ts';
import { alertOrders } from './alert.ts';
import { components, segment, timestamp } from './encoding.ts';
import { measurementOrders } from './measurement.ts';
import type { Order } from './row.ts';

/** Who writes to whom, as the two agreed. */
export interface Parties {
  /** MSH-3 and MSH-4, each with up to three components. */
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  /** MSH-5 and MSH-6. */
  readonly receivingApplication: string;
  readonly receivingFacility: string;
  /** Names the space of pseudonyms and ids (PID-3.4, OBX-18.2, OBX-21.2). */
  readonly assigningAuthority: string;
}

export interface Hl7Report {
  /** MSH-10. */
  readonly controlId: string;
  /** Whole segments, CR behind each. */
  readonly text: string;
}

/** 120 bit of SHA-256. Before v2.5.1 a control id had 20 characters at most; many still hold to it. */
const controlIdLength = 20;

/** MSH-9 and MSH-21. */
interface MessageKind {
  readonly type: string;
  readonly profile: string;
}

/** OBR-9 to OBR-19 say nothing. */
const fieldsBeforePlace = 11;

const kinds = {
  measurements: {
    type: 'ORU^R01^ORU_R01',
    profile: 'IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO',
  },
  alerts: {
    type: 'ORU^R40^ORU_R40',
    profile: 'IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.4.4^ISO',
  },
  question: { type: 'NMD^N02^NMD_N02', profile: '' },
} as const satisfies Record<string, MessageKind>;

/**
 * An entry of the outbox as HL7 v2.6 messages: ORU^R01 after IHE DEC PCD-01 for measurements and
 * waveforms, ORU^R40 after IHE ACM PCD-04 for alerts. A message is about one patient, one device and
 * one record; MSH-10 is made from the ids of its observations, so that what is sent again is the same
 * message whenever and by whomever it is sent.
 *
 * @param now milliseconds since the epoch: when it is sent (MSH-7)
 */
export function toReports(entry: OutboxEntry, parties: Parties, now: number): Hl7Report[] {
  const groups = Map.groupBy(
    entry.observations,
    ({ device, subject, kind }) => `${device} ${subject} ${kind === 'alert'}`,
  );
  return [...groups.values()].map((group) => reportOf(group, entry.order, parties, now));
}

/**
 * A message that asks for nothing but its acknowledgement: application management, the sender's clock
 * (HL7 v2.6 14.3.2, NMD^N02). It names no patient and holds no result, so there is nothing to store; a
 * receiver that does not know it says so, which is an answer too. No report has so short a control id.
 */
export function toQuestion(parties: Parties, now: number): Hl7Report {
  const controlId = `Q${now.toString(36)}`;
  const header = headerOf(kinds.question, controlId, parties, now);
  return { controlId, text: `${header}\rNCK|${timestamp(now)}\r` };
}

function reportOf(
  group: readonly Released[],
  place: number,
  parties: Parties,
  now: number,
): Hl7Report {
  const [first] = group as [Released];
  const { assigningAuthority: authority } = parties;
  const controlId = hash('sha256', group.map(({ id }) => id).join('\n'), 'base64url').slice(
    0,
    controlIdLength,
  );
  const alerts = group.filter((one) => one.kind === 'alert');
  const measurements = group.filter((one) => one.kind !== 'alert');
  const kind = alerts.length > 0 ? kinds.alerts : kinds.measurements;
  const orders = [...alertOrders(alerts, authority), ...measurementOrders(measurements, authority)];
  const isUntrusted = group.some(({ provisional }) => provisional !== undefined);
  const segments = [
    headerOf(kind, controlId, parties, now),
    patientOf(first, authority),
    // Whether the patient stays in the hospital is not known here (HL7 table 0004).
    'PV1||U',
    ...ordersOf(orders, { controlId, place, parties, isUntrusted }),
  ];
  return { controlId, text: `${segments.join('\r')}\r` };
}

/** MSH-15 and MSH-16 after IHE PCD-01: the receiver says that it has it, and nothing later. */
function headerOf(
  { type, profile }: MessageKind,
  controlId: string,
  parties: Parties,
  now: number,
): string {
  const { sendingApplication, sendingFacility, receivingApplication, receivingFacility } = parties;
  const who = [sendingApplication, sendingFacility, receivingApplication, receivingFacility];
  const about = [timestamp(now), '', type, controlId, 'P', '2.6', '', '', 'AL', 'NE'];
  const fields = ['^~\\&', ...who.map(hierarchic), ...about];
  return segment('MSH', [...fields, '', 'UNICODE UTF-8', '', '', profile]);
}

/** HD (2A.33): a name, or a name with an id and the kind of id. */
function hierarchic(text: string): string {
  return components(...text.split('^'));
}

/** PID-5 is required: a coded name, which is none (HL7 table 0200, S), or unspecified (U). */
function patientOf({ subject }: Released, authority: string): string {
  const id = components(subject ?? '', '', '', authority, 'PI');
  return segment('PID', ['', '', id, '', `^^^^^^${subject === undefined ? 'U' : 'S'}`]);
}

interface Circumstances {
  readonly controlId: string;
  /** In the order of arrival. */
  readonly place: number;
  readonly parties: Parties;
  readonly isUntrusted: boolean;
}

/**
 * The place in the order of arrival stands in OBR-20, which is the filler's to define (HL7 v2.6 4.5.3.20).
 * Not in MSH-13: a number there asks for the sequence number protocol (2.10.1), in which a gap ends the
 * link, and lanes overtake each other here.
 */
function ordersOf(
  orders: readonly Order[],
  { controlId, place, parties, isUntrusted }: Circumstances,
): string[] {
  const segments: string[] = [];
  let rowNumber = 0;
  for (const [index, { service, startAt, endAt, rows }] of orders.entries()) {
    const filler = components(
      `${controlId}.${index + 1}`,
      ...parties.sendingApplication.split('^'),
    );
    const times = [timestamp(startAt), timestamp(endAt)];
    const rest = [...Array<string>(fieldsBeforePlace).fill(''), `${place}`];
    segments.push(segment('OBR', [`${index + 1}`, '', filler, service, '', '', ...times, ...rest]));
    if (isUntrusted)
      segments.push('NTE|1|L|The gateway did not know the time: times may be wrong.');
    for (const fields of rows) {
      rowNumber += 1;
      segments.push(segment('OBX', [`${rowNumber}`, ...fields]));
    }
  }
  return segments;
}
