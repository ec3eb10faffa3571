import { type MderReader, NotMder } from './mder-reader.ts';

/** First octets of the APDUs (20601 A.8); the second is 00, then 16 bits of length. */
export const apduKinds = {
  associationRequest: 0xe2,
  associationResponse: 0xe3,
  releaseRequest: 0xe4,
  releaseResponse: 0xe5,
  abort: 0xe6,
  data: 0xe7,
} as const;
export const apduHeaderBytes = 4;
/** The largest APDU of an agent (20601 8.4.3). */
export const apduBytesMax = 63 * 1024;

/** What a data APDU is, with the invoke id that binds an answer to its question. */
export const messageChoices = {
  eventReport: 0x0100,
  confirmedEventReport: 0x0101,
  get: 0x0103,
  set: 0x0104,
  confirmedSet: 0x0105,
  action: 0x0106,
  confirmedAction: 0x0107,
  eventReportResult: 0x0201,
  getResult: 0x0203,
  setResult: 0x0205,
  actionResult: 0x0207,
  error: 0x0300,
  reject: 0x0400,
} as const;

/** Where a second length stands, and how many bytes of the body come before what it counts. */
const innerLengths: Readonly<Partial<Record<number, readonly [place: number, before: number]>>> = {
  [apduKinds.associationRequest]: [10, 8],
  [apduKinds.associationResponse]: [8, 6],
  [apduKinds.data]: [4, 2],
};

/** The length of the APDU that begins here, if one does. Judged by as few bytes as can tell. */
export function apduLengthAt(bytes: Uint8Array, offset: number): number | 'more' | 'no' {
  const at = (index: number) => bytes[offset + index];
  const word = (index: number) => ((at(index) ?? 0) << 8) | (at(index + 1) ?? 0);
  const has = (count: number) => bytes.length - offset >= count;
  const kind = at(0) ?? 0;
  if (kind < apduKinds.associationRequest || kind > apduKinds.data) return 'no';
  if (!has(2)) return 'more';
  if (at(1) !== 0) return 'no';
  if (!has(apduHeaderBytes)) return 'more';
  const body = word(2);
  const total = apduHeaderBytes + body;
  if (body > apduBytesMax) return 'no';
  if (kind >= apduKinds.releaseRequest && kind <= apduKinds.abort) {
    if (body !== 2) return 'no';
    return has(total) ? total : 'more';
  }
  // The length of what is inside: a damaged length must not swallow what comes behind.
  const [place, before] = innerLengths[kind] ?? [0, 0];
  if (!has(place + 2)) return 'more';
  if (word(place) !== body - before) return 'no';
  return has(total) ? total : 'more';
}

/**
 * What a manager says, where a capture holds both directions, and answers that nobody waits for.
 * Only their form is looked at: an APDU that is none of them is damage.
 */
export function skipMessage(choice: number, message: MderReader): void {
  const is = messageChoices;
  const sized = (part: MderReader) => part.take(part.unsigned16());
  message.unsigned16(); // the object, or the reason of an error or a rejection
  switch (choice) {
    case is.reject:
      return;
    case is.error:
      sized(message);
      return;
    case is.get:
      message.list((id) => id.unsigned16());
      return;
    case is.set:
    case is.confirmedSet:
      message.list((item) => [item.unsigned32(), sized(item)]);
      return;
    case is.setResult:
      message.list((item) => [item.unsigned16(), sized(item)]);
      return;
    case is.action:
    case is.confirmedAction:
    case is.actionResult:
      message.unsigned16();
      sized(message);
      return;
    case is.eventReportResult:
      message.unsigned32();
      message.unsigned16();
      sized(message);
      return;
    default:
      throw new NotMder();
  }
}
