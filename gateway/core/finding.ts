import type { DeviceId } from './device.ts';
import type { Instant } from './observation.ts';

/**
 * The catalogue of detections, with their place in the public lists: ENISA Top 15 (2020),
 * OWASP Top 10 (2021), OWASP IoT Top 10 (2018), MITRE ATT&CK for ICS, STRIDE.
 */
export const threats = {
  D01: {
    title: 'Credential attack: brute force, spraying, default or hard-coded secret',
    enisa: [7],
    owasp: 'A07',
    iot: 'I1',
    attack: ['T0812', 'T0891', 'T0859'],
    stride: 'S',
  },
  D02: {
    title: 'Identity cloning, certificate misuse',
    enisa: [7],
    owasp: 'A07',
    iot: 'I8',
    attack: ['T0859', 'T0849'],
    stride: 'S',
  },
  D04: {
    title: 'Rogue or unknown device, serial adapter or master',
    enisa: [11, 10],
    owasp: 'A05',
    iot: 'I8',
    attack: ['T0848', 'T0864', 'T0860'],
    stride: 'SE',
  },
  D05: {
    title: 'Topic abuse',
    enisa: [12, 8, 14],
    owasp: 'A01',
    iot: 'I3',
    attack: ['T0842', 'T0802', 'T0861'],
    stride: 'IE',
  },
  D08: {
    title: 'Implausible or falsified values',
    enisa: [8],
    owasp: 'A08',
    iot: undefined,
    attack: ['T0832', 'T0831'],
    stride: 'T',
  },
  D09: {
    title: 'Malformed, fuzzed or injected payload',
    enisa: [4, 1],
    owasp: 'A03',
    iot: 'I3',
    attack: ['T0819', 'T0866'],
    stride: 'TED',
  },
  D10: {
    title: 'Flood and slow denial of service',
    enisa: [6],
    owasp: 'A04',
    iot: 'I2',
    attack: ['T0814'],
    stride: 'D',
  },
  D20: {
    title: 'Control tampering: a gap in the log, rules or models changed',
    enisa: [9, 1],
    owasp: 'A09',
    iot: undefined,
    attack: ['T0872'],
    stride: 'RT',
  },
} as const;

export type ThreatId = keyof typeof threats;

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** Something a security officer should look at. It informs; it withholds no data. */
export interface Finding {
  readonly threat: ThreatId;
  readonly detector: string;
  /** A device, or an address that has not shown a certificate. */
  readonly about: DeviceId | string;
  readonly at: Instant;
  readonly severity: Severity;
  readonly evidence: Readonly<Record<string, number | string>>;
}
