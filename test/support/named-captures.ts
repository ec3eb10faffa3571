import { crc16 } from '../../gateway/core/crc16.ts';
import { encodeDriRecord } from '../../gateway/core/dri/record.ts';
import { bytesOf } from '../../gateway/core/intellivue/bytes.ts';
import { toMibFrame } from '../../gateway/core/intellivue/mib-frame.ts';

/** A patient who must not be in any capture. */
export const familyName = 'MUELLER';
export const givenName = 'ANNELIESE';
export const patientId = '47110815';
export const operator = 'Drescher';

const text = (latin1: string) => Buffer.from(latin1, 'latin1');
const sumOf = (bytes: Uint8Array) => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
const hexByte = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');

/** For each wire format: whole, intact frames in which the patient is named, as real ones would. */
export const namedFrames: Readonly<Record<string, () => Uint8Array>> = {
  'alaris-asena': () => alaris(`PATIENT^${familyName}^${givenName}^${patientId}`),
  'astm-e1381': () =>
    Buffer.concat([
      text('\x05'),
      astm(1, `H|\\^&|||Analyser^${patientId}^${operator}|||||||P|LIS2-A2|20261122101500\r`),
      astm(2, `P|1|${patientId}|||${familyName}^${givenName}||19480115|F\r`),
      // A record goes on in the next frame, in the middle of the specimen's number.
      astm(3, `O|1|${patientId.slice(0, 4)}`, '\x17'),
      astm(4, `${patientId.slice(4)}||^^^413|R|20261122101500|||||N\r`),
      astm(5, `R|1|^^^413|40.13|g/L||N||F||${operator}||20261122101500\r`),
      astm(6, `C|1|I|${familyName} is fasting|G\r`),
      astm(7, 'L|1|N\r'),
      text('\x04'),
    ]),
  'baxter-as50': () => {
    const content = text(`[NAME=${familyName} ${patientId}]`);
    const crc = crc16(content, 0);
    return Buffer.concat([content, Uint8Array.of(crc >> 8, crc & 0xff)]);
  },
  'bbraun-bcc': () => {
    const rows = [`12,50100,PATNAM,${familyName}`, `12,50111,PATID,${patientId}`].join('\x1e');
    const content = `${familyName}/1/1>${rows}`;
    const front = text(`\x01${`${14 + content.length}`.padStart(5, '0')}\x02${content}\x03`);
    return Buffer.concat([front, text(`${`${sumOf(front)}`.padStart(5, '0')}\x04`)]);
  },
  'draeger-medibus': () =>
    Buffer.concat([
      medibus(0x27, `O0E${familyName.padEnd(12)}`),
      medibus(0x2a, `40${String.fromCharCode(0x30 + familyName.length)}${familyName}\x03`),
      medibus(0x52, `8030'${familyName}'${patientId}:02.00`),
    ]),
  'ge-dri': () => {
    const alarm = Buffer.alloc(10 + 5 * 98 + 10);
    alarm.write(`${familyName} ${patientId} SpO2`, 10, 'latin1');
    alarm.writeInt16LE(3, 10 + 82);
    const network = text(`${familyName} ${givenName} ${patientId}`);
    return Buffer.concat([
      encodeDriRecord({ time: 1, mainType: 4, subrecords: [{ type: 1, bytes: alarm }] }),
      encodeDriRecord({ time: 1, mainType: 5, subrecords: [{ type: 1, bytes: network }] }),
    ]);
  },
  hl7v2: () =>
    text(
      `\x0b${[
        `MSH|^~\\&|MON^${patientId}|${operator}|||20261122101500+0000||ORU^R01|${patientId}|P|2.6`,
        `PID|1||${patientId}^^^Hospital^PI||${familyName}^${givenName}^^^^^L||19480115|F`,
        `PV1|1|I|ICU^4^${familyName}||||${operator}`,
        'OBR|1|||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||20261122101500+0000',
        `OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.1|97|262688^MDC_DIM_PERCENT^MDC|||||R|||||${operator}|||${patientId}`,
        `OBX|2|ST|1^NOTE^99|1.1.1.2|${familyName} sleeps||||||R`,
        `NTE|1||${familyName}`,
        `ZPA|${givenName}`,
      ].join('\r')}\r\x1c\r`,
    ),
  'ivy-ansar': () => new Uint8Array(),
  'masimo-ascii': () =>
    text(
      `02/22/16 22:47:45 SN=${patientId} SPO2=098% BPM=097 EXC=000000 PATIENT=${familyName}\r\n`,
    ),
  'nellcor-ascii': () => text(`N-595    VERSION 1.60.00    ${familyName} ${patientId}\r\n`),
  nonin: () => new Uint8Array(),
  'onetouch-dmp': () => {
    const line = `P 001,"${patientId}Y","MG/DL "`;
    const sum = text(line).reduce((total, byte) => (total + byte) & 0xffff, 0);
    return text(`${line} ${sum.toString(16).toUpperCase().padStart(4, '0')}\r\n`);
  },
  'philips-intellivue': () => Buffer.concat(intellivue().map((each) => toMibFrame(each))),
  'philips-intellivue-lan': () => Buffer.concat(intellivue()),
};

function alaris(content: string): Uint8Array {
  const crc = crc16(text(content), 0xffff).toString(16).toUpperCase().padStart(4, '0');
  return text(`!${content}|${crc}\r`);
}

function astm(number: number, content: string, terminator = '\x03'): Uint8Array {
  const covered = text(`${number}${content}${terminator}`);
  return Buffer.concat([text('\x02'), covered, text(`${hexByte(sumOf(covered))}\r\n`)]);
}

function medibus(code: number, data: string): Uint8Array {
  const covered = text(`\x01${String.fromCharCode(code)}${data}`);
  return Buffer.concat([covered, text(`${hexByte(sumOf(covered))}\r`)]);
}

/** An introduction with bed label and demographics in UTF-16, and an alarm whose text names her. */
function intellivue(): readonly Uint8Array[] {
  const wide = (value: string) => Buffer.from(`${value}\0`, 'utf16le').swap16();
  const digits = Buffer.from(patientId, 'hex');
  const described = list([
    attribute(0x0984, Buffer.concat([bytesOf([8, 2]), digits, digits])),
    attribute(0x091e, wide(`${familyName} 4`)),
    attribute(0x092a, text(`SN ${patientId}`)),
    attribute(0xf100, digits),
  ]);
  const system = bytesOf([0x21, 2], [0, 2], [0, 2]);
  const body = Buffer.concat([system, described]);
  const event = Buffer.concat([system, bytesOf([0, 4], [0x0d06, 2], [body.length, 2]), body]);
  const create = operation(1, Buffer.concat([bytesOf([1, 2], [1, 2], [event.length, 2]), event]));

  const screen = wide(`${familyName} HR`);
  const information = Buffer.concat([bytesOf([1, 2], [screen.length, 2]), screen]);
  const head = [0x4182, 40, 0x0400, 0, 6, 0, 0x4182, 0x0201].map((field) => [field, 2] as const);
  const entry = Buffer.concat([bytesOf(...head, [information.length, 2]), information]);
  const objects = list([
    Buffer.concat([
      bytesOf([1, 2]),
      list([
        attribute(0x0902, list([entry])),
        attribute(0x095a, wide(patientId)),
        attribute(0x095d, wide(givenName)),
      ]),
    ]),
  ]);
  const context = list([Buffer.concat([bytesOf([0, 2]), objects])]);
  const poll = bytesOf([9, 2], [1, 2], [0, 4]);
  const reply = Buffer.concat([
    poll,
    new Uint8Array(8).fill(0xff),
    bytesOf([1, 2], [0x36, 2], [0, 2]),
    context,
  ]);
  const action = Buffer.concat([system, bytesOf([0xf13b, 2], [reply.length, 2]), reply]);
  const result = Buffer.concat([bytesOf([1, 2], [7, 2], [action.length, 2]), action]);
  return [create, operation(2, result)];
}

function operation(kind: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([bytesOf([0xe100, 2], [2, 2], [kind, 2], [content.length, 2]), content]);
}

function attribute(id: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([bytesOf([id, 2], [value.length, 2]), value]);
}

function list(entries: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(entries);
  return Buffer.concat([bytesOf([entries.length, 2], [content.length, 2]), content]);
}
