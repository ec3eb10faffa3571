/** A technique of MITRE ATT&CK for ICS, v19 or later, with the id it had before. */
export interface IcsTechnique {
  readonly id: string;
  readonly legacy?: string | undefined;
}

/** How a detection judges. */
export type DetectionKind = 'rule' | 'statistic' | 'model';

/** One detection of the catalogue and its place in the public lists. */
export interface Threat {
  readonly title: string;
  readonly kinds: readonly DetectionKind[];
  /**
   * `prevent`: the attack has no effect, and a test shows it. `alert`: it is noticed and its effect
   * is reduced.
   */
  readonly response: 'prevent' | 'alert';
  /** Places in ENISA’s Top 15 (2020). */
  readonly enisa: readonly number[];
  /** OWASP Top 10. */
  readonly owasp2021: readonly string[];
  readonly owasp2025: readonly string[];
  /** OWASP IoT Top 10 (2018). */
  readonly iot: readonly string[];
  readonly ics: readonly IcsTechnique[];
  /** Techniques of MITRE ATT&CK for Enterprise. */
  readonly enterprise: readonly string[];
  /** Techniques of MITRE ATLAS. */
  readonly atlas?: readonly string[];
  /** Letters of STRIDE. */
  readonly stride: string;
}

const now = (...ids: readonly string[]): readonly IcsTechnique[] => ids.map((id) => ({ id }));
const renamed = (id: string, legacy: string): IcsTechnique => ({ id, legacy });

/**
 * The catalogue of detections. ENISA’s web-based attacks (2), phishing (3) and spam (5) cannot be seen
 * from a gateway; what they lead to, the use of a stolen credential, is D01 and D02.
 */
export const threats = {
  D01: {
    title: 'Credential attack: brute force, spraying, default or hard-coded secret',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [7],
    owasp2021: ['A07'],
    owasp2025: ['A07'],
    iot: ['I1'],
    ics: [renamed('T1694.001', 'T0812'), renamed('T1694.002', 'T0891'), ...now('T0859')],
    enterprise: ['T1110', 'T1078.001'],
    stride: 'S',
  },
  D02: {
    title: 'Identity cloning, certificate misuse',
    kinds: ['rule'],
    response: 'prevent',
    enisa: [7],
    owasp2021: ['A07'],
    owasp2025: ['A07'],
    iot: ['I8'],
    ics: now('T0859', 'T0849'),
    enterprise: ['T1078', 'T1649'],
    stride: 'S',
  },
  D03: {
    title: 'TLS downgrade, weak cryptography, adversary in the middle',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [12, 14],
    owasp2021: ['A02'],
    owasp2025: ['A04'],
    iot: ['I7'],
    ics: now('T0830'),
    enterprise: ['T1557', 'T1600'],
    stride: 'TI',
  },
  D04: {
    title: 'Rogue or unknown device, serial adapter or master',
    kinds: ['rule'],
    response: 'prevent',
    enisa: [11, 10],
    owasp2021: ['A05'],
    owasp2025: ['A02'],
    iot: ['I8'],
    ics: now('T0848', 'T0864', 'T0860'),
    enterprise: ['T1200'],
    stride: 'SE',
  },
  D05: {
    title: 'Topic abuse: wildcard snooping, reading across patients',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [12, 8, 14],
    owasp2021: ['A01'],
    owasp2025: ['A01'],
    iot: ['I3'],
    ics: now('T0842', 'T0802', 'T0861'),
    enterprise: ['T1040', 'T1213'],
    stride: 'IE',
  },
  D06: {
    title: 'Unauthorised command, parameter or alarm-limit change',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [9],
    owasp2021: ['A01'],
    owasp2025: ['A01'],
    iot: ['I2'],
    ics: [renamed('T1692.001', 'T0855'), ...now('T0836', 'T0838', 'T0878', 'T0858')],
    enterprise: [],
    stride: 'TE',
  },
  D07: {
    title: 'Replay or spoofed reporting message',
    kinds: ['rule'],
    response: 'prevent',
    enisa: [8],
    owasp2021: ['A08'],
    owasp2025: ['A08'],
    iot: ['I7'],
    ics: [renamed('T1692.002', 'T0856'), ...now('T0832')],
    enterprise: ['T1565.002'],
    stride: 'SR',
  },
  D08: {
    title: 'Implausible or falsified values',
    kinds: ['rule', 'statistic', 'model'],
    response: 'prevent',
    enisa: [8],
    owasp2021: ['A08'],
    owasp2025: ['A08'],
    iot: [],
    ics: now('T0832', 'T0831'),
    enterprise: ['T1565.002'],
    stride: 'T',
  },
  D09: {
    title: 'Malformed, fuzzed or injected payload',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [4, 1],
    owasp2021: ['A03'],
    owasp2025: ['A05', 'A10'],
    iot: ['I3'],
    ics: now('T0819', 'T0866'),
    enterprise: ['T1190', 'T1499.004'],
    stride: 'TED',
  },
  D10: {
    title: 'Flood and slow denial of service',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [6],
    owasp2021: ['A04'],
    owasp2025: ['A06'],
    iot: ['I2'],
    ics: now('T0814'),
    enterprise: ['T1498', 'T1499.002'],
    stride: 'D',
  },
  D11: {
    title: 'Blocked or silent reporting, loss of view',
    kinds: ['rule', 'statistic'],
    response: 'alert',
    enisa: [6, 11],
    owasp2021: ['A09'],
    owasp2025: ['A09'],
    iot: [],
    ics: [renamed('T1691.002', 'T0804'), renamed('T1695.001', 'T0805'), ...now('T0815', 'T0829')],
    enterprise: [],
    stride: 'D',
  },
  D12: {
    title: 'Firmware or configuration tampering, rollback, unsigned update',
    kinds: ['rule'],
    response: 'prevent',
    enisa: [1],
    owasp2021: ['A08'],
    owasp2025: ['A08'],
    iot: ['I4'],
    ics: [renamed('T1693.001', 'T0857'), renamed('T1693.002', 'T0839'), ...now('T0800', 'T0889')],
    enterprise: ['T1195.002'],
    stride: 'T',
  },
  D13: {
    title: 'Known-exploitable component',
    kinds: ['rule'],
    response: 'alert',
    enisa: [1],
    owasp2021: ['A06'],
    owasp2025: ['A03'],
    iot: ['I5'],
    ics: now('T0862', 'T0866'),
    enterprise: ['T1190', 'T1195'],
    stride: 'E',
  },
  D14: {
    title: 'Identifiable data at egress',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [8, 12],
    owasp2021: ['A01'],
    owasp2025: ['A01'],
    iot: ['I6'],
    ics: now('T0882', 'T0893'),
    enterprise: ['T1041', 'T1048', 'T1567'],
    stride: 'I',
  },
  D15: {
    title: 'Beaconing, command and control, scan, lateral movement',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [10, 14],
    owasp2021: ['A10'],
    owasp2025: ['A01'],
    iot: ['I2'],
    ics: now('T0869', 'T0885', 'T0884', 'T0886', 'T0846.001'),
    enterprise: ['T1071.005', 'T1571', 'T1046'],
    stride: 'IE',
  },
  D16: {
    title: 'Behaviour drift of a device',
    kinds: ['statistic', 'model'],
    response: 'alert',
    enisa: [10, 14],
    owasp2021: ['A09'],
    owasp2025: ['A09'],
    iot: [],
    ics: now('T0831', 'T0832'),
    enterprise: [],
    stride: 'STRIDE',
  },
  D17: {
    title: 'Malware, ransomware or cryptojacking on the gateway',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [1, 13, 15],
    owasp2021: ['A08'],
    owasp2025: ['A08'],
    iot: [],
    ics: now('T0851', 'T0853', 'T0809', 'T0881'),
    enterprise: ['T1486', 'T1490', 'T1496', 'T1059', 'T1554'],
    stride: 'TD',
  },
  D18: {
    title: 'Physical, USB or serial tampering',
    kinds: ['rule'],
    response: 'alert',
    enisa: [11],
    owasp2021: [],
    owasp2025: [],
    iot: ['I10'],
    ics: now('T0847', 'T0864'),
    enterprise: ['T1200', 'T1091'],
    stride: 'T',
  },
  D19: {
    title: 'Insider misuse, break-glass abuse, mass export',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [9, 8],
    owasp2021: ['A01'],
    owasp2025: ['A01'],
    iot: [],
    ics: now('T0859', 'T0811'),
    enterprise: ['T1078', 'T1213'],
    stride: 'ER',
  },
  D20: {
    title: 'Control tampering: a gap in the log, a clock set back, rules or models changed',
    kinds: ['rule', 'statistic'],
    response: 'prevent',
    enisa: [9, 1],
    owasp2021: ['A09', 'A08'],
    owasp2025: ['A09', 'A08'],
    iot: [],
    ics: now('T0872'),
    enterprise: ['T1070', 'T1685'],
    atlas: ['AML.T0015', 'AML.T0020'],
    stride: 'RT',
  },
} as const satisfies Record<string, Threat>;

export type ThreatId = keyof typeof threats;

export const threatIds = Object.keys(threats) as readonly ThreatId[];
