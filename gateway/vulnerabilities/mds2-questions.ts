import type { Mds2Answer, PostureValues } from '../core/mds2.ts';

/**
 * The questions of MDS2 2019 by section, as the form of ANSI/NEMA HN 1-2019 numbers them. A number
 * in brackets is how many questions below it there are: `2(11)` is 2 and 2.1 to 2.11.
 */
const sections: Readonly<Record<string, string>> = {
  DOC: '1 2 3 4 5 6 7 8 9 10 11(4)',
  MPII: '1 2(9) 3(10)',
  ALOF: '1 2',
  AUDT: '1(2) 2(11) 2.8(2) 3 4(1) 4.1(1) 5(4) 6 7(1) 8',
  AUTH: '1(3) 2 3 4 5',
  CSUP: '1 2(4) 3(4) 4(4) 5(4) 6(4) 7 8 9 10(1) 11(2)',
  DIDT: '1(1)',
  DTBK: '1 2 3 4 5 6',
  EMRG: '1',
  IGAU: '1 2',
  MLDP: '1 2(8) 3 4 5(2)',
  NAUT: '1 2(1) 3',
  CONN: '1(2) 1.1(4) 1.2(4) 2 3 4 5 6 7(1) 8',
  PAUT: '1(1) 2 3 4 5 6 7 8 9 10 11 12 13 14(1)',
  PLOK: '1 2 3 4',
  RDMP: '1 2 3 4',
  SBOM: '1 2(4) 3 4',
  SAHD: '1 2 3(2) 4 5(1) 6(2) 7 8 9 10 11 12 13 14(1) 15 16',
  SGUD: '1 2 3(1) 4',
  STCF: '1(3) 2 3 4',
  TXCF: '1 2(1) 3 4 5',
  TXIG: '1 2',
  RMOT: '1(3) 2 3',
};

/** Every question of the form but those of the maker’s own (OTHR). */
export const mds2Questions: ReadonlySet<string> = new Set(
  Object.entries(sections).flatMap(([section, text]) =>
    text.split(' ').flatMap((word) => {
      const [, number = '', below = '0'] = /^([\d.]+)(?:\((\d+)\))?$/.exec(word) ?? [];
      const inner = Array.from(
        { length: Number(below) },
        (_, at) => `${section}-${number}.${at + 1}`,
      );
      return [`${section}-${number}`, ...inner];
    }),
  ),
);

interface Mapping {
  readonly question: string;
  /** What it asks, in our words; the wording is in the standard. */
  readonly asks: string;
  readonly says: Partial<Record<Mds2Answer, PostureValues>>;
}

/**
 * Which answers say something of the posture that the security score asks for. Only what an answer
 * says by itself: “supports TLS” does not say which, so it says nothing; “no TLS” does.
 * Of two that say something of the same question the later row holds.
 */
export const mds2Mappings: readonly Mapping[] = [
  {
    question: 'NAUT-1',
    asks: 'Are sender and receiver known to each other?',
    says: { no: { authentication: 'anonymous' } },
  },
  {
    question: 'PAUT-5',
    asks: 'Can all passwords be changed?',
    says: { no: { authentication: 'default-password' } },
  },
  {
    question: 'NAUT-3',
    asks: 'Does it authenticate its connections by certificates?',
    says: { yes: { authentication: 'mtls-software' } },
  },
  { question: 'CONN-7', asks: 'Does it support TLS?', says: { no: { transport: 'none' } } },
  {
    question: 'TXCF-1',
    asks: 'Do personal data leave by a point-to-point cable only?',
    says: { yes: { transport: 'serial' } },
  },
  {
    question: 'TXCF-2',
    asks: 'Are personal data encrypted before they leave?',
    says: { no: { identifiersOnLine: 'direct' } },
  },
  {
    question: 'MPII-1',
    asks: 'Does it show, send, store or change personal data?',
    says: { no: { identifiersOnLine: 'none' } },
  },
  {
    question: 'CONN-1.1',
    asks: 'Does it support wireless connections?',
    says: { yes: { radio: 'personal-area' }, no: { radio: 'none' } },
  },
  {
    question: 'RMOT-1',
    asks: 'Does it allow remote service?',
    says: { yes: { remoteService: 'enabled' }, no: { remoteService: 'none' } },
  },
  {
    question: 'SAHD-9',
    asks: 'Are services that it does not need, such as telnet, disabled?',
    says: { yes: { openService: 'none' }, no: { openService: 'open' } },
  },
  {
    question: 'SAHD-3.2',
    asks: 'Does it make sure that updates are the maker’s?',
    says: { yes: { updateSigning: 'signed' }, no: { updateSigning: 'unsigned' } },
  },
  {
    question: 'SBOM-1',
    asks: 'Is there a bill of materials?',
    says: { yes: { sbom: 'present' }, no: { sbom: 'missing' } },
  },
  {
    question: 'STCF-1',
    asks: 'Can it encrypt what it stores?',
    says: { no: { storage: 'unencrypted' } },
  },
  {
    question: 'STCF-1.1',
    asks: 'Is all of it encrypted or protected?',
    says: { yes: { storage: 'encrypted' }, no: { storage: 'unencrypted' } },
  },
];

/** What the answers of a form say of the posture, and which answer says it. */
export function postureOf(answers: Readonly<Record<string, { readonly answer: Mds2Answer }>>) {
  const posture: Record<string, { readonly value: string; readonly question: string }> = {};
  for (const { question, says } of mds2Mappings) {
    const given = answers[question]?.answer;
    for (const [asked, value] of Object.entries((given && says[given]) ?? {})) {
      posture[asked] = { value, question };
    }
  }
  return posture as {
    readonly [Question in keyof PostureValues]?: {
      readonly value: NonNullable<PostureValues[Question]>;
      readonly question: string;
    };
  };
}
