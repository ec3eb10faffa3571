import { describe, expect, it } from 'vitest';
import astm from '../../../gateway/protocols/astm-e1381.ts';
import { run } from '../../support/protocol-run.ts';

const ENQ = Uint8Array.of(5);
const EOT = Uint8Array.of(4);
const ACK = 6;
const NAK = 21;

/** STX, number, text, ETX or ETB, checksum, CR LF. */
function frame(number: number, text: string, { end = '\x03', tail = '\r\n' } = {}): Buffer {
  const covered = Buffer.from(`${number}${text}${end}`, 'latin1');
  const sum = covered.reduce((total, byte) => (total + byte) & 0xff, 0);
  const checksum = sum.toString(16).toUpperCase().padStart(2, '0');
  return Buffer.concat([Buffer.of(2), covered, Buffer.from(`${checksum}${tail}`)]);
}

function frames(...records: readonly string[]): Buffer[] {
  return records.map((record, index) => frame((index + 1) % 8, `${record}\r`));
}

/** The records of a message that holds these results of one specimen. */
function message(...results: readonly string[]): Buffer[] {
  return frames('H|\\^&', 'P|1', 'O|1|TUBE-1||^^^ALL|R', ...results, 'L|1');
}

function read(...chunks: readonly Uint8Array[]) {
  return run(astm, chunks);
}

function fieldsOf(...results: readonly string[]) {
  return read(ENQ, ...message(...results), EOT).records.map(({ fields }) => fields);
}

describe('the link', () => {
  it('acknowledges a frame in the step that delivers its records', () => {
    const [header, patient, order, result] = message('R|1|^^^Glucose|5.4|mmol/L||N||F');
    const { state } = read(ENQ, header as Buffer, patient as Buffer, order as Buffer);
    const step = astm.step(state as typeof astm.start, result as Buffer);
    expect(step.records).toHaveLength(1);
    expect([...step.reply]).toEqual([ACK]);
  });

  it('takes a repeated frame for a lost acknowledgement', () => {
    const [header, patient, order, result] = message('R|1|^^^Glucose|5.4|mmol/L||N||F');
    const { records, reply } = read(ENQ, ...([header, patient, order, result, result] as Buffer[]));
    expect(records).toHaveLength(1);
    expect(reply).toEqual([ACK, ACK, ACK, ACK, ACK, ACK]);
  });

  it('refuses another frame under the same number inside a session', () => {
    const { records, reply, discardedBytes } = read(
      ENQ,
      ...frames('H|\\^&', 'P|1', 'O|1|T-1', 'R|1|^^^K|4.0|mmol/L'),
      frame(4, 'R|2|^^^Na|140|mmol/L\r'),
    );
    expect(records).toHaveLength(1);
    expect(reply.at(-1)).toBe(NAK);
    expect(discardedBytes).toBe(frame(4, 'R|2|^^^Na|140|mmol/L\r').length - 2);
  });

  it('refuses a damaged frame, counts it and takes the repetition', () => {
    const good = frame(1, 'H|\\^&\r');
    const bad = Buffer.from(good);
    bad[3] = 0x39;
    const { reply, discardedBytes } = read(ENQ, bad, good);
    expect(reply).toEqual([ACK, NAK, ACK]);
    expect(discardedBytes).toBe(good.length - 2);
  });

  it('refuses a frame without a checksum', () => {
    const { reply, records } = read(ENQ, Buffer.from('\x021H|\\^&\rR|1|^^^K|4.0|mmol/L\r\x03\r\n'));
    expect(reply).toEqual([ACK, NAK]);
    expect(records).toEqual([]);
  });

  it('refuses what would outgrow its memory, and goes on', () => {
    const endless = Buffer.concat([Buffer.from('\x021'), Buffer.alloc(1_000_000, 'x')]);
    const { state, discardedBytes } = read(ENQ, endless);
    expect(JSON.stringify(state).length).toBeLessThan(1_000);
    expect(discardedBytes).toBe(endless.length);
    const again = astm.step(state as typeof astm.start, Buffer.from('\x0300\r\n'));
    expect([...again.reply]).toEqual([NAK]);
    expect([...astm.step(again.state, frame(1, 'H|\\^&\r')).reply]).toEqual([ACK]);
  });

  it('bounds a record that is spread over many frames', () => {
    const endless = Array.from({ length: 400 }, (_, index) =>
      frame((index + 2) % 8, 'x'.repeat(240), { end: '\x17' }),
    );
    const { state, reply } = read(ENQ, frame(1, 'H|\\^&\rC|1|I|', { end: '\x17' }), ...endless);
    expect(reply.at(-1)).toBe(NAK);
    expect(JSON.stringify(state).length).toBeLessThan(astm.stateBytesMax);
  });

  it('reads a histogram that no memory could hold, for it says nothing of a result', () => {
    const histogram = Array.from({ length: 400 }, (_, index) =>
      frame((index + 2) % 8, 'x'.repeat(240), { end: '\x17' }),
    );
    const { reply, discardedBytes } = read(
      ENQ,
      frame(1, 'H|\\^&\rM|1|', { end: '\x17' }),
      ...histogram,
    );
    expect(new Set(reply)).toEqual(new Set([ACK]));
    expect(discardedBytes).toBe(0);
  });

  it('asks for the whole message when it was started in the middle of one', () => {
    const [, , , result] = message('R|1|^^^Glucose|5.4|mmol/L');
    const { records, reply } = read(result as Buffer);
    expect(records).toEqual([]);
    expect(reply).toEqual([NAK]);
  });

  it.each([[ENQ], [EOT]])('keeps no text that no header came before', (before) => {
    const { reply, discardedBytes } = read(before, frame(1, 'R|1|^^^K', { end: '\x17' }));
    expect(reply.at(-1)).toBe(NAK);
    expect(discardedBytes).toBeGreaterThan(0);
  });

  it('begins anew with each session', () => {
    const { records, reply } = read(
      ENQ,
      ...frames('H|\\^&', 'P|1', 'O|1|T-1'),
      ENQ,
      ...message('R|1|^^^K|4.0|mmol/L'),
      EOT,
    );
    expect(records).toHaveLength(1);
    expect(records[0]?.subject).toBe('TUBE-1');
    expect(reply).not.toContain(NAK);
  });
});

describe('analysers that take the standard lightly', () => {
  it('may number their histograms apart from their results, also in a session', () => {
    const { records, reply, discardedBytes } = read(
      ENQ,
      ...frames('H|\\^&', 'P|1', 'O|1|T-1', 'C|1|I|x|G'),
      frame(1, 'M|1|HISTOGRAM|a\r'),
      frame(1, 'M|2|HISTOGRAM|b\r'),
      frame(4, 'M|3|HISTOGRAM|c\r'),
      frame(5, 'R|1|^^^K|4.0|mmol/L\r'),
      frame(6, 'L|1\r'),
      EOT,
    );
    expect(records).toMatchObject([{ fields: { K: { value: '4.0' } }, subject: 'T-1' }]);
    expect(reply).not.toContain(NAK);
    expect(discardedBytes).toBe(0);
  });

  it('may not slip in a result under a number of its own', () => {
    const { records, reply } = read(
      ENQ,
      ...frames('H|\\^&', 'P|1', 'O|1|T-1'),
      frame(1, 'M|1|HISTOGRAM|a\rR|1|^^^K|7.9|mmol/L\r'),
    );
    expect(records).toEqual([]);
    expect(reply.at(-1)).toBe(NAK);
  });

  it('may begin a session with another number than 1', () => {
    const records = ['H|\\^&', 'P|1', 'O|1|T-1', 'R|1|^^^K|4.0|mmol/L', 'L|1'];
    const { reply, ...outcome } = read(
      ENQ,
      ...records.map((record, number) => frame(number, `${record}\r`)),
      EOT,
    );
    expect(outcome).toMatchObject({ records: [{ subject: 'T-1' }], discardedBytes: 0 });
    expect(reply).not.toContain(NAK);
  });

  it.each(['\n', '\r\n', '\r'])('may end their records with %j', (end) => {
    const lines = [
      'H|\\^&',
      'P|1',
      'O|1|T-1',
      'R|1|^^^K|4.0|mmol/L',
      'R|2|^^^Na|140|mmol/L',
      'L|1',
    ];
    const text = lines.map((line) => `${line}${end}`).join('');
    const half = text.indexOf('Na');
    for (const sent of [
      [frame(1, text)],
      [frame(1, text.slice(0, half), { end: '\x17' }), frame(2, text.slice(half))],
    ]) {
      const { records, discardedBytes } = read(ENQ, ...sent, EOT);
      expect(records.map(({ fields }) => Object.keys(fields))).toEqual([['K'], ['Na']]);
      expect(records.every(({ subject }) => subject === 'T-1')).toBe(true);
      expect(discardedBytes).toBe(0);
    }
  });
});

describe('a transcript without a session', () => {
  it('is read from its header on, though the frame numbers jump', () => {
    const { records, discardedBytes } = read(
      frame(1, 'H|\\^&\r'),
      frame(2, 'P|1\r'),
      frame(3, 'O|1|T-1\r'),
      frame(1, 'M|1|HISTOGRAM|a\r'),
      frame(1, 'M|2|HISTOGRAM|b\r'),
      frame(5, 'R|1|^^^K|4.0|mmol/L\r'),
      frame(6, 'L|1\r'),
    );
    expect(records).toMatchObject([{ fields: { K: { value: '4.0' } }, subject: 'T-1' }]);
    expect(discardedBytes).toBe(0);
  });

  it('gives no result to a specimen whose order may be missing', () => {
    const damaged = frame(5, 'O|2|T-2\r');
    damaged[5] = 0x39;
    const { records } = read(
      frame(1, 'H|\\^&\r'),
      frame(2, 'P|1\r'),
      frame(3, 'O|1|T-1\r'),
      frame(4, 'R|1|^^^K|4.0|mmol/L\r'),
      damaged,
      frame(6, 'R|1|^^^K|7.9|mmol/L\r'),
      frame(7, 'O|3|T-3\r'),
      frame(0, 'R|1|^^^K|3.3|mmol/L\r'),
    );
    expect(records).toMatchObject([{ fields: { K: { value: '4.0' } }, subject: 'T-1' }]);
  });
});

describe('a result', () => {
  it('keeps unit, time, specimen, operator and comment', () => {
    const { records } = read(
      frame(
        1,
        'H|\\^&|||A|||||||P||20260301\rP|1|PAT-1\rO|1|TUBE-1\r' +
          'R|1|^^^CRP|12|mg/L||N||F||OP7||20260301101500\rC|1|I|lipaemic|G\rC|2|I|repeat|G\rL|1\r',
      ),
    );
    expect(records).toEqual([
      {
        fields: { CRP: { value: '12', unit: 'mg/L' } },
        time: '2026-03-01T10:15:00',
        isStored: true,
        subject: 'TUBE-1',
        performer: 'OP7',
        note: 'lipaemic\nrepeat',
      },
    ]);
  });

  it('takes the patient where the specimen has no name', () => {
    const { records } = read(frame(1, 'H|\\^&\rP|1||PAT-4\rO|1||5\rR|1|^^^K|4|mmol/L\rL|1\r'));
    expect(records[0]?.subject).toBe('PAT-4');
  });

  it('never belongs to the specimen of the patient before', () => {
    const { records } = read(
      ENQ,
      ...frames('H|\\^&', 'P|1|PAT-1', 'O|1|TUBE-1', 'P|2|PAT-2', 'R|1|^^^K|4|mmol/L'),
    );
    expect(records.map(({ subject }) => subject)).toEqual(['PAT-2']);
  });

  it.each([
    ['R|1|^^^413|40.1|g/L', '413'],
    ['R|1|^^^^WBC^1|5.5|10*3/uL', 'WBC'],
    ['R|1|^^^MCV^787-2|90|um3', 'MCV'],
    ['R|1|Sodium|140|mmol/L', 'Sodium'],
    ['R|1|^^^__proto__|1|g/L', '__proto__'],
  ])('of %s is called %s', (result, field) => {
    expect(fieldsOf(result).map(Object.keys)).toEqual([[field]]);
  });

  it.each([
    ['<0.05', { absent: 'below-range' }],
    ['> 400', { absent: 'above-range' }],
    ['', { absent: 'unknown' }],
    ['.....', { absent: 'unknown' }],
    ['----', { absent: 'invalid' }],
    ['  5.5', { value: '5.5', unit: 'g/L' }],
    ['NEGATIVE', { value: 'NEGATIVE', unit: 'g/L' }],
    ['<.5', { absent: 'below-range' }],
    ['>=1.5E3', { absent: 'above-range' }],
    ['HIGH', { absent: 'above-range' }],
    ['Over', { absent: 'above-range' }],
    ['LOW', { absent: 'below-range' }],
    ['under', { absent: 'below-range' }],
    ['+++', { absent: 'invalid' }],
    ['.5', { value: 0.5, unit: 'g/L' }],
    ['5.', { value: 5, unit: 'g/L' }],
    ['1.25E+1', { value: 12.5, unit: 'g/L' }],
    ['-1^0.13', { value: '-1^0.13', unit: 'g/L' }],
    ['5,4', { value: '5,4', unit: 'g/L' }],
  ])('of %j is read as %j', (text, value) => {
    expect(fieldsOf(`R|1|^^^ALB|${text}|g/L||N||F`)).toEqual([{ ALB: value }]);
  });

  it.each([
    ['N||X', { absent: 'not-measured' }],
    ['N||I', { absent: 'not-ready' }],
    ['<||F', { absent: 'below-range' }],
    ['N||P', { value: '40', unit: 'g/L', quality: 'questionable' }],
    ['A||F', { value: '40', unit: 'g/L', quality: 'questionable' }],
    ['H||F', { value: '40', unit: 'g/L' }],
    ['H\\A||F', { value: '40', unit: 'g/L', quality: 'questionable' }],
  ])('flagged %s is read as %j', (flags, value) => {
    expect(fieldsOf(`R|1|^^^ALB|40|g/L||${flags}`)).toEqual([{ ALB: value }]);
  });

  it.each([
    ['R|1|6690-2^Leukocytes^LN|5.5|10*3/uL', '6690-2'],
    ['R|1|^^^WBC^6690-2|5.5|10E3/uL', '6690-2'],
    ['R|1|^^^WBC|5.5|10E3/uL', undefined],
  ])('of %s states the LOINC number %s', (result, loinc) => {
    expect(read(ENQ, ...message(result), EOT).records[0]?.loinc).toBe(loinc);
  });

  it('without a unit says so', () => {
    expect(fieldsOf('R|1|^^^ALB|40')).toEqual([{ ALB: { value: '40', unit: '' } }]);
  });

  it.each([
    ['20260301', '2026-03-01'],
    ['202603011015', '2026-03-01T10:15'],
    ['20260301101530+0100', '2026-03-01T10:15:30+01:00'],
    ['20260230101530', undefined],
    ['2026', undefined],
  ])('timed %s was measured at %s', (stated, time) => {
    const { records } = read(ENQ, ...message(`R|1|^^^K|4|mmol/L||N||F||||${stated}`), EOT);
    expect(records[0]?.time).toBe(time);
  });

  it.each([
    ['H|\\^&|||A|||||||Q', 'O|1|T-1'],
    ['H|\\^&|||A|||||||T', 'O|1|T-1'],
    ['H|\\^&', 'O|1|T-1||^^^ALL|R||||||Q'],
    ['H|\\^&', 'O|1|T-1||^^^ALL|R||||||N||||CTRL^^MEDIUM'],
  ])('under %s and %s is a test', (header, order) => {
    const { records } = read(ENQ, ...frames(header, 'P|1', order, 'R|1|^^^K|4|mmol/L'));
    expect(records).toMatchObject([{ isTest: true }]);
  });

  it.each([
    ['SERUM', 'K'],
    ['BLD', 'K^BLD'],
    ['Urine', 'K^URINE'],
  ])('of the specimen %s is called %s', (specimen, field) => {
    const order = `O|1|T-1||^^^ALL|R||||||N||||${specimen}`;
    const { records } = read(ENQ, ...frames('H|\\^&', 'P|1', order, 'R|1|^^^K|4|mmol/L'));
    expect(records.map(({ fields }) => Object.keys(fields))).toEqual([[field]]);
  });

  it('is read in Latin-1 and in UTF-8', () => {
    const texts = [Buffer.from('µmol/L', 'latin1'), Buffer.from('µmol/L', 'utf8')];
    const units = texts.map((unit) => fieldsOf(`R|1|^^^CREA|77|${unit.toString('latin1')}`)[0]);
    expect(units).toEqual([
      { CREA: { value: '77', unit: 'µmol/L' } },
      { CREA: { value: '77', unit: 'µmol/L' } },
    ]);
  });
});
