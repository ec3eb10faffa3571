import type { Hl7Problem } from '../core/hl7/acknowledgement.ts';
import type { Hl7Message, Hl7Segment } from '../core/hl7/message.ts';

/**
 * What the simulated hospital accepts: the part of IHE PCD-01 and PCD-04 that a gateway sends, read
 * strictly. It is written from the specifications and shares nothing with the code that writes the
 * messages, so that each of them shows the other's mistakes.
 */
export function flawOfReport(message: Hl7Message): Hl7Problem | undefined {
  const { header, type, trigger, controlId, segments } = message;
  if (type !== 'ORU') return '200^Unsupported message type';
  if (trigger !== 'R01' && trigger !== 'R40') return '201^Unsupported event code';
  if (header.part(11, 1) !== 'P') return '202^Unsupported processing id';
  const names = segments.map(({ name }) => name).join(' ');
  if (!/^MSH PID PV1( OBR( NTE)?( OBX)+)+$/.test(names)) return '100^Segment sequence error';
  const isHead =
    header.part(12, 1) === '2.6' &&
    header.part(18, 1) === 'UNICODE UTF-8' &&
    header.part(9, 3) === `ORU_${trigger}` &&
    /^IHE_PCD/.test(header.part(21, 1)) &&
    controlId.length <= 199 &&
    isTime(header.part(7, 1));
  const isWhole = isHead && segments.every((one) => isSegment(one, trigger));
  return isWhole && areNumbered(segments) ? undefined : '101^Required field missing';
}

/** Application management (HL7 v2.6 14.3.2): a sender's clock, and whether anybody is here. */
export function isQuestion({ type, trigger, segments }: Hl7Message): boolean {
  const [header, clock, ...rest] = segments;
  return (
    `${type} ${trigger}` === 'NMD N02' &&
    header?.part(9, 3) === 'NMD_N02' &&
    clock?.name === 'NCK' &&
    isTime(clock.part(1, 1)) &&
    rest.length === 0
  );
}

/** DTM with the offset that IHE PCD asks for. */
function isTime(text: string): boolean {
  return /^\d{14}(\.\d{1,4})?[+-]\d{4}$/.test(text);
}

function isSegment({ name, part, field }: Hl7Segment, trigger: string): boolean {
  switch (name) {
    case 'PID': {
      const isKnown = part(3, 1) !== '';
      // Only an alert may be about nobody.
      return part(3, 4) !== '' && field(5) !== '' && (isKnown || trigger === 'R40');
    }
    case 'OBR': {
      // This sender's place in the order of arrival, in the field that is the sender's.
      const isPlaced = /^\d+$/.test(field(20));
      const isTimed = isTime(part(7, 1)) && isTime(part(8, 1));
      return isPlaced && isTimed && part(3, 1) !== '' && part(4, 3) !== '';
    }
    case 'OBX':
      return isRow(part, field);
    default:
      return true;
  }
}

function isRow(part: Hl7Segment['part'], field: Hl7Segment['field']): boolean {
  const [kind, state] = [part(2, 1), part(11, 1)];
  const isPlaced = part(3, 1) !== '' && /^\d+(\.\d+){3,5}$/.test(part(4, 1));
  const isOfDevice = isTime(part(14, 1)) && part(18, 1) !== '' && part(18, 2) !== '';
  if (!isPlaced || !isOfDevice) return false;
  // Never both value and reason, never neither.
  if (state === 'X') return field(5) === '' && (kind === '' || field(8) !== '');
  if (state !== 'R' || field(5) === '') return false;
  if (kind === 'NM') return /^[+-]?\d+(\.\d+)?$/.test(field(5)) && field(6) !== '';
  if (kind === 'NA') return /^([+-]?\d+(\.\d+)?)?(\^([+-]?\d+(\.\d+)?)?)*$/.test(field(5));
  return kind === 'ST' || kind === 'CWE';
}

/** Set ids of OBR and OBX count from 1. */
function areNumbered(segments: readonly Hl7Segment[]): boolean {
  return ['OBR', 'OBX'].every((kind) =>
    segments
      .filter(({ name }) => name === kind)
      .every(({ field }, index) => field(1) === `${index + 1}`),
  );
}
