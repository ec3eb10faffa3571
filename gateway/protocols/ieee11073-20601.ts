import { type MderReader, mderReader, NotMder } from '../core/mder-reader.ts';
import { readOffers, readSystemId } from '../core/phd-association.ts';
import {
  configurationJsonMax,
  type PhdConfiguration,
  phdAttributes,
  readConfiguration,
  standardConfigurations,
} from '../core/phd-configuration.ts';
import {
  abort,
  acceptance,
  associationResults,
  configurationAccepted,
  confirmation,
  mdsGet,
  rejection,
  releaseAnswer,
} from '../core/phd-reply.ts';
import { isReport, type PhdReading, readReport } from '../core/phd-report.ts';
import { type DeviceRecord, defineProtocol, type FieldValue, noBytes } from '../core/protocol.ts';

/** First octets of the APDUs (20601 A.8); the second is 00, then 16 bits of length. */
const associationRequest = 0xe2;
const associationResponse = 0xe3;
const releaseRequest = 0xe4;
const releaseResponse = 0xe5;
const abortion = 0xe6;
const presentation = 0xe7;
const headerBytes = 4;
/** The largest APDU of an agent (20601 8.4.3). */
const apduBytesMax = 63 * 1024;

/** Message choices of a data APDU. */
const eventReport = 0x0100;
const confirmedEventReport = 0x0101;
const getResponse = 0x0203;
const configurationEvent = 0x0d1c;

interface State {
  readonly held: Uint8Array;
  readonly association: Association | undefined;
}

interface Association {
  /** EUI-64 of the device in upper-case hexadecimal; empty where only its configuration is known. */
  readonly systemId: string;
  readonly configurationId: number;
  /** Undefined until the device has sent it. */
  readonly configuration: PhdConfiguration | undefined;
}

/** What one APDU led to. Undefined where the bytes are none. */
interface Reading {
  readonly association: Association | undefined;
  readonly records?: readonly DeviceRecord[];
  readonly reply?: string;
  /** Whole and well-formed, but nothing that could be read. */
  readonly isUnread?: boolean;
}

/**
 * Personal health devices: ISO/IEEE 11073-20601 over any stream of bytes, the gateway as manager.
 * An agent associates, sends its configuration where it is not a standard one, and reports; each
 * confirmed report is confirmed once its records are on disk. Fields are called by their
 * context-free code. Nothing is ever set on a device: neither its clock nor a scanner nor a store.
 *
 * There is no checksum: USB, Bluetooth and TCP have one. Every length and every time is checked,
 * and an APDU counts whole or not at all.
 */
export default defineProtocol<State>({
  id: 'ieee11073-20601',
  start: { held: noBytes, association: undefined },
  stateBytesMax: headerBytes + apduBytesMax + configurationJsonMax + 256,
  transmits: {
    associationResponse:
      /e300002c000[03]507900268000000080008000000000000000800000000008[0-9a-f]{16}0{20}/,
    associationRejected: /e30000060{3}[45]0{8}/,
    configurationAccepted: /e70000160014[0-9a-f]{4}0201000e[0-9a-f]{4}f{8}0d1c0004[0-9a-f]{4}0000/,
    eventConfirmation: /e70000120010[0-9a-f]{4}0201000a[0-9a-f]{4}f{8}0d(?:1[d-f]|2[02-9a-d])0000/,
    mdsGet: /e700000e000c[0-9a-f]{4}0103000600000{8}/,
    releaseResponse: /e50000020000/,
    abort: /e60000020000/,
  },

  step({ held, association: before }, chunk) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const records: DeviceRecord[] = [];
    const replies: string[] = [];
    let association = before;
    let discardedBytes = 0;
    let offset = 0;
    while (offset < bytes.length) {
      const length = lengthAt(bytes, offset);
      if (length === 'more') break;
      const apdu = length === 'no' ? undefined : bytes.subarray(offset, offset + length);
      const reading = apdu && readApdu(apdu, association);
      if (!apdu || !reading) {
        // From the next byte on: an APDU may begin inside what a lost byte made of this one.
        discardedBytes += 1;
        offset += 1;
        continue;
      }
      association = reading.association;
      records.push(...(reading.records ?? []));
      replies.push(reading.reply ?? '');
      if (reading.isUnread) discardedBytes += apdu.length;
      offset += apdu.length;
    }
    return {
      state: { held: Uint8Array.from(bytes.subarray(offset)), association },
      records,
      reply: Buffer.from(replies.join(''), 'hex'),
      discardedBytes,
    };
  },
});

/** Where a second length stands, and how many bytes of the body come before what it counts. */
const innerLengths: Readonly<Partial<Record<number, readonly [place: number, before: number]>>> = {
  [associationRequest]: [10, 8],
  [associationResponse]: [8, 6],
  [presentation]: [4, 2],
};

/** The length of the APDU that begins here, if one does. Judged by as few bytes as can tell. */
function lengthAt(bytes: Uint8Array, offset: number): number | 'more' | 'no' {
  const at = (index: number) => bytes[offset + index];
  const word = (index: number) => ((at(index) ?? 0) << 8) | (at(index + 1) ?? 0);
  const has = (count: number) => bytes.length - offset >= count;
  const kind = at(0) ?? 0;
  if (kind < associationRequest || kind > presentation) return 'no';
  if (!has(2)) return 'more';
  if (at(1) !== 0) return 'no';
  if (!has(headerBytes)) return 'more';
  const body = word(2);
  const total = headerBytes + body;
  if (body > apduBytesMax) return 'no';
  if (kind >= releaseRequest && kind <= abortion) {
    if (body !== 2) return 'no';
    return has(total) ? total : 'more';
  }
  // The length of what is inside: a damaged length must not swallow what comes behind.
  const [place, before] = innerLengths[kind] ?? [0, 0];
  if (!has(place + 2)) return 'more';
  if (word(place) !== body - before) return 'no';
  return has(total) ? total : 'more';
}

function readApdu(apdu: Uint8Array, association: Association | undefined): Reading | undefined {
  try {
    const part = mderReader(apdu.subarray(headerBytes));
    const reading = read(apdu[0] ?? 0, part, association);
    return part.left === 0 ? reading : undefined;
  } catch (cause) {
    if (cause instanceof NotMder) return undefined;
    throw cause;
  }
}

function read(kind: number, part: MderReader, association: Association | undefined): Reading {
  switch (kind) {
    case associationRequest:
      return readAssociation(part, association);
    case presentation:
      part.unsigned16();
      return readData(part, association);
    case releaseRequest:
      part.unsigned16();
      return { association: undefined, reply: releaseAnswer };
    case associationResponse:
      part.take(part.left);
      return { association };
    default:
      // A release is over, or the device broke off.
      part.unsigned16();
      return { association: kind === releaseResponse ? association : undefined };
  }
}

function readAssociation(part: MderReader, before: Association | undefined): Reading {
  const offer = readOffers(part);
  if (!offer)
    return { association: undefined, reply: rejection(associationResults.noCommonProtocol) };
  const { systemId, configurationId } = offer;
  if (!offer.isCommon)
    return { association: undefined, reply: rejection(associationResults.noCommonParameter) };
  const isSame = before?.systemId === systemId && before.configurationId === configurationId;
  const configuration =
    standardConfigurations.get(configurationId) ?? (isSame ? before.configuration : undefined);
  const { accepted, acceptedUnknownConfiguration } = associationResults;
  const result = configuration ? accepted : acceptedUnknownConfiguration;
  return { association: { systemId, configurationId, configuration }, reply: acceptance(result) };
}

function readData(part: MderReader, association: Association | undefined): Reading {
  const invoke = part.unsigned16();
  const choice = part.unsigned16();
  return part.part(part.unsigned16(), (message) => {
    if (choice === eventReport || choice === confirmedEventReport) {
      return readEvent(message, association, choice === confirmedEventReport ? invoke : undefined);
    }
    if (choice === getResponse) return readAttributes(message, association);
    skipMessage(choice, message);
    return { association };
  });
}

/**
 * What a manager says, where a capture holds both directions, and answers that nobody waits for.
 * Only their form is looked at: an APDU that is none of them is damage.
 */
function skipMessage(choice: number, message: MderReader): void {
  const sized = (part: MderReader) => part.take(part.unsigned16());
  if (choice === 0x0300) {
    message.unsigned16();
    sized(message);
    return;
  }
  message.unsigned16(); // the object, or the reason of a rejection
  if (choice === 0x0400) return;
  if (choice === 0x0103) message.list((id) => id.unsigned16());
  else if (choice === 0x0104 || choice === 0x0105) {
    message.list((item) => [item.unsigned32(), sized(item)]);
  } else if (choice === 0x0205) message.list((item) => [item.unsigned16(), sized(item)]);
  else if (choice === 0x0106 || choice === 0x0107 || choice === 0x0207) {
    message.unsigned16();
    sized(message);
  } else if (choice === 0x0201) {
    message.unsigned32();
    message.unsigned16();
    sized(message);
  } else throw new NotMder();
}

function readEvent(
  message: MderReader,
  association: Association | undefined,
  invoke: number | undefined,
): Reading {
  const handle = message.unsigned16();
  message.unsigned32(); // event-time: a clock of the device's own, without a beginning
  const type = message.unsigned16();
  const info = message.take(message.unsigned16());
  if (type === configurationEvent) return readConfigurationEvent(info, association, invoke);
  if (!isReport(type)) return { association, isUnread: true };
  const readings = readReport(info, type, handle, association?.configuration);
  if (readings === 'unknown') {
    // A session that began without us: broken off, the device begins it anew.
    return { association, isUnread: true, reply: association ? '' : abort };
  }
  return {
    association,
    records: recordsOf(readings, association?.systemId),
    // Not confirmed in a session that began without us: the device keeps the report for the next.
    reply: !association ? abort : invoke === undefined ? '' : confirmation(invoke, handle, type),
  };
}

function readConfigurationEvent(
  info: Uint8Array,
  association: Association | undefined,
  invoke: number | undefined,
): Reading {
  const part = mderReader(info);
  const id = part.unsigned16();
  const configuration = readConfiguration(part);
  if (part.left > 0) throw new NotMder();
  if (!configuration) return { association: undefined, isUnread: true, reply: abort };
  return {
    association: { systemId: association?.systemId ?? '', configurationId: id, configuration },
    reply: invoke === undefined ? '' : `${configurationAccepted(invoke, id)}${mdsGet}`,
  };
}

/** The device's own description: in a capture, the only place that may name it. */
function readAttributes(message: MderReader, association: Association | undefined): Reading {
  message.unsigned16();
  let systemId = association?.systemId ?? '';
  let configurationId: number | undefined;
  message.list((item) => {
    const attribute = item.unsigned16();
    item.part(item.unsigned16(), (value) => {
      if (attribute === phdAttributes.systemId && systemId === '') {
        systemId = readSystemId(value);
      } else if (attribute === phdAttributes.configurationId) configurationId = value.unsigned16();
      else value.take(value.left);
    });
  });
  const id = association?.configurationId ?? configurationId;
  if (id === undefined) return { association };
  const configuration = association?.configuration ?? standardConfigurations.get(id);
  return { association: { systemId, configurationId: id, configuration } };
}

/** One record for all readings of one time and one person. */
function recordsOf(readings: readonly PhdReading[], systemId = ''): readonly DeviceRecord[] {
  const groups: { reading: PhdReading; fields: Map<string, FieldValue> }[] = [];
  for (const reading of readings) {
    const { time, person, isTest, fields } = reading;
    let group = groups.find(
      ({ reading: other, fields: taken }) =>
        other.time === time &&
        other.person === person &&
        other.isTest === isTest &&
        !fields.some(([name]) => taken.has(name)),
    );
    if (!group) {
      group = { reading, fields: new Map() };
      groups.push(group);
    }
    for (const [name, value] of fields) group.fields.set(name, value);
  }
  return groups.map(({ reading: { time, person, isTest }, fields }) => ({
    fields: Object.fromEntries(fields),
    ...(time === undefined ? {} : { time }),
    ...(systemId === '' ? {} : { serialNumber: systemId }),
    // A number of the device's own for one of its users; FFFF means nobody was chosen.
    ...(person === undefined || person === 0xffff ? {} : { subject: `person-${person}` }),
    ...(isTest ? { isTest } : {}),
  }));
}
