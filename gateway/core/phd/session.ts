import type { DeviceRecord } from '../protocol.ts';
import { apduHeaderBytes, apduKinds, messageChoices, skipMessage } from './apdu.ts';
import { readOffers, readSystemId } from './association.ts';
import {
  type PhdConfiguration,
  phdAttributes,
  readConfiguration,
  standardConfigurations,
} from './configuration.ts';
import {
  type MderReader,
  mderReader,
  NotMder,
  readAbsoluteTime,
  readBaseOffsetTime,
} from './mder-reader.ts';
import { recordsOf } from './record.ts';
import {
  abort,
  acceptance,
  associationResults,
  configurationAccepted,
  confirmation,
  getAttributes,
  rejection,
  releaseAnswer,
  storedConfirmation,
  storeInvoke,
} from './reply.ts';
import { isReport, readReport } from './report.ts';
import { isLastEvent, readSegments, readStored } from './store.ts';
import {
  beginTransfer,
  endSegment,
  hearSegments,
  hearStore,
  nextStore,
  noTransfer,
  type PhdTransfer,
  type TransferStep,
} from './transfer.ts';

/** Events and actions, terms of partition 1. */
const configurationEvent = 0x0d1c;
const segmentDataEvent = 0x0d21;
const segmentInformationAction = 0x0c0d;
const segmentTransferAction = 0x0c1c;
/** The handle of the device itself. */
const device = 0;

/** What is known of the device that is associated now. */
export interface PhdAssociation {
  /** EUI-64 of the device in upper-case hexadecimal; empty where only its configuration is known. */
  readonly systemId: string;
  readonly configurationId: number;
  /** Undefined until the device has sent it. */
  readonly configuration: PhdConfiguration | undefined;
  readonly transfer: PhdTransfer;
}

/** What one APDU led to. Undefined where the bytes are none. */
export interface PhdApduReading {
  readonly association: PhdAssociation | undefined;
  readonly records?: readonly DeviceRecord[];
  readonly reply?: string;
  /** What the device's own clock shows, by its description of itself. */
  readonly clockTime?: string | undefined;
  /** Whole and well-formed, but nothing that could be read. */
  readonly isUnread?: boolean;
}

/** Undefined where the bytes are no APDU, whatever their lengths said. */
export function readApdu(
  apdu: Uint8Array,
  association: PhdAssociation | undefined,
): PhdApduReading | undefined {
  try {
    const part = mderReader(apdu.subarray(apduHeaderBytes));
    const reading = read(apdu[0] ?? 0, part, association);
    return part.left === 0 ? reading : undefined;
  } catch (cause) {
    if (cause instanceof NotMder) return undefined;
    throw cause;
  }
}

function read(
  kind: number,
  part: MderReader,
  association: PhdAssociation | undefined,
): PhdApduReading {
  switch (kind) {
    case apduKinds.associationRequest:
      return readAssociation(part, association);
    case apduKinds.data:
      part.unsigned16();
      return readData(part, association);
    case apduKinds.releaseRequest:
      part.unsigned16();
      return { association: undefined, reply: releaseAnswer };
    case apduKinds.associationResponse:
      part.take(part.left);
      return { association };
    default:
      // A release is over, or the device broke off.
      part.unsigned16();
      return { association: kind === apduKinds.releaseResponse ? association : undefined };
  }
}

function readAssociation(part: MderReader, before: PhdAssociation | undefined): PhdApduReading {
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
  // With its configuration known it is ready at once: first it says what its clock shows, for what
  // is in its stores is dated by that.
  const request = configuration ? getAttributes(device) : '';
  return {
    association: { systemId, configurationId, configuration, transfer: noTransfer },
    reply: `${acceptance(result)}${request}`,
  };
}

function readData(part: MderReader, association: PhdAssociation | undefined): PhdApduReading {
  const invoke = part.unsigned16();
  const choice = part.unsigned16();
  return part.part(part.unsigned16(), (message) => {
    switch (choice) {
      case messageChoices.eventReport:
        return readEvent(message, association, undefined);
      case messageChoices.confirmedEventReport:
        return readEvent(message, association, invoke);
      case messageChoices.getResult:
        return readAttributes(message, association);
      case messageChoices.actionResult:
        return readActionResult(message, association);
      default:
        skipMessage(choice, message);
        return isRefusal(choice, invoke) ? refused(association) : { association };
    }
  });
}

/** An error or a rejection of what was asked about a store. */
function isRefusal(choice: number, invoke: number): boolean {
  const isNo = choice === messageChoices.error || choice === messageChoices.reject;
  return isNo && invoke === storeInvoke;
}

function refused(association: PhdAssociation | undefined): PhdApduReading {
  if (!association || association.transfer.stores.length === 0) return { association };
  return goOn(association, nextStore(association.transfer));
}

function goOn(association: PhdAssociation, { transfer, request }: TransferStep): PhdApduReading {
  return { association: { ...association, transfer }, reply: request };
}

function readEvent(
  message: MderReader,
  association: PhdAssociation | undefined,
  invoke: number | undefined,
): PhdApduReading {
  const handle = message.unsigned16();
  message.unsigned32(); // event-time: a clock of the device's own, without a beginning
  const type = message.unsigned16();
  const info = message.take(message.unsigned16());
  if (type === configurationEvent) return readConfigurationEvent(info, association, invoke);
  if (type === segmentDataEvent) return readSegmentEvent(info, handle, association, invoke);
  if (!isReport(type)) return { association, isUnread: true };
  const readings = readReport(info, type, handle, association?.configuration);
  if (readings === 'unknown') {
    // A session that began without us: broken off, the device begins it anew.
    return { association, isUnread: true, reply: association ? '' : abort };
  }
  return {
    association,
    records: recordsOf(readings, association?.systemId ?? ''),
    // Not confirmed in a session that began without us: the device keeps the report for the next.
    reply: !association ? abort : invoke === undefined ? '' : confirmation(invoke, handle, type),
  };
}

function readConfigurationEvent(
  info: Uint8Array,
  association: PhdAssociation | undefined,
  invoke: number | undefined,
): PhdApduReading {
  const part = mderReader(info);
  const id = part.unsigned16();
  const configuration = readConfiguration(part);
  if (part.left > 0) throw new NotMder();
  if (!configuration) return { association: undefined, isUnread: true, reply: abort };
  return {
    association: {
      systemId: association?.systemId ?? '',
      configurationId: id,
      configuration,
      transfer: noTransfer,
    },
    reply:
      invoke === undefined ? '' : `${configurationAccepted(invoke, id)}${getAttributes(device)}`,
  };
}

/** Entries of a store. They are confirmed once they are on disk; nothing clears them. */
function readSegmentEvent(
  info: Uint8Array,
  handle: number,
  association: PhdAssociation | undefined,
  invoke: number | undefined,
): PhdApduReading {
  const { configuration, transfer } = association ?? {};
  const segments = transfer?.stores[0] === handle ? transfer.segments : [];
  const { event, readings } = readStored(info, segments, configuration ?? []);
  if (!association) return { association, isUnread: true, reply: abort };
  // Not confirmed: the device gives up this transfer and keeps what it has.
  if (readings === 'unknown') return { association, isUnread: true };
  const records = recordsOf(readings, association.systemId);
  const next = isLastEvent(event)
    ? endSegment(association.transfer, event.instance)
    : { transfer: association.transfer, request: '' };
  const confirmed = invoke === undefined ? '' : storedConfirmation(invoke, handle, event);
  return {
    association: { ...association, transfer: next.transfer },
    // The same entry is the same record, whenever the store is read again.
    records: records.map((record) => ({ ...record, messageId: `store-${handle}` })),
    reply: `${confirmed}${next.request}`,
  };
}

function readActionResult(
  message: MderReader,
  association: PhdAssociation | undefined,
): PhdApduReading {
  const handle = message.unsigned16();
  const action = message.unsigned16();
  return message.part(message.unsigned16(), (result) => {
    if (action === segmentInformationAction) {
      const segments = readSegments(result);
      if (!association) return { association, isUnread: true };
      return segments
        ? goOn(association, hearSegments(association.transfer, handle, segments))
        : { ...refused(association), isUnread: true };
    }
    if (action !== segmentTransferAction) {
      result.take(result.left);
      return { association };
    }
    const instance = result.unsigned16();
    const isGranted = result.unsigned16() === 0;
    if (!association || isGranted) return { association };
    return goOn(association, endSegment(association.transfer, instance));
  });
}

/** The device's own description: in a capture, the only place that may name it. Or a store's. */
function readAttributes(
  message: MderReader,
  association: PhdAssociation | undefined,
): PhdApduReading {
  const handle = message.unsigned16();
  let systemId = association?.systemId ?? '';
  let configurationId: number | undefined;
  let numberOfSegments: number | undefined;
  let clockTime: string | undefined;
  message.list((item) => {
    const attribute = item.unsigned16();
    item.part(item.unsigned16(), (value) => {
      if (attribute === phdAttributes.systemId && systemId === '') {
        systemId = readSystemId(value);
      } else if (attribute === phdAttributes.configurationId) configurationId = value.unsigned16();
      else if (attribute === phdAttributes.clockAbsolute) clockTime = readAbsoluteTime(value);
      else if (attribute === phdAttributes.clockBaseOffset) clockTime = readBaseOffsetTime(value);
      else if (attribute === phdAttributes.numberOfSegments) numberOfSegments = value.unsigned16();
      else value.take(value.left);
    });
  });
  if (handle !== device) {
    return association
      ? goOn(association, hearStore(association.transfer, handle, numberOfSegments))
      : { association };
  }
  const id = association?.configurationId ?? configurationId;
  if (id === undefined) return { association, clockTime };
  const configuration = association?.configuration ?? standardConfigurations.get(id);
  const transfer = association?.transfer ?? noTransfer;
  const described = { systemId, configurationId: id, configuration, transfer };
  // Its stores are asked for once the device is known, and only once.
  const isBegun = transfer.stores.length > 0;
  const next = configuration && !isBegun ? beginTransfer(configuration) : undefined;
  return { ...(next ? goOn(described, next) : { association: described }), clockTime };
}
