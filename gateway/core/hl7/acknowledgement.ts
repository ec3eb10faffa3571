import type { Hl7Message } from './message.ts';

/** HL7 table 0357, with the reason of an AE or AR. */
export type Hl7Problem =
  | '100^Segment sequence error'
  | '101^Required field missing'
  | '200^Unsupported message type'
  | '201^Unsupported event code'
  | '202^Unsupported processing id'
  | '207^Internal error';

/**
 * The answer to a message, in its MLLP frame, written with the sender's own separators. A protocol
 * knows no clock, so MSH-7 is the sender's; a message without a readable header is answered without
 * naming it.
 */
export function acknowledgeHl7(
  message: Hl7Message | undefined,
  code: 'AA' | 'AE' | 'AR',
  problem?: Hl7Problem,
): string {
  const header = message?.header;
  const { field: mark, component } = message?.delimiters ?? { field: '|', component: '^' };
  const trigger = /^[A-Z0-9]{3}$/.test(message?.trigger ?? '') ? (message?.trigger ?? '') : '';
  const kind = `ACK${trigger === '' ? '' : `${component}${trigger}${component}ACK`}`;
  const own = message?.controlId ?? '';
  const fields = [
    'MSH',
    header?.field(2) ?? '^~\\&',
    'WARDGATE',
    '',
    header?.field(3) ?? '',
    header?.field(4) ?? '',
    header?.field(7) ?? '',
    '',
    kind,
    `A${own}`,
    header?.field(11) || 'P',
    header?.field(12) || '2.6',
  ];
  const error =
    problem === undefined ? '' : `ERR${mark.repeat(3)}${problem.replace('^', component)}${mark}E\r`;
  return `\x0b${fields.join(mark)}\rMSA${mark}${code}${mark}${own}\r${error}\x1c\r`;
}
