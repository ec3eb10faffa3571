import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import protocol from '../../../gateway/protocols/onetouch-dmp.ts';
import { cut, run } from '../../support/protocol-run.ts';

const heading = 'P 003,"GMF600DCY","MG/DL "';

function checked(line: string): string {
  const sum = [...line].reduce((total, letter) => total + letter.charCodeAt(0), 0) & 0xffff;
  return `${line} ${sum.toString(16).toUpperCase().padStart(4, '0')}`;
}

function result(value: string, date = '03/21/15', time = '16:45:24   ') {
  return checked(`P "SAT","${date}","${time}","${value}","N","03", 00`);
}

function read(...lines: readonly string[]) {
  return run(protocol, [Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')]);
}

describe('onetouch-dmp', () => {
  // V: Tidepool uploader, oneTouchUltra2.js.
  it.each([
    ['P 003,"GMF600DCY","MG/DL "', '05A6'],
    ['P "SAT","03/21/15","16:45:24   ","  081 ","N","03", 00', '09B6'],
    ['P "SAT","03/21/15","16:42:11   ","  105 ","B","02", 00', '099F'],
    ['P "SAT","03/21/15","16:39:46   ","  176 ","N","02", 00', '09C1'],
  ])('takes %s with the checksum %s and with no other', (line, checksum) => {
    expect(read(`${line} ${checksum}`).discardedBytes).toBe(0);
    const other = `${line} ${checksum.slice(0, 3)}${checksum.endsWith('1') ? '2' : '1'}`;
    expect(read(other)).toMatchObject({ records: [], discardedBytes: other.length + 2 });
  });

  it('reads a result in mg/dL with the meter’s own time and serial number', () => {
    expect(read(checked(heading), result('  081 ')).records).toEqual([
      {
        fields: { GLU: { value: 81, unit: 'mg/dL' }, MEAL: 'N', COMMENT: '03' },
        time: '2015-03-21T16:45:24',
        isStored: true,
        serialNumber: 'GMF600DCY',
        isTest: undefined,
      },
    ]);
  });

  it('reads a last line whose end was not recorded, for its sum proves it whole', () => {
    const whole = `${checked(heading)}\r\n${result('  081 ')}`;
    const rest = (text: string) =>
      protocol.finish(run(protocol, [Buffer.from(text)]).state as never);
    expect(rest(whole).records).toHaveLength(1);
    expect(rest(whole).discardedBytes).toBe(0);
    expect(rest(whole.slice(0, -1))).toEqual({
      records: [],
      discardedBytes: result('  081 ').length - 1,
    });
  });

  it('reads mg/dL also of a meter that displays mmol/L', () => {
    const { records } = read(checked('P 001,"GMF600DCY","MMOL/L"'), result('  081 '));
    expect(records[0]?.fields['GLU']).toEqual({ value: 81, unit: 'mg/dL' });
  });

  it.each([
    ['  HIGH', 'above-range'],
    ['  LOW ', 'below-range'],
    ['  019 ', 'below-range'],
    ['  601 ', 'above-range'],
    ['  142?', 'invalid'],
  ])('takes no figure from %j: %s', (value, absent) => {
    expect(read(result(value)).records[0]?.fields['GLU']).toEqual({ absent });
  });

  it('knows control solution for a test', () => {
    expect(read(result('C 105 ')).records[0]?.isTest).toBe(true);
    expect(read(result('  105 ')).records[0]?.isTest).toBeUndefined();
  });

  it('reads a result whose clock was never set, without a time', () => {
    const [record] = read(result('  105 ', '00/00/00', '00:00:00   ')).records;
    expect(record?.fields['GLU']).toEqual({ value: 105, unit: 'mg/dL' });
    expect(record?.time).toBeUndefined();
  });

  it.each(['  81 ', '  0081', '   81 ', 'X 081 ', '  08  ', '  -81 '])(
    'discards a result of the form %j, whatever its checksum',
    (value) => {
      expect(read(result(value)).records).toEqual([]);
    },
  );

  it('reads an answer behind the command that asked for it', () => {
    const text = `\x11\rDMP${checked(heading)}\r\n${result('  081 ')}\r\n`;
    const { records, discardedBytes } = run(protocol, [Buffer.from(text, 'latin1')]);
    expect(records[0]?.serialNumber).toBe('GMF600DCY');
    expect(discardedBytes).toBe(0);
  });

  it('asks each minute until the meter answers, then after an hour', () => {
    const minute = 60_000;
    const ask = (state: typeof protocol.start, at: number) => {
      const spoken = protocol.speak?.(state, at as Instant);
      if (!spoken) throw new Error('does not speak');
      return { state: spoken.state, text: Buffer.from(spoken.bytes).toString('latin1') };
    };
    const first = ask(protocol.start, 1_000_000);
    expect(first.text).toBe('\x11\rDMP');
    expect(ask(first.state, 1_000_000 + minute - 1).text).toBe('');
    expect(ask(first.state, 1_000_000 + minute).text).toBe('\x11\rDMP');
    const answer = Buffer.from(`${checked(heading)}\r\n`);
    const { state } = protocol.step(first.state, answer);
    expect(ask(state, 1_000_000 + 59 * minute).text).toBe('');
    expect(ask(state, 1_000_000 + 60 * minute).text).toBe('\x11\rDMP');
  });

  it('can neither set the clock nor erase the memory', () => {
    const commands = ['DMT03/21/15 16:45:24', 'DMZ', 'DMSU', 'DMST', 'DM?', 'DM@', 'DMF', 'DMPZ'];
    for (const command of commands) {
      const hex = Buffer.from(`\x11\r${command}`, 'latin1').toString('hex');
      for (const [name, { source }] of Object.entries(protocol.transmits)) {
        expect(new RegExp(`^(?:${source})$`).test(hex), `${command} as ${name}`).toBe(false);
      }
    }
  });

  it('lets a line of 1 MB go in bounded memory and reads the next one', () => {
    const good = `${result('  081 ')}\r\n`;
    const endless = `${'x'.repeat(1_000_000)}${good}`;
    const { records, discardedBytes } = run(
      protocol,
      cut(Buffer.from(endless + good), [...Array(250).fill(4_000), 1]),
    );
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });
});
