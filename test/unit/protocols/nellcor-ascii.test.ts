import { describe, expect, it } from 'vitest';
import protocol from '../../../gateway/protocols/nellcor-ascii.ts';
import { cut, run } from '../../support/protocol-run.ts';

const clock = '05-Mar-26 10:00:00';

function read(...lines: readonly string[]) {
  return run(protocol, [Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')]);
}

/** A line as the device prints it: three columns of three places and a star, then codes. */
function row(saturation: string, rate: string, amplitude: string, codes = '', time = clock) {
  const columns = [saturation, rate, amplitude].map((text) => text.padEnd(4));
  return `${time}   ${columns.join('    ')}    ${codes}`;
}

function oneLine(saturation: string, rate: string, codes = '') {
  return read(row(saturation, rate, ' 40', codes)).records[0];
}

describe('nellcor-ascii', () => {
  it('reads the columns and the local time, without an offset', () => {
    expect(oneLine(' 98', ' 71')).toEqual({
      fields: { SPO2: 98, BPM: 71, PA: 40 },
      alerts: undefined,
      time: '2026-03-05T10:00:00',
    });
    expect(read(row(' 98', ' 71', '  9', '', '31-DEC-99 23:59:59')).records[0]?.time).toBe(
      '2099-12-31T23:59:59',
    );
  });

  it.each([
    ['SD', 'no-sensor'],
    ['SO', 'sensor-off'],
    ['PS', 'not-ready'],
    ['LP', 'poor-signal'],
    ['MO', 'poor-signal'],
    ['XX', 'poor-signal'],
    ['AO', 'unknown'],
    ['', 'unknown'],
  ])('says why there is no value: %s is %s', (code, absent) => {
    for (const none of ['---', '  0']) {
      expect(oneLine(none, none, code)?.fields).toMatchObject({
        SPO2: { absent },
        BPM: { absent },
      });
    }
  });

  it('keeps a value the device doubts, with the doubt, and only then', () => {
    for (const code of ['MO', 'PS', 'LM', 'LP', 'ZZ']) {
      expect(oneLine(' 90', ' 72', code)?.fields['SPO2'], code).toEqual({
        value: 90,
        quality: 'questionable',
      });
    }
    for (const code of ['AO', 'AS', 'BU', 'LB', 'PH', 'PL', 'SH', 'SL']) {
      expect(oneLine(' 90', ' 72', code)?.fields['SPO2'], code).toBe(90);
    }
  });

  it('tells the start, the going on and the end of an alarm, silenced or not', () => {
    const { records } = read(
      row(' 85*', ' 72', ' 40', '   SL'),
      row(' 84*', ' 72', ' 40', '   SL       AS'),
      row(' 95', ' 72', ' 40'),
      row(' 95', ' 72', ' 40'),
    );
    expect(records.map(({ alerts }) => alerts?.map(({ event, phase }) => [event, phase]))).toEqual([
      [['MDC_EVT_LO_VAL_LT_LIM', 'start']],
      [['MDC_EVT_LO_VAL_LT_LIM', 'continue']],
      [['MDC_EVT_LO_VAL_LT_LIM', 'end']],
      undefined,
    ]);
  });

  it('says what ended before what began, so that an alert of two codes is not lost', () => {
    for (const [first, second] of [
      ['SD', 'SO'],
      ['SO', 'SD'],
      ['LP', 'LM'],
      ['LM', 'LP'],
    ]) {
      const { records } = read(row('---', '---', '---', first), row('---', '---', '---', second));
      expect(records[1]?.alerts?.map(({ phase }) => phase)).toEqual(['end', 'start']);
    }
  });

  it('knows its headings, also those of a model with a response mode', () => {
    const { records, discardedBytes } = read(
      'N-595  VERSION 1.60.00  CRC:XXXX  SpO2 Limit: 90-100%  PR Limit: 50-170BPM',
      '            NEO              25SAT-S   SPO2 RESP MODE: FAST ',
      'TIME                 %SPO2   BPM     PA     Status',
      '',
    );
    expect(records).toEqual([]);
    expect(discardedBytes).toBe(0);
  });

  it('announces a starred value also where no code names the limit', () => {
    expect(oneLine(' 85*', ' 72')?.alerts).toMatchObject([
      { event: 'MDC_EVT_ALARM', field: 'SPO2', phase: 'start', priority: 'medium' },
    ]);
    expect(oneLine(' 95', '190*')?.alerts).toMatchObject([{ field: 'BPM' }]);
  });

  it.each([
    ['98', ' 71', ' 40', ''],
    [' 98', '7 1', ' 40', ''],
    ['098', ' 71', ' 40', ''],
    ['101', ' 71', ' 40', ''],
    [' 98', '301', ' 40', ''],
    [' 9-', ' 71', ' 40', ''],
    [' 98', ' 71', ' 40', 'S'],
    [' 98', ' 71', ' 40', 'so'],
    [' 98+', ' 71', ' 40', ''],
    [' 98', ' 71', '', ''],
  ])('discards the damaged line of %j %j %j %j and counts it', (saturation, rate, pa, codes) => {
    const line = row(saturation, rate, pa, codes);
    const { records, discardedBytes } = read(line);
    expect(records).toEqual([]);
    expect(discardedBytes).toBe(line.length + 2);
  });

  it.each(['31-Feb-26 10:00:00', '05-Mrz-26 10:00:00', '05-Mar-26 25:00:00', '5-Mar-26 10:00:00 '])(
    'discards a line dated %j',
    (time) => {
      expect(read(row(' 98', ' 71', ' 40', '', time)).records).toEqual([]);
    },
  );

  it('finds the columns under their headings where a model prints them elsewhere', () => {
    const heading = 'TIME                   %SpO2     BPM       PA       Status';
    const line = `${clock}     100        71        40       MO`;
    expect(read(line).records).toEqual([]);
    const { records, discardedBytes } = read(heading, line);
    expect(records[0]?.fields).toMatchObject({ SPO2: { value: 100 }, BPM: { value: 71 } });
    expect(discardedBytes).toBe(0);
    expect(read(heading, row(' 98', ' 71', ' 40')).records).toHaveLength(1);
  });

  it('takes nothing from the menu for the present, until the present goes on', () => {
    const limits = 'N-595  VERSION 1.60.00  CRC:XXXX  SpO2 Limit: 90-100%  PR Limit: 50-170BPM';
    const stored = row(' 91', ' 99', ' 40');
    const { records, discardedBytes } = read(
      'NPB-595   Interactive Mode',
      stored,
      limits,
      row(' 97', ' 70', ' 40'),
    );
    expect(records.map(({ fields }) => fields['SPO2'])).toEqual([97]);
    expect(discardedBytes).toBe(stored.length + 2);
  });

  it('lets a line of 1 MB go in bounded memory and reads the next one', () => {
    const good = `${row(' 98', ' 71', ' 40')}\r\n`;
    const endless = `${'x'.repeat(1_000_000)}${good}`;
    const { records, discardedBytes } = run(
      protocol,
      cut(Buffer.from(endless + good), [...Array(250).fill(4_000), 1]),
    );
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });

  it('never says a word: the menu behind ^C sets the clock too', () => {
    expect(protocol.transmits).toEqual({});
    expect(protocol.speak).toBeUndefined();
  });
});
