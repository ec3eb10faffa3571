import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clinicalNeed,
  clinicalScore,
} from '../../../gateway/vulnerabilities/clinical-environment.ts';
import { factsOf, scoreOf, versionOf } from '../../../gateway/vulnerabilities/cvss.ts';

describe('a CVSS vector', () => {
  it.each([
    // CVE-2021-33885 as NVD and MITRE score it; CVE-2021-44228; examples of FIRST.
    ['AV:N/AC:L/Au:N/C:C/I:C/A:C', '2.0', 10],
    ['AV:N/AC:L/Au:N/C:N/I:N/A:C', '2.0', 7.8],
    ['CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N', '3.0', 6.4],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', '3.1', 9.8],
    ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:N', '3.1', 10],
    ['CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', '4.0', 9.3],
    ['CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', '4.0', 7.3],
  ])('%s is of version %s and scores %d', (vector, version, base) => {
    expect(versionOf(vector)).toBe(version);
    expect(scoreOf(vector, '')).toMatchObject({ base, environmental: base });
  });

  it.each([
    '',
    'high',
    'CVSS:3.1/AV:N',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:Q',
    'CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    'CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    `CVSS:3.1/${'AV:N/'.repeat(200)}`,
  ])('%j has no score, which is not zero', (vector) => {
    expect(versionOf(vector)).toBeUndefined();
    expect(scoreOf(vector, 'IR:H')).toBeUndefined();
    expect(factsOf(vector)).toBeUndefined();
  });

  it('is never read with a throw, whatever is written', () => {
    const piece = fc.constantFrom(
      'CVSS:3.1',
      'AV:N',
      'AC:L',
      'PR:N',
      'S:U',
      'E:A',
      'X:Y',
      '/',
      ':',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((row) => row.join('/')),
        ),
        (text) => {
          const score = scoreOf(text, 'CR:M/IR:H/AR:H');
          if (score) expect(score.environmental).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  it('says what decisions ask of it', () => {
    expect(factsOf('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P')).toMatchObject({
      attackVector: 'N',
      isEasy: true,
      isTotal: true,
      maturity: 'P',
    });
    expect(factsOf('(AV:A/AC:L/Au:N/C:P/I:N/A:N)')).toMatchObject({
      attackVector: 'A',
      isEasy: false,
      isTotal: false,
      harmsIntegrity: false,
      maturity: undefined,
    });
  });
});

describe('the clinical environment', () => {
  const lifeSupport = clinicalNeed('IIb', 'life-support');
  const office = clinicalNeed('I', 'none');

  it('weighs a loss of availability more where a patient depends on it', () => {
    const vectors = ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L'];
    const [grave, light] = [clinicalScore(vectors, lifeSupport), clinicalScore(vectors, office)];
    expect(light?.environmental).toBe(5.3);
    expect(grave?.environmental).toBe(6.1);
    expect(grave?.base).toBe(5.3);
  });

  it('states harm to people in 4.0 where integrity or availability is lost, and only there', () => {
    const harmless = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N';
    const harmful = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:L/VA:N/SC:N/SI:N/SA:N';
    expect(clinicalScore([harmless], lifeSupport)?.vector).not.toContain('MSI:S');
    expect(clinicalScore([harmful], lifeSupport)?.vector).toContain('MSI:S/MSA:X');
    expect(clinicalScore([harmful], office)?.vector).not.toContain('MSI:S');
    const [here, there] = [lifeSupport, office].map((need) => clinicalScore([harmful], need));
    expect(here?.environmental).toBeGreaterThan(there?.environmental ?? 10);
  });

  it('believes the newest version, and of it the worst; what cannot be read is left out', () => {
    const score = clinicalScore(
      [
        'AV:N/AC:L/Au:N/C:C/I:C/A:C',
        'CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N',
        'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N',
        'CVSS:3.1/nonsense',
      ],
      office,
    );
    expect(score).toMatchObject({ version: '3.1', base: 5.3 });
    expect(clinicalScore(['nonsense'], office)).toBeUndefined();
  });

  it('asks for integrity in the grave classes whatever the function', () => {
    expect(clinicalNeed('III', 'none')).toMatchObject({ integrity: 'H', isSafety: true });
    expect(clinicalNeed('A', 'none')).toMatchObject({ integrity: 'M', isSafety: false });
  });
});
