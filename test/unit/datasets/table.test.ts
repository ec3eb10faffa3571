import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvCells } from '../../../gateway/datasets/csv.ts';
import { windowColumns } from '../../../gateway/datasets/mqttset-windows.ts';
import { readTable, type Table } from '../../../gateway/datasets/table.ts';
import { labelOfFile, tableFormats } from '../../../gateway/datasets/table-format.ts';

function read(
  format: keyof typeof tableFormats,
  files: Readonly<Record<string, readonly string[]>>,
): Table {
  const reader = readTable(tableFormats[format]);
  for (const [file, lines] of Object.entries(files)) {
    for (const [index, line] of lines.entries()) reader.line(file, index + 1, line);
  }
  return reader.end();
}

describe('the cells of a line', () => {
  it('are what was written, quoted or not', () => {
    const cell = fc.string({ maxLength: 20 }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 9 }), (cells) => {
        const line = cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(',');
        expect(csvCells(line)).toEqual(cells);
      }),
    );
    expect(csvCells('a, 1 ,,x')).toEqual(['a', '1', '', 'x']);
  });

  it('end, or are refused, wherever a line is cut', () => {
    const line = '1.5,"a ""b"", c",3';
    for (let end = 0; end <= line.length; end += 1) {
      try {
        expect(csvCells(line.slice(0, end)).length).toBeLessThanOrEqual(3);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
    expect(() => csvCells(','.repeat(300))).toThrow('more than 256 cells');
  });
});

const ehmsHeader =
  'Dir,Flgs,SrcAddr,DstAddr,Sport,Dport,SrcBytes,DstBytes,SrcLoad,SIntPkt,Dur,TotPkts,SrcMac,DstMac,Packet_num,SpO2,Attack Category,Label';
const ehms = (bytes: number, category: string, label: number, spo2 = '98') =>
  `   ->, e   ,10.0.1.172,10.0.1.150,58059,1111,${bytes},186,276914,5.4,0.02,7,3c:a0:67:00:00:01,b0:aa:77:00:00:02,1,${spo2},${category},${label}`;

describe('WUSTL-EHMS-2020', () => {
  it('is read without what tells the answer, and without duplicates', () => {
    const { columns, families, duplicates, incomplete } = read('wustl-ehms-2020', {
      'wustl-ehms-2020.csv': [
        ehmsHeader,
        ehms(496, 'normal', 0),
        ehms(496, 'normal', 0),
        ehms(310, 'normal', 0, ''),
        ehms(496, 'Spoofing', 1),
        ehms(682, 'Data Alteration', 1),
      ],
    });
    expect(columns).toEqual([
      'SrcBytes',
      'DstBytes',
      'SrcLoad',
      'SIntPkt',
      'Dur',
      'TotPkts',
      'SpO2',
    ]);
    expect([...families].map(([name, rows]) => [name, rows.length])).toEqual([
      ['ordinary', 1],
      ['spoofing', 1],
      ['data alteration', 1],
    ]);
    expect({ duplicates, incomplete }).toEqual({ duplicates: 1, incomplete: 1 });
  });

  it('says file, line and column of what it cannot read', () => {
    const lines = (...more: readonly string[]) => ({ 'a.csv': [ehmsHeader, ...more] });
    const refused = (files: Readonly<Record<string, readonly string[]>>) => () =>
      read('wustl-ehms-2020', files);
    expect(refused(lines(ehms(1, 'normal', 0), ehms(1, 'normal', 0, 'high')))).toThrow(
      'a.csv line 3: column SpO2: high is no number',
    );
    expect(refused(lines('1,2,3'))).toThrow('a.csv line 2: 3 cells, the header has 18');
    expect(refused({ 'b.csv': ['a,b'] })).toThrow('b.csv line 1: no column SrcBytes');
  });
});

const iomtHeader =
  'Header_Length,Protocol Type,Rate,syn_flag_number,Tot sum,Tot size,IAT,Number,Weight';

describe('CICIoMT2024', () => {
  it('is told apart by its files; their parts are one family', () => {
    const { columns, families } = read('ciciomt2024', {
      'Benign_train.pcap.csv': [iomtHeader, '1,6,2,0,9,3,4,9.5,141'],
      'TCP_IP-DDoS-UDP1_train.pcap.csv': [iomtHeader, '1,17,2,0,9,3,4,9.5,141'],
      'TCP_IP-DDoS-UDP2_test.pcap.csv': [iomtHeader, '1,17,9,0,9,3,4,9.5,141'],
    });
    expect(columns).toEqual([
      'Header_Length',
      'Protocol Type',
      'Rate',
      'syn_flag_number',
      'Tot size',
      'IAT',
    ]);
    expect([...families].map(([name, rows]) => [name, rows.length])).toEqual([
      ['ordinary', 1],
      ['tcp_ip-ddos-udp', 2],
    ]);
    expect(labelOfFile('ARP_Spoofing_test.pcap.csv')).toBe('ARP_Spoofing');
  });
});

const mqttHeader =
  'tcp.flags,tcp.time_delta,tcp.len,mqtt.conack.val,mqtt.conflag.uname,mqtt.dupflag,mqtt.kalive,mqtt.len,mqtt.msg,mqtt.msgtype,mqtt.qos,mqtt.retain,target';
const publish = (gap: number, target: string) =>
  `0x00000018,${gap},14,0,0,0,0,12,"3,2",3,0,0,${target}`;

describe('MQTTset', () => {
  it('is looked at in windows of packets of one kind', () => {
    const many = (count: number, gap: number, target: string) =>
      Array.from({ length: count }, () => publish(gap, target));
    const { columns, families } = read('mqttset', {
      'train70.csv': [
        ...[mqttHeader, ...many(50, 1, 'legitimate'), ...many(49, 1, 'flood')],
        ...many(100, 2, 'legitimate'),
      ],
    });
    expect(columns).toEqual(windowColumns);
    // A flood of 49 fills no window, and what is alike counts once.
    expect([...families].map(([name, rows]) => [name, rows.length])).toEqual([['ordinary', 2]]);
    const figures = (row = families.get('ordinary')?.[0]) =>
      Object.fromEntries(columns.map((name, index) => [name, row?.[index]]));
    expect(figures()).toMatchObject({
      'gap-mean-s': 1,
      'type-3': 1,
      'type-1': 0,
      'tcp-bytes-mean': 14,
    });
    expect(figures()).toMatchObject({ fin: 0, syn: 0, rst: 0, 'gap-deviation-s': 0 });
  });
});
