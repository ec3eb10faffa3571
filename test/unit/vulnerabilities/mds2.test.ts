import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { postureQuestions } from '../../../gateway/core/rama.ts';
import { parseCsv, readMds2 } from '../../../gateway/vulnerabilities/mds2-form.ts';
import {
  mds2Mappings,
  mds2Questions,
  postureOf,
} from '../../../gateway/vulnerabilities/mds2-questions.ts';

/** How many questions each section of the form has. */
const counts = {
  ...{ DOC: 15, MPII: 22, ALOF: 2, AUDT: 30, AUTH: 8, CSUP: 34, DIDT: 2, DTBK: 6, EMRG: 1 },
  ...{ IGAU: 2, MLDP: 15, NAUT: 4, CONN: 19, PAUT: 16, PLOK: 4, RDMP: 4, SBOM: 8, SAHD: 22 },
  ...{ SGUD: 5, STCF: 7, TXCF: 6, TXIG: 2, RMOT: 6 },
};

it('the form has the questions of each section', () => {
  const found = Object.groupBy([...mds2Questions], (id) => id.split('-')[0] ?? '');
  const sizes = Object.entries(found).map(([section, ids]) => [section, ids?.length]);
  expect(Object.fromEntries(sizes)).toEqual(counts);
});

it('mappings are of questions there are, to answers there are', () => {
  for (const { question, says } of mds2Mappings) {
    expect([...mds2Questions]).toContain(question);
    for (const [asked, value] of Object.values(says).flatMap((each) => Object.entries(each))) {
      expect(postureQuestions[asked as keyof typeof postureQuestions]).toContain(value);
    }
  }
});

const form = [
  'Manufacturer Disclosure Statement,,,',
  'DOC-1,Manufacturer Name,Acme,__',
  'NAUT-3,"Does the device use certificates, if any?",No,Note 1',
  'CONN-7,TLS?, Yes ,',
  'STCF-1,Can the device encrypt data at rest?,See Note,"see ""IFU"", 4"',
  'SAHD-3.2,Updates?,yes,',
  'SHAD-15,BIOS?,Yes,',
  'RMOT-1,Remote service?,,',
  'SBOM-1,SBoM?,N/A,',
].join('\r\n');

describe('a form', () => {
  it('is read by the ids of its questions; what is not of the form is reported', () => {
    const reading = readMds2(form);
    expect(reading?.answers).toEqual({
      'NAUT-3': { answer: 'no', note: 'Note 1' },
      'CONN-7': { answer: 'yes', note: '' },
      'STCF-1': { answer: 'see-note', note: 'see "IFU", 4' },
      'SAHD-3.2': { answer: 'yes', note: '' },
      'SBOM-1': { answer: 'not-applicable', note: '' },
    });
    expect(reading?.problems).toEqual([
      'SHAD-15: the form of 2019 has no such question',
      'RMOT-1: no answer',
    ]);
  });

  it('says of the posture only what an answer says by itself', () => {
    expect(postureOf(readMds2(form)?.answers ?? {})).toEqual({
      updateSigning: { value: 'signed', question: 'SAHD-3.2' },
    });
    const no = { answer: 'no' } as const;
    expect(postureOf({ 'CONN-7': no, 'PAUT-5': no, 'TXCF-2': no })).toEqual({
      transport: { value: 'none', question: 'CONN-7' },
      authentication: { value: 'default-password', question: 'PAUT-5' },
      identifiersOnLine: { value: 'direct', question: 'TXCF-2' },
    });
  });

  it('is read the same with semicolons and tabs, and in other columns', () => {
    for (const separator of [';', '\t']) {
      const row = ['', 'x', 'RMOT-1', 'Remote?', '', 'No', 'off'].join(separator);
      expect(readMds2(row)?.answers).toEqual({ 'RMOT-1': { answer: 'no', note: 'off' } });
    }
  });

  it('that answers twice and not the same has no answer', () => {
    const reading = readMds2('RMOT-1,a,Yes\nRMOT-1,a,No');
    expect(reading?.answers['RMOT-1']?.answer).toBe('see-note');
    expect(reading?.problems).toHaveLength(1);
  });

  it('cut at any byte never says more than it said whole', () => {
    const whole = readMds2(form)?.answers ?? {};
    for (let length = 0; length < form.length; length += 1) {
      for (const [id, { answer }] of Object.entries(
        readMds2(form.slice(0, length))?.answers ?? {},
      )) {
        expect([id, answer]).toEqual([id, whole[id]?.answer]);
      }
    }
  });
});

it('CSV is read as it was written, and never with a throw', () => {
  const cell = fc.string({ maxLength: 20 }).map((text) => text.replace(/[\r]/g, ''));
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1 }),
      (rows) => {
        const text = rows
          .map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(','))
          .join('\n');
        // Whichever character the text has most of is taken to stand between cells.
        fc.pre(!/[;\t]/.test(text));
        expect(parseCsv(text)).toEqual(rows);
      },
    ),
  );
  fc.assert(fc.property(fc.string(), (text) => void readMds2(text)));
});
