import { describe, expect, it } from 'vitest';
import protocol from '../../../gateway/protocols/masimo-ascii.ts';
import { cut, run } from '../../support/protocol-run.ts';

const head = '11/22/26 10:00:00';

function read(...lines: readonly string[]) {
  return run(protocol, [Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'latin1')]);
}

function oneLine(pairs: string) {
  return read(`${head} ${pairs}`).records[0];
}

describe('masimo-ascii', () => {
  it('finds values by their key, whatever stands between them', () => {
    expect(oneLine('EXC=000800 NEW=abc BPM=072 X1=--- SPO2=098% PI=02.50')).toEqual({
      fields: { NEW: 'abc', BPM: 72, X1: { absent: 'unknown' }, SPO2: 98, PI: 2.5 },
      time: '2026-11-22T10:00:00',
    });
  });

  it.each([
    ['001', 'no-sensor'],
    ['002', 'sensor-fault'],
    ['080', 'sensor-fault'],
    ['020', 'sensor-off'],
    ['008', 'not-ready'],
    ['004', 'poor-signal'],
    ['010', 'poor-signal'],
    ['040', 'poor-signal'],
    ['400', 'poor-signal'],
    ['021', 'no-sensor'],
    ['024', 'sensor-off'],
    ['00C', 'not-ready'],
    ['800', 'unknown'],
  ])('says why a value is absent: EXC %s is %s', (exceptions, absent) => {
    expect(oneLine(`SPO2=---% BPM=--- PI=--.--% EXC=${exceptions}`)?.fields).toEqual({
      SPO2: { absent },
      BPM: { absent },
      PI: { absent },
    });
  });

  it('keeps a value the device doubts, with the doubt', () => {
    for (const exceptions of ['804', '810', 'C00', '820', '840']) {
      expect(oneLine(`SPO2=090% BPM=072 EXC=${exceptions}`)?.fields).toEqual({
        SPO2: { value: 90, quality: 'questionable' },
        BPM: { value: 72, quality: 'questionable' },
      });
    }
  });

  it('never takes a printed zero for a saturation or a pulse', () => {
    expect(oneLine('SPO2=000% BPM=000 PI=00.00% EXC=820')?.fields).toMatchObject({
      SPO2: { absent: 'sensor-off' },
      BPM: { absent: 'sensor-off' },
    });
  });

  it('tells the start, the going on and the end of an alarm', () => {
    const line = (alarm: string) => `${head} SPO2=090% BPM=072 ALARM=${alarm} EXC=800`;
    const { records } = read(line('0012'), line('003A'), line('0028'), line('0020'), line('0000'));
    expect(
      records.map(({ alerts }) => alerts?.map(({ field, phase }) => `${field} ${phase}`)),
    ).toEqual([
      ['SPO2 start'],
      ['SPO2 continue', 'BPM start'],
      ['SPO2 end', 'BPM continue'],
      ['BPM end'],
      undefined,
    ]);
  });

  it('names the limit that was passed', () => {
    const alert = (alarm: string) => oneLine(`SPO2=090% BPM=072 ALARM=${alarm} EXC=800`)?.alerts;
    expect(alert('01')).toMatchObject([{ event: 'MDC_EVT_HI_VAL_GT_LIM', field: 'SPO2' }]);
    expect(alert('02')).toMatchObject([{ event: 'MDC_EVT_LO_VAL_LT_LIM', field: 'SPO2' }]);
    expect(alert('04')).toMatchObject([{ event: 'MDC_EVT_HI_VAL_GT_LIM', field: 'BPM' }]);
    expect(alert('08')).toMatchObject([{ event: 'MDC_EVT_LO_VAL_LT_LIM', field: 'BPM' }]);
    expect(alert('10')).toMatchObject([{ event: 'MDC_EVT_ALARM', field: undefined }]);
    expect(alert('20')).toBeUndefined();
  });

  it.each([
    'SPO2=98% BPM=072 EXC=800',
    'SPO2=0098% BPM=072 EXC=800',
    'SPO2=098%% BPM=072 EXC=800',
    'SPO2=101% BPM=072 EXC=800',
    'SPO2=999% BPM=072 EXC=800',
    'SPO2=09-% BPM=072 EXC=800',
    'SPO2=098% BPM=72 EXC=800',
    'SPO2=098% BPM=072 PI=2.50% EXC=800',
    'SPO2=098% BPM=072 PI=25.00% EXC=800',
    'SPO2=098% BPM=072 SPO2=098% EXC=800',
    'SPO2=098% BPM=072 EXC=8G0',
    'SPO2=098% BPM=072',
    'BPM=072 EXC=800',
    'SPO2=098% BPM=072 =5 EXC=800',
    'SPO2=098% BPM=072 word EXC=800',
    'SPO2=098% BPM=072 SN=00 EXC=800',
    'SPO2=098% BPM=072\t EXC=800',
    'SPO2=098% BPM=072 N=\x7f EXC=800',
    'SPO2=098% BPM=072 N=\xe9 EXC=800',
    'SPO2=098%\rBPM=072 EXC=800',
  ])('discards the damaged line %j and counts it', (pairs) => {
    const { records, discardedBytes } = read(`${head} ${pairs}`);
    expect(records).toEqual([]);
    expect(discardedBytes).toBe(head.length + 1 + pairs.length + 2);
  });

  it.each(['13/22/26 10:00:00', '02/30/26 10:00:00', '11/22/26 25:00:00', '11-22-26 10:00:00', ''])(
    'discards a line dated %j',
    (date) => {
      expect(read(`${date} SPO2=098% BPM=072 EXC=800`).records).toEqual([]);
    },
  );

  it('keeps what a device says whose clock was never set, without a time', () => {
    const [record] = read('00/00/00 00:00:00 SPO2=098% BPM=072 EXC=800').records;
    expect(record).toMatchObject({ fields: { SPO2: 98 } });
    expect(record?.time).toBeUndefined();
  });

  it('announces a serial number unless it is dashes', () => {
    expect(oneLine('SN=0000056661 SPO2=098% BPM=072 EXC=800')?.serialNumber).toBe('0000056661');
    expect(oneLine('SN=---------- SPO2=098% BPM=072 EXC=800')?.serialNumber).toBeUndefined();
  });

  it('lets a line of 1 MB go in bounded memory and reads the next one', () => {
    const good = `${head} SPO2=098% BPM=072 EXC=800\r\n`;
    // The tail of the endless line looks like a good one; it is part of the damage all the same.
    const endless = `${'x'.repeat(1_000_000)} ${good}`;
    const bytes = Buffer.from(endless + good);
    // Chunks end where the good-looking tail begins: that is where a reader is most easily deceived.
    const sizes = [...Array(250).fill(4_000), 1];
    const { records, discardedBytes } = run(protocol, cut(bytes, sizes));
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });
});
