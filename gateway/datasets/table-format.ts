/** One published data set of rows: no packets, so no features of this gateway can be made from it. */
export interface TableFormat {
  /** Columns without which a file is no such table. */
  readonly required: readonly string[];
  /** Columns that tell the answer, or whose row it is: not looked at. */
  readonly dropped: readonly string[];
  /** Columns that name what a row is, the first there is; otherwise its file does. */
  readonly labels: readonly string[];
  /** What ordinary rows, or their files, are called: in lower case. */
  readonly ordinary: readonly string[];
  /** Rows are packets: so many in a row, of one kind, are looked at together. */
  readonly windowRows?: number;
}

export const tableFormatIds = ['ciciomt2024', 'wustl-ehms-2020', 'mqttset'] as const;
export type TableFormatId = (typeof tableFormatIds)[number];

export const tableFormats: Readonly<Record<TableFormatId, TableFormat>> = {
  /** Dadkhah et al. 2024, doi:10.1016/j.iot.2024.101351: `*_train.pcap.csv`, `*_test.pcap.csv`. */
  ciciomt2024: {
    required: ['Header_Length', 'Protocol Type', 'Rate', 'syn_flag_number', 'Tot size', 'IAT'],
    // How many packets a row was made of was chosen by the kind of traffic.
    dropped: ['Number', 'Weight', 'Tot sum'],
    labels: [],
    ordinary: ['benign'],
  },
  /** Hady et al. 2020, doi:10.1109/ACCESS.2020.3000421. */
  'wustl-ehms-2020': {
    required: ['SrcBytes', 'DstBytes', 'SrcLoad', 'SIntPkt', 'Dur', 'TotPkts', 'Label'],
    dropped: [
      // The attacker had another address, port and direction than all others.
      ...['Dir', 'Flgs', 'SrcAddr', 'Sport', 'SrcMac'],
      // Who was asked, and the number of the row.
      ...['DstAddr', 'Dport', 'DstMac', 'Packet_num'],
    ],
    labels: ['Attack Category', 'Label'],
    ordinary: ['normal', '0'],
  },
  /** Vaccari et al. 2020, doi:10.3390/s20226578: one packet a row, fields as tshark names them. */
  mqttset: {
    required: [
      ...['tcp.flags', 'tcp.time_delta', 'tcp.len', 'mqtt.len', 'mqtt.msgtype', 'mqtt.qos'],
      ...['mqtt.dupflag', 'mqtt.retain', 'mqtt.kalive', 'mqtt.conack.val', 'mqtt.conflag.uname'],
    ],
    dropped: [],
    labels: ['target'],
    ordinary: ['legitimate', 'benign', 'normal'],
    windowRows: 50,
  },
};

/** What ordinary rows are called here. */
export const ordinaryFamily = 'ordinary';

/** The family that a label means, or a file of this name holds. */
export function familyOf({ ordinary }: TableFormat, label: string, isFile: boolean): string {
  const name = label.trim().toLowerCase();
  const isOrdinary = ordinary.some((each) => (isFile ? name.startsWith(each) : name === each));
  return isOrdinary ? ordinaryFamily : name;
}

/** `TCP_IP-DDoS-UDP3_train.pcap.csv` -> `TCP_IP-DDoS-UDP`: the parts of a family are one. */
export function labelOfFile(name: string): string {
  return name
    .replace(/(?:\.pcap)?\.csv(?:\.gz)?$/i, '')
    .replace(/_(?:train|test)$/i, '')
    .replace(/\d+$/, '');
}
