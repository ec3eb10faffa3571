import { describe, expect, it } from 'vitest';
import protocol from '../../../gateway/protocols/hl7v2.ts';
import { cut, run } from '../../support/protocol-run.ts';

const header =
  'MSH|^~\\&|MON^00A0370012345678^EUI-64|WARD|||20260301101500+0100||ORU^R01|ID1|P|2.6';
const order = 'OBR|1|||182777000|||20260301101459+0100';

function framed(...segments: readonly string[]): Buffer {
  return Buffer.from(`\x0b${segments.join('\r')}\r\x1c\r`, 'latin1');
}

function read(...messages: readonly Buffer[]) {
  const { records, reply, discardedBytes } = run(protocol, [Buffer.concat(messages)]);
  return { records, reply: Buffer.from(reply).toString('latin1'), discardedBytes };
}

/** The one field of one OBX, given from OBX-5 on. */
function fieldOf(row: string, type = 'NM') {
  const { records } = read(framed(header, order, `OBX|1|${type}|150456^^MDC|1.1.1.1|${row}`));
  return records[0]?.fields['150456'];
}

const percent = '262688^MDC_DIM_PERCENT^MDC';

describe('a measurement', () => {
  it.each([
    [`97|${percent}|||||R`, { value: 97, unit: '%' }],
    [`97|${percent}|||||F`, { value: 97, unit: '%' }],
    ['97|%^%^UCUM|||||R', { value: 97, unit: '%' }],
    ['97|x^y^99LOCAL^%^%^UCUM|||||R', { value: 97, unit: '%' }],
    ['97||||||R', { value: 97, unit: '' }],
    [`97.50|${percent}|||||R`, { value: 97.5, unit: '%' }],
    [`97|${percent}||QUES|||R`, { value: 97, unit: '%', quality: 'questionable' }],
    [`97|${percent}||H~EARLY|||R`, { value: 97, unit: '%', quality: 'questionable' }],
    [`97|${percent}|||||P`, { value: 97, unit: '%', quality: 'questionable' }],
    [`0|${percent}|||||R`, { value: 0, unit: '%' }],
    [`|${percent}|||||R`, { absent: 'unknown' }],
    [`""|${percent}|||||R`, { absent: 'unknown' }],
    [`97|${percent}|||||X`, { absent: 'not-measured' }],
    [`97|${percent}|||||D`, { absent: 'invalid' }],
    [`97|${percent}|||||W`, { absent: 'invalid' }],
    [`97|${percent}||INV|||R`, { absent: 'invalid' }],
    [`97|${percent}||CAL|||R`, { absent: 'calibrating' }],
    [`97|${percent}||NAV|||R`, { absent: 'not-measured' }],
    [`97|${percent}||<|||R`, { absent: 'below-range' }],
    [`97|${percent}||>|||R`, { absent: 'above-range' }],
    [`8388607|${percent}|||||R`, { absent: 'not-a-number' }],
    [`-8388608|${percent}|||||R`, { absent: 'invalid' }],
    [`---|${percent}|||||R`, { absent: 'not-a-number' }],
    [`9,7|${percent}|||||R`, '9,7'],
    [`97~98|${percent}|||||R`, '97~98'],
  ])('of %s reads %j', (row, expected) => {
    expect(fieldOf(row)).toEqual(expected);
  });

  it.each([
    ['^97', { value: 97, unit: '%' }],
    ['>^300', { absent: 'above-range' }],
    ['<=^5', { absent: 'below-range' }],
    ['^1^:^128', '^1^:^128'],
  ])('of structured form %s reads %j', (figure, expected) => {
    expect(fieldOf(`${figure}|${percent}|||||R`, 'SN')).toEqual(expected);
  });

  it('is absent where the monitor leaves out the type as well', () => {
    expect(fieldOf('||||||X', '')).toEqual({ absent: 'not-measured' });
  });

  it('whose name is of another metric is not that of its code', () => {
    const row = (name: string) => `OBX|1|NM|150456^${name}^MDC|1|97|${percent}|||||R`;
    const fields = ['MDC_PULS_OXIM_PULS_RATE', 'MDC_SOMETHING_ELSE', ''].map((name) =>
      Object.keys(read(framed(header, order, row(name))).records[0]?.fields ?? {}),
    );
    expect(fields).toEqual([['150456!MDC_PULS_OXIM_PULS_RATE'], ['150456'], ['150456']]);
  });

  it('of another coding system keeps its system, so that it meets no MDC code', () => {
    const row = `OBX|1|NM|150456^SODIUM^L|1|140|mmol/L|||||F`;
    expect(read(framed(header, order, row)).records[0]?.fields).toEqual({
      '150456^L': { value: 140, unit: 'mmol/L' },
    });
  });

  it('in a field called __proto__ is a field like any other', () => {
    const row = 'OBX|1|NM|__proto__|1|140|mmol/L|||||F';
    const [record] = read(framed(header, order, row)).records;
    expect(Object.keys(record?.fields ?? {})).toEqual(['__proto__']);
  });
});

describe('time', () => {
  const at = (sent: string, ordered: string, observed: string) =>
    read(
      framed(
        header.replace('20260301101500+0100', sent),
        `OBR|1|||x|||${ordered}`,
        `OBX|1|NM|150456^^MDC|1|97|${percent}|||||R|||${observed}`,
      ),
    ).records[0]?.time;

  it('is of the row, else of the order, else of the message', () => {
    expect(at('20260301101500', '20260301101400', '20260301101300')).toBe('2026-03-01T10:13:00');
    expect(at('20260301101500', '20260301101400', '')).toBe('2026-03-01T10:14:00');
    expect(at('20260301101500', '', '')).toBe('2026-03-01T10:15:00');
  });

  it.each([
    ['20190929092150000', '2019-09-29T09:21:50.000'],
    ['20260124124738000+0800', '2026-01-24T12:47:38.000+08:00'],
    ['20260727124424.0000+0000', '2026-07-27T12:44:24.0000+00:00'],
    ['202607271244-0330', '2026-07-27T12:44-03:30'],
    ['20260727', '2026-07-27'],
    ['20260230101500', undefined],
    ['20260301251500', undefined],
    ['2026030110150', undefined],
    ['20260301101500+25', undefined],
    ['later', undefined],
  ])('%s is %s', (text, expected) => {
    expect(at(text, '', '')).toBe(expected);
  });
});

describe('what is no patient data', () => {
  it('is told by the row, and does not touch the rows beside it', () => {
    const rows = ['DEMO', 'TEST', ''].map(
      (flag, index) => `OBX|1|NM|${150_456 + index}^^MDC|1|97|${percent}||${flag}|||R`,
    );
    const { records } = read(framed(header, order, ...rows));
    expect(records.map(({ isTest, fields }) => [isTest, Object.keys(fields)])).toEqual([
      [true, ['150456', '150457']],
      [undefined, ['150458']],
    ]);
  });

  it.each(['T', 'D', 'X'])('is told by processing id %s', (id) => {
    const row = `OBX|1|NM|150456^^MDC|1|97|${percent}|||||R`;
    const { records } = read(framed(header.replace('|P|', `|${id}|`), order, row));
    expect(records[0]?.isTest).toBe(true);
  });
});

describe('an alert', () => {
  const alerts = (event: string, ...facets: readonly string[]) =>
    read(
      framed(header.replace('R01', 'R40'), order, event, ...facets.map((f) => `OBX|2|ST|${f}`)),
    ).records.flatMap((record) => record.alerts ?? []);
  const event = (id: string, value: string, flags: string) =>
    `OBX|1|CWE|${id}|1.1.1.1.1|${value}|||${flags}|||R`;

  it('stands in OBX-5, or in OBX-3 itself', () => {
    const low = { event: 'MDC_EVT_LO_VAL_LT_LIM', phase: 'start', priority: 'medium' };
    const inValue = event('196616^MDC_EVT_ALARM^MDC', '196674^MDC_EVT_LO_VAL_LT_LIM^MDC', 'PM');
    const inName = event('196674^MDC_EVT_LO_VAL_LT_LIM^MDC', 'SPO2 LOW', 'L~PM~SP');
    expect(alerts(inValue)).toMatchObject([low]);
    expect(alerts(inName)).toMatchObject([low]);
  });

  it.each([
    ['start', 'active', 'start'],
    ['end', 'inactive', 'end'],
    ['continue', 'active', 'continue'],
    ['update', 'latched', 'continue'],
    ['', 'inactive', 'end'],
  ])('of phase "%s" and state %s is at its %s', (phase, state, expected) => {
    const facets = [`68481^^MDC|1|${phase}`, `68482^^MDC|1|${state}`];
    const found = alerts(event('196616^^MDC', '196616^^MDC', 'PL'), ...facets);
    expect(found).toMatchObject([{ phase: expected, priority: 'low', event: 'MDC_EVT_ALARM' }]);
  });

  it('without a priority is taken for urgent, and a heartbeat for none at all', () => {
    expect(alerts(event('196616^^MDC', '196680^MDC_EVT_LEAD_OFF^MDC', 'ST'))).toMatchObject([
      { priority: 'high' },
    ]);
    expect(alerts(event('196616^^MDC', '258047^MDC_EVT_ACTIVE^MDC', 'PN'))).toEqual([]);
  });
});

describe('an answer', () => {
  const row = `OBX|1|NM|150456^^MDC|1|97|${percent}|||||R`;

  it('names the message to the letter and goes back where it came from', () => {
    expect(read(framed(header, order, row)).reply).toBe(
      '\x0bMSH|^~\\&|WARDGATE||MON^00A0370012345678^EUI-64|WARD|20260301101500+0100||ACK^R01^ACK|AID1|P|2.6\r' +
        'MSA|AA|ID1\r\x1c\r',
    );
  });

  it.each([
    ['AE', [header]],
    ['AR', [header.replace('ORU^R01', 'QRY^A19'), order, row]],
    ['AR', [header.replace('ORU^R01', 'ORU^R31'), order, row]],
    ['AR', [header, order, `${row}\x01`]],
    ['AE', [header, order, ...Array<string>(4_097).fill(row)]],
  ])('is %s where the message cannot be taken', (code, segments) => {
    const { records, reply, discardedBytes } = read(framed(...segments));
    expect(records).toEqual([]);
    expect(reply).toContain(`\rMSA|${code}|ID1\r`);
    expect(discardedBytes).toBe(framed(...segments).length);
  });

  it('is never given to an acknowledgement', () => {
    const ack = framed('MSH|^~\\&|A|B|||20260301||ACK^R01^ACK|1|P|2.6', 'MSA|AA|ID1');
    expect(read(ack)).toEqual({ records: [], reply: '', discardedBytes: 0 });
  });

  it('tells every message of one chunk apart', () => {
    const { reply } = read(
      framed(header, order, row),
      framed(header.replace('ID1', 'ID2'), order, row),
    );
    expect(reply.match(/MSA\|AA\|ID\d/g)).toEqual(['MSA|AA|ID1', 'MSA|AA|ID2']);
  });
});

it('refuses an admission, and keeps it on record: no device may move a patient', () => {
  const adt = header.replace('ORU^R01', 'ADT^A01');
  const { records, reply } = read(framed(adt, 'PID|||4711', 'PV1||I|ICU^4^2'));
  expect(records).toMatchObject([{ fields: {}, admission: { event: 'admit' } }]);
  expect(reply).toContain('MSA|AR|ID1');
});

describe('without a frame', () => {
  const row = `OBX|1|NM|150456^^MDC|1|120|${percent}|||||R`;
  const whole = [header, order, row].join('\r');

  it('the last message of a capture counts when its last value is whole', () => {
    for (const end of ['\r', '']) {
      const { state } = run(protocol, [Buffer.from(whole + end)]);
      expect(protocol.finish(state as never).records).toHaveLength(1);
    }
    for (let length = 1; length <= '|^^MDC_DIM_PERCENT^MDC|||||R'.length; length += 1) {
      const { state } = run(protocol, [Buffer.from(whole.slice(0, -length))]);
      const finished = protocol.finish(state as never);
      const values = finished.records.map(({ fields }) => fields['150456']);
      for (const value of values) expect(value).toEqual({ value: 120, unit: '%' });
    }
  });

  it('a frame whose last CR was cut from the file is whole', () => {
    const { state } = run(protocol, [Buffer.from(`\x0b${whole}\r\x1c`)]);
    const { records, discardedBytes } = protocol.finish(state as never);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(0);
  });

  it('a frame that never ended is no message', () => {
    const { state } = run(protocol, [Buffer.from(`\x0b${whole}\r`)]);
    expect(protocol.finish(state as never)).toEqual({
      records: [],
      discardedBytes: whole.length + 2,
    });
  });
});

it('lets a message of 1 MB go in bounded memory, answers it and reads the next one', () => {
  const row = `OBX|1|NM|150456^^MDC|1|97|${percent}|||||R`;
  const endless = framed(header, order, `NTE|1||${'x'.repeat(1_000_000)}`);
  const bytes = Buffer.concat([endless, framed(header.replace('ID1', 'ID2'), order, row)]);
  const { records, reply, discardedBytes } = run(
    protocol,
    cut(bytes, [...Array(260).fill(4_000), 1]),
  );
  expect(records).toHaveLength(1);
  expect(discardedBytes).toBe(endless.length);
  expect(
    Buffer.from(reply)
      .toString('latin1')
      .match(/MSA\|A\w\|ID\d/g),
  ).toEqual(['MSA|AR|ID1', 'MSA|AA|ID2']);
});
