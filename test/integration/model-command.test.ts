import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Evaluation } from '../../gateway/core/model-card.ts';
import type { ModelState } from '../../gateway/core/model-state.ts';
import { seededRandom } from '../../gateway/core/random.ts';
import { trafficFeatures } from '../../gateway/features/traffic-state.ts';
import { addSiteModel } from '../../gateway/modelling/model-store.ts';
import type { TableEvaluation } from '../../gateway/modelling/table-trial.ts';
import { openTrafficLog } from '../../gateway/modelling/traffic-log.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { device } from '../support/signals.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';
import { asSiteModel } from '../support/site-model.ts';

// Every test starts commands.
vi.setConfig({ testTimeout: 240_000 });

async function startSite(): Promise<string> {
  const folder = temporaryFolder('model');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  await makeSite(directory, []);
  return directory;
}

const width = trafficFeatures.length;

/** As if a gateway had watched devices for hours: most features at rest, some move a little. */
function keepTraffic(directory: string, ticks: number, scale = 0.5): void {
  const random = seededRandom(3);
  const log = openTrafficLog(directory);
  for (let tick = 0; tick < ticks; tick += 1) {
    const z = Float32Array.from({ length: width }, (_, index) =>
      index % 5 === 0 ? random.normal() * scale : 0,
    );
    log.take(
      { rows: [{ about: device, device, isEnrolled: true, offset: 0 }], z },
      Float32Array.of(0.1),
      2,
    );
  }
  log.close();
}

const model = (directory: string, ...words: readonly string[]) =>
  wardgateJson('model', ...words, '--dir', directory);
const models = <Row>(directory: string, command: 'list' | 'verify') =>
  wardgateJson<readonly Row[]>('model', command, '--dir', directory);

describe('wardgate model', () => {
  it('fits to the site’s own traffic, in shadow first; activates, goes back, and audits all of it', async () => {
    const directory = await startSite();
    keepTraffic(directory, 40_000);
    const fitted = await model(directory, 'fit');
    expect(fitted).toMatchObject({ id: 'site-1', alarmsPerDay: 1 });
    const roles = await models<{ id: string; role: string }>(directory, 'list');
    expect(roles.map(({ id, role }) => [id, role])).toEqual([
      ['traffic-autoencoder', ''],
      ['traffic-forest', ''],
      ['traffic-pca', 'active'],
      ['vitals-pca', 'active'],
      ['site-1', 'shadow'],
    ]);
    expect(await model(directory, 'activate', 'site-1')).toEqual({
      active: 'site-1',
      previous: 'traffic-pca',
    });
    const verified = await models<{ isSound: boolean }>(directory, 'verify');
    expect(verified.map(({ isSound }) => isSound)).toEqual([true, true, true, true, true]);
    expect(await model(directory, 'rollback')).toMatchObject({ active: 'traffic-pca' });
    const { store } = openSiteStore(directory);
    const actions = [...store.audit.pages()].flat().map(({ action }) => action);
    store.close();
    expect(actions.filter((action) => action.startsWith('model.'))).toEqual([
      'model.fit',
      'model.activate',
      'model.rollback',
    ]);
  });

  it('chooses models of vital signs beside those of traffic, by what their files say they look at', async () => {
    const directory = await startSite();
    const own = 'site-10001';
    addSiteModel(directory, own, asSiteModel(directory, 'vitals-pca', own), {});
    const roles = async () =>
      (await models<{ id: string; kind: string; role: string }>(directory, 'list'))
        .filter(({ role }) => role !== '')
        .map(({ id, kind, role }) => `${kind} ${role}: ${id}`);
    expect(await roles()).toEqual(['traffic active: traffic-pca', 'vitals active: vitals-pca']);
    expect(await model(directory, 'activate', own)).toEqual({
      active: own,
      previous: 'vitals-pca',
    });
    expect(await roles()).toEqual([
      'traffic active: traffic-pca',
      'vitals previous: vitals-pca',
      `vitals active: ${own}`,
    ]);
    expectRefusal(await wardgate(['model', 'rollback', '--dir', directory]), 1, 'model-unknown');
    expect(await model(directory, 'rollback', '--kind', 'vitals')).toEqual({
      active: 'vitals-pca',
      previous: own,
    });
  });

  it('refuses a changed model, one that is not there, and going back to nothing', async () => {
    const directory = await startSite();
    keepTraffic(directory, 40_000);
    await model(directory, 'fit');
    const path = join(directory, 'models/site-1/model.onnx');
    const bytes = readFileSync(path);
    bytes[300] = (bytes[300] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const refused = (...words: readonly string[]) =>
      wardgate(['model', ...words, '--dir', directory]);
    expectRefusal(await refused('activate', 'site-1'), 1, 'model-refused');
    expectRefusal(await refused('activate', 'nothing'), 1, 'model-unknown');
    expectRefusal(await refused('evaluate', 'vitals-pca'), 1, 'model-refused');
    expectRefusal(await refused('rollback'), 1, 'model-unknown');
    const elsewhere = ['model', 'rollback', '--dir', join(directory, 'nowhere')];
    expectRefusal(await wardgate(elsewhere), 2, 'site-missing');
    expectRefusal(await refused('rollback', '--kind', 'vitals'), 1, 'model-unknown');
    expect((await refused('verify', 'site-1')).code).toBe(1);
  });

  it('refuses another model under its name, a link, a pipe and what never ends', async () => {
    const directory = await startSite();
    const folder = join(directory, 'models/site-1');
    const shipped = join(import.meta.dirname, '../../models/traffic-forest');
    const refusal = async (said: string, ...files: readonly (() => void)[]) => {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const make of files) make();
      const refused = await wardgate(['model', 'activate', 'site-1', '--dir', directory]);
      expectRefusal(refused, 1, 'model-refused');
      expect(refused.err).toContain(said);
    };
    const [onnx, signature] = [join(folder, 'model.onnx'), join(folder, 'model.onnx.sig')];
    const copied = (path: string) => () => copyFileSync(join(shipped, basename(path)), path);
    await refusal('traffic-forest, under another name', copied(onnx), copied(signature));
    await refusal('cannot be read', () => symlinkSync('/dev/zero', onnx), copied(signature));
    await refusal('cannot be read', copied(onnx), () => symlinkSync('/dev/zero', signature));
    await refusal('it is no file', () => execFileSync('mkfifo', [onnx]), copied(signature));
    await refusal('too large', copied(onnx), () => writeFileSync(signature, 'A'.repeat(300)));
  });

  it('fits two at once, and keeps what each was asked for; a damaged choice is chosen anew', async () => {
    const directory = await startSite();
    keepTraffic(directory, 40_000);
    const fitted = await Promise.all([model(directory, 'fit'), model(directory, 'fit')]);
    expect(fitted.map((each) => (each as { id: string }).id).sort()).toEqual(['site-1', 'site-2']);
    const ids = ['site-1', 'traffic-forest', 'site-2', 'traffic-autoencoder'];
    await Promise.all(ids.map((id) => model(directory, 'activate', id)));
    const state = () =>
      JSON.parse(readFileSync(join(directory, 'models/state.json'), 'utf8')) as ModelState;
    // Whoever was last: the one before it is another of them, and none is lost in between.
    expect(ids).toContain(state().active);
    expect(ids.filter((id) => id !== state().active)).toContain(state().previous);
    writeFileSync(join(directory, 'models/state.json'), '{"active":');
    expect(await model(directory, 'activate', 'site-2')).toMatchObject({ active: 'site-2' });
  });

  it('refuses to fit to too little, and to what is not ordinary', async () => {
    const directory = await startSite();
    expectRefusal(await wardgate(['model', 'fit', '--dir', directory]), 1, 'data-unreadable');
    keepTraffic(directory, 2_000);
    expectRefusal(await wardgate(['model', 'fit', '--dir', directory]), 1, 'data-unreadable');
    keepTraffic(directory, 40_000, 60);
    expectRefusal(await wardgate(['model', 'fit', '--dir', directory]), 1, 'model-refused');
    const { store } = openSiteStore(directory);
    const [last] = [...store.audit.pages()].flat().slice(-1);
    store.close();
    expect(last).toMatchObject({
      ...{ action: 'model.fit', outcome: 'failure' },
      detail: 'model-refused',
    });
  });

  it('evaluates a model on a simulated ward, and writes what it found', async () => {
    const directory = await startSite();
    const out = join(directory, 'report');
    const words = ['evaluate', '--devices', '1', '--hours', '0.6', '--out', out];
    const { model: id, evaluations } = (await model(directory, ...words)) as {
      model: string;
      evaluations: readonly Evaluation[];
    };
    expect(id).toBe('traffic-pca');
    expect(evaluations.map(({ data }) => data)).toEqual(['simulated ward']);
    const [own, largest] = evaluations[0]?.judges ?? [];
    expect([own?.judge, largest?.judge]).toEqual(['traffic-pca', 'max-z']);
    const loud = own?.attacks.filter(({ perMinute }) => perMinute === 600) ?? [];
    expect(loud.length).toBeGreaterThan(5);
    for (const { family, noticed } of loud) expect(noticed, family).toBe(1);
    const read = (name: string) => readFileSync(join(out, name), 'utf8');
    expect(JSON.parse(read('evaluation.json'))).toEqual(evaluations);
    expect(read('evaluation.html')).toContain('max-z');
  });

  it('refuses captures that nothing could be judged by, before it begins', async () => {
    const directory = await startSite();
    const folder = join(directory, 'captures');
    mkdirSync(folder);
    const line = (t: number, type: string) =>
      `${JSON.stringify({ t, conn: 0, src: 'sensor', type, hex: 'c000' })}\n`;
    const pings = (seconds: number) =>
      Array.from({ length: seconds / 10 }, (_, index) => line(index * 10, 'PINGREQ')).join('');
    const words = ['model', 'evaluate', '--data', folder, '--dir', directory];
    const refusal = async (said: string) => {
      const refused = await wardgate(words);
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(refused.err).toMatch(new RegExp(`wardgate: .*${said}.* \\[data-unreadable\\]`));
    };
    const file = (name: string, text: string) => writeFileSync(join(folder, name), text);
    await refusal('no benign');
    file('benign.jsonl', pings(600));
    file('close.jsonl', line(0, 'CLOSE'));
    await refusal('at least 15 minutes');
    file('benign.jsonl', pings(1_200));
    await refusal('no packet of an attack');
    file('cut.jsonl.gz', gzipSync(line(0, 'CONNECT')).subarray(0, 20).toString('latin1'));
    await refusal('cut.jsonl.gz');
  });

  it('evaluates the kinds of models on a table, and refuses what is none', async () => {
    const directory = await startSite();
    const random = seededRandom(6);
    const header = 'SrcBytes,DstBytes,SrcLoad,SIntPkt,Dur,TotPkts,Sport,Attack Category,Label';
    // In ordinary rows one column follows another; in the attack it is far beyond all of them.
    const row = (isAttack: boolean) => {
      const [one, other] = [random.between(1, 100), random.between(1, 100)];
      const both = isAttack ? 1e12 - one : one * 2;
      const label = isAttack ? 'Spoofing,1' : 'normal,0';
      return `${one},${both},${other},5,0.1,7,${isAttack ? 2 : 1},${label}`;
    };
    const lines = [header, ...Array.from({ length: 800 }, (_, index) => row(index >= 600))];
    const path = join(directory, 'ehms.csv');
    const words = ['evaluate', '--data', directory, '--format', 'wustl-ehms-2020'];
    writeFileSync(path, `${lines.join('\n')}\n`);
    const { rows, columns, judges } = (await model(directory, ...words)) as TableEvaluation &
      Record<string, unknown>;
    expect(rows).toEqual({ ordinary: 600, spoofing: 200 });
    expect(columns).not.toContain('Sport');
    expect(judges.map(({ judge }) => judge)).toEqual([
      ...['pca', 'autoencoder', 'forest', 'max-z'],
      expect.stringMatching(/^only /),
    ]);
    for (const { judge, falsePositiveRate, truePositiveRates } of judges) {
      expect(falsePositiveRate, judge).toBeLessThan(0.05);
      if (judge !== 'forest') expect(truePositiveRates['spoofing'], judge).toBeGreaterThan(0.9);
    }
    writeFileSync(path, `${[...lines, '1,2,3'].join('\n')}\n`);
    const refused = await wardgate(['model', ...words, '--dir', directory]);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('ehms.csv line 802: 3 cells, the header has 9 [data-unreadable]');
    const unasked = await wardgate([
      'model',
      'evaluate',
      '--format',
      'mqttset',
      '--dir',
      directory,
    ]);
    expectRefusal(unasked, 2, 'usage');
  });
});
