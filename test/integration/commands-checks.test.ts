import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceProfile } from '../../gateway/core/device-profile.ts';
import type { RamaScore } from '../../gateway/core/rama.ts';
import { each, expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';

const folder = temporaryFolder('checks');
afterAll(() => folder.remove());
const inFolder = (name: string) => join(folder.path, name);

describe('wardgate decode', () => {
  const fixtures = join(import.meta.dirname, '../fixtures');
  const masimo = join(fixtures, 'masimo-ascii/rad-8/input.txt');
  const decode = (profile: string, file: string, ...more: string[]) =>
    wardgate(['decode', '--profile', profile, file, ...more]);
  /** The gateway’s own time is another at each run. */
  const timeless = (out: string) => out.replace(/"at":"[^"]*"/g, '');
  const bytesOf = (path: string) =>
    Buffer.from(
      readFileSync(join(fixtures, path), 'utf8').replace(/#.*$/gm, '').replace(/\s/g, ''),
      'hex',
    );

  it('prints an observation a line, and says in the last line what became of every byte', async () => {
    const { code, out } = await decode('masimo-rad-8', masimo);
    expect(code).toBe(0);
    const lines = out.trim().split('\n');
    const { summary } = JSON.parse(lines.pop() ?? '');
    const bytes = readFileSync(masimo).length;
    expect(summary).toMatchObject({ bytes, observations: lines.length, discardedBytes: 0 });
    expect(lines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ metric: 'MDC_PULS_OXIM_SAT_O2', code: 150456, unit: '%' }),
    );
  });

  it('reads the last message of a capture that ends without saying so', async () => {
    const header = 'MSH|^~\\&|MON|WARD|||20260301101500+0100||ORU^R01|1|P|2.6';
    const row = 'OBX|1|NM|150456^^MDC|1|97|%^%^UCUM|||||R';
    const { out } = await wardgate(
      ['decode', '--profile', 'generic-pcd01-monitor', '-'],
      Buffer.from(`${header}\rOBR|1\r${row}\r`),
    );
    expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject({ code: 150456, value: 97 });
  });

  it('reads a byte at a time what it reads at once, from a file and from stdin', async () => {
    const cases: readonly (readonly [profile: string, bytes: Buffer])[] = [
      ['masimo-rad-8', readFileSync(masimo)],
      ['nonin-oem-iii', bytesOf('nonin/df2-two-packets/input.hex')],
      ['generic-astm-analyser', bytesOf('astm-e1381/session/input.hex')],
      ['generic-astm-analyser', bytesOf('astm-e1381/damaged/input.hex')],
      ['generic-pcd01-monitor', bytesOf('hl7v2/without-frame/input.hex')],
      ['generic-ieee11073-blood-pressure', bytesOf('ieee11073-20601/blood-pressure/input.hex')],
    ];
    await each(cases, async ([profile, bytes]) => {
      const file = inFolder(`${profile}-${bytes.length}`);
      writeFileSync(file, bytes);
      const whole = await decode(profile, file);
      expect(whole.code).toBe(0);
      expect(whole.out).toContain(`"bytes":${bytes.length}`);
      const again = [
        await decode(profile, file, '--chunk', '1'),
        await wardgate(['decode', '--profile', profile, '-', '--chunk', '7'], bytes),
      ];
      for (const { out } of again) expect(timeless(out)).toBe(timeless(whole.out));
    });
  });

  it('names a capture it cannot read and a profile it does not know', async () => {
    const missing = inFolder('missing');
    expectRefusal(await decode('masimo-rad-8', missing), 1, 'capture-unreadable');
    expectRefusal(await decode('no-such', masimo), 2, 'profile-unknown');
  });
});

describe('wardgate profile', () => {
  it('lists what there is, and says what is wrong with a draft', async () => {
    const site = inFolder('profiles');
    mkdirSync(join(site, 'profiles'), { recursive: true });
    const shipped = await wardgateJson<DeviceProfile[]>('profile', 'list');
    expect(shipped.length).toBeGreaterThanOrEqual(6);
    const draft = { ...shipped.find(({ id }) => id === 'masimo-rad-8'), id: 'own-oximeter' };
    const path = join(site, 'profiles/own.json');
    writeFileSync(path, JSON.stringify(draft));
    expect((await wardgate(['profile', 'check', path])).code).toBe(0);
    const ids = (await wardgateJson<DeviceProfile[]>('profile', 'list', '--dir', site)).map(
      ({ id }) => id,
    );
    expect(ids).toContain('own-oximeter');
    for (const wrong of [{ ...draft, silentAfterMs: -1 }, { ...draft, speed: 9 }, 'text']) {
      writeFileSync(path, JSON.stringify(wrong));
      expectRefusal(await wardgate(['profile', 'check', path]), 1, 'profile-invalid');
    }
    expectRefusal(await wardgate(['profile', 'list', '--dir', site]), 1, 'profile-invalid');
  });
});

describe('wardgate rama', () => {
  const golden = join(import.meta.dirname, '../fixtures/rama/golden.json');
  interface Scored {
    readonly cases: readonly { readonly score: number; readonly name: string }[];
  }

  it('scores a file of cases, the same bytes each time, and explains them', async () => {
    const first = await wardgate(['rama', 'score', golden, '--json']);
    expect(first.code).toBe(0);
    expect((await wardgate(['rama', 'score', golden, '--json'])).out).toBe(first.out);
    const expected = JSON.parse(readFileSync(golden, 'utf8')) as {
      cases: readonly { expected: { score: number } }[];
    };
    const { cases } = JSON.parse(first.out) as Scored;
    expect(cases.length).toBe(expected.cases.length);
    for (const [index, { score }] of cases.entries()) {
      const wanted = expected.cases[index]?.expected.score ?? Number.NaN;
      expect(Math.abs(score - wanted)).toBeLessThanOrEqual(0.05);
    }
    const { out } = await wardgate(['rama', 'score', golden, '--explain']);
    expect(out).toContain('48.1 F  E2 legacy pump');
    expect(out).toContain('gate  67.9  G1 Confirmed compromise: at most 20');
  });

  it('says what is wrong with a file, and scores nothing of it', async () => {
    const path = inFolder('cases.json');
    const one = { name: 'x', device: { cls: 'IIb', fun: 'monitor', auth: [1.5] } };
    for (const wrong of ['{"cases":[', '{}', '{"cases":[]}', JSON.stringify({ cases: [one] })]) {
      writeFileSync(path, wrong);
      expectRefusal(await wardgate(['rama', 'score', path]), 1, 'score-file-invalid');
    }
    expectRefusal(await wardgate(['rama', 'score', inFolder('none')]), 1, 'score-file-invalid');
  });

  it('scores a draft of a profile, and the more its maker states, the surer and the better', async () => {
    const [draft] = (await wardgateJson<DeviceProfile[]>('profile', 'list')).filter(
      ({ id }) => id === 'generic-vital-signs-monitor',
    );
    const path = inFolder('draft.json');
    const scoreOf = async (statements: object) => {
      const security = { ...draft?.security, statements };
      writeFileSync(path, JSON.stringify({ ...draft, id: 'draft', security }));
      return (await wardgateJson<{ rama: RamaScore }>('profile', 'check', path)).rama;
    };
    const silent = await scoreOf({});
    const stated = await scoreOf({ openService: 'none', updateSigning: 'signed', sbom: 'present' });
    expect(stated.score).toBeGreaterThan(silent.score);
    expect(stated.confidence).toBeGreaterThan(silent.confidence);
    expect(silent.withoutGateway).toBeLessThan(silent.score);
    expect(silent.whatIfs[0]?.id).toBe('vulnerabilityFeed');
  });
});

describe('wardgate doctor', () => {
  const site = inFolder('doctor');
  beforeAll(() => makeSite(site, [{ id: 'mon-1', profile: 'generic-vital-signs-monitor' }]));

  it('finds nothing wrong with a new site', async () => {
    const { code, out } = await wardgate(['doctor', '--dir', site]);
    expect(out).not.toContain('failed');
    expect(code).toBe(0);
    expect(await wardgateJson('doctor', '--dir', site)).toMatchObject({ ok: true });
  });

  it('says what is wrong with the end of the audit trail', async () => {
    const broken = inFolder('doctor audit');
    cpSync(site, broken, { recursive: true });
    chmodSync(join(broken, 'pki'), 0o700);
    rmSync(join(broken, 'audit/checkpoints.jsonl'));
    const { code, out } = await wardgate(['doctor', '--dir', broken]);
    expect(out).toMatch(/^failed\taudit trail\tentry 1: unanchored: .* -> wardgate audit verify/m);
    expect(code).toBe(1);
  });

  const damage: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ['key', (path) => chmodSync(join(path, 'pki/store.key'), 0o644), /database.*644.*chmod 600/],
    [
      'certificate key',
      (path) => rmSync(join(path, 'pki/gateway-server.key')),
      /certificates.*secret-missing.*-> Restore/,
    ],
    [
      'page',
      (path) => spoil(join(path, 'store/wardgate.db')),
      /database.*store-damaged.*-> Restore/,
    ],
    [
      'database',
      (path) => rmSync(join(path, 'store/wardgate.db')),
      /database.*not there.*-> Restore/,
    ],
    [
      'relay',
      (path) => appendFileSync(settings(path), 'relays: [{ id: ehr, use: telepathy }]\n'),
      /relay ehr.*telepathy.*-> Correct/,
    ],
    [
      'settings',
      (path) => appendFileSync(settings(path), 'anonymous: true\n'),
      /settings.*"anonymous".*-> Correct/,
    ],
  ];
  const settings = (path: string) => join(path, 'wardgate.yaml');

  it('says of each thing that is broken what to do, and run does not start with it', () =>
    each(damage, async ([name, spoilIt, says]) => {
      const broken = inFolder(`doctor ${name}`);
      cpSync(site, broken, { recursive: true });
      // Copied files keep their modes, folders do not.
      chmodSync(join(broken, 'pki'), 0o700);
      spoilIt(broken);
      const { code, out } = await wardgate(['doctor', '--dir', broken]);
      expect(code, name).toBe(1);
      expect(out.split('\n').filter((line) => line.startsWith('failed'))).toHaveLength(1);
      expect(out).toMatch(says);
      const run = await wardgate(['run', '--dir', broken]);
      expect(run.err, name).toMatch(/^wardgate: [^\n]* \[[a-z-]+\]\n-> [^\n]+\n$/);
      expect([1, 2], name).toContain(run.code);
    }));
});

/** One byte of a page the devices are on. */
function spoil(path: string): void {
  const bytes = readFileSync(path);
  bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
