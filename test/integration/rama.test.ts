import { expect, it, onTestFinished, vi } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Finding } from '../../gateway/core/finding.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { RamaReport } from '../../gateway/core/rama.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { startInterface } from '../support/interface-under-test.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';

vi.setConfig({ testTimeout: 120_000 });

const monitor = { id: 'mon-1', profile: 'generic-vital-signs-monitor' };
const hourMs = 3_600_000;
const nowOf = () => Date.now() as Instant;

const found = (more: Partial<Finding> = {}): Finding => ({
  ...{ threat: 'D01', detector: 'credential-attack', about: 'mon-1', at: nowOf() },
  ...{ severity: 'critical', confidence: 0.9, outcome: 'detected', evidence: {} },
  ...more,
});

async function start() {
  const ward = await startInterface([monitor]);
  const { admission, ask } = ward;
  const rescore = (at = nowOf()) => admission.call('rescore', at);
  await rescore();
  const report = async (id = 'mon-1') =>
    (await ask(`/api/v1/rama/${id}`, { as: 'viewer' })).json() as unknown as RamaReport;
  return { ...ward, rescore, report };
}

it('scores every device and the gateway itself, the site and its groups, for whoever may see it', async () => {
  const { ask, report } = await start();
  const site = (await ask('/api/v1/rama', { as: 'viewer' })).json() as {
    readonly devices: readonly { readonly id: string; readonly score: number }[];
    readonly local: { readonly score: number };
    readonly groups: Readonly<Record<string, { readonly devices: number }>>;
  };
  expect(site.devices.map(({ id }) => id)).toEqual(['_gateway', 'mon-1']);
  expect(site.local.score).toBeGreaterThan(0);
  expect(site.groups['']?.devices).toBe(2);
  expect((await report('_gateway')).score).toBeGreaterThan(0);
  expect((await ask('/api/v1/rama/no-such', { as: 'viewer' })).status).toBe(404);
  expect((await ask('/api/v1/rama')).status).toBe(401);
  const { indicators } = (await ask('/api/v1/indicators', { as: 'viewer' })).json() as {
    readonly indicators: readonly object[];
  };
  expect(indicators).toHaveLength(14);
  const metrics = (await ask('/metrics', { as: 'security' })).text;
  expect(metrics).toMatch(/^wardgate_rama_score\{device="mon-1"\} \d+/m);
  expect(metrics).toMatch(/^wardgate_rama_site_score \d+/m);
});

it('knows of a device what its handshake showed, with the time and the certificate', async () => {
  const { admission, rescore, report } = await start();
  const before = await report();
  admission.queue.signal({
    ...{ kind: 'handshake', device: 'mon-1' as DeviceId, at: nowOf() },
    ...{ version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', isResumed: false },
    ...{ certificate: 'AB:CD', algorithms: '' },
  });
  await vi.waitFor(async () => expect(await rescore()).toHaveLength(1));
  const after = await report();
  expect(after.score).toBeGreaterThan(before.score);
  expect(after.confidence).toBeGreaterThan(before.confidence);
  expect(after.evidence.find(({ id }) => id === 'transport')).toMatchObject({
    ...{ value: 'tls-1.3', state: 'known', source: 'handshake' },
    evidence: 'TLSv1.3 TLS_AES_256_GCM_SHA384, certificate AB:CD',
  });
});

it('falls with a finding, recovers by half-life and at once when it was none', async () => {
  const { store, ask, rescore, report } = await start();
  const before = await report();
  store.transact(() => store.journal.addFindings([found()]));
  expect(await rescore()).toMatchObject([{ device: 'mon-1', before: before.score }]);
  const hit = await report();
  expect(hit.score).toBeLessThan(before.score / 2);
  expect(hit.items[0]).toMatchObject({ factor: 'T' });
  const badness = hit.factors.T.badness;
  await rescore((nowOf() + 14 * 24 * hourMs) as Instant);
  const rows = (await ask('/api/v1/indicators', { as: 'viewer' })).json() as {
    indicators: readonly { device: string; factor: string; value: number }[];
  };
  const later = rows.indicators.find(({ device, factor }) => device === 'mon-1' && factor === 'T');
  expect(later?.value).toBeCloseTo(badness / 2, 3);
  const body = { cause: 'false-positive', reason: 'a new clinician' };
  await ask('/api/v1/findings/1/close', { method: 'POST', as: 'security', body });
  expect((await report()).score).toBeCloseTo(before.score, 1);
});

it('is capped by a compromise that a person confirmed, until the device is released', async () => {
  const { store, report } = await start();
  store.transact(() => {
    store.journal.addFindings([found()]);
    store.journal.episodes.judge(1, {
      ...{ state: 'closed', cause: 'attack', actor: 'a', changedAt: Date.now(), reason: 'r' },
    });
    store.quarantines.set({
      ...{ device: 'mon-1' as DeviceId, mode: 'hold', reason: 'r', actor: 'a', since: 0 },
    });
  });
  expect((await report()).gates.map(({ id }) => id)).toContain('G1');
  store.quarantines.end('mon-1');
  expect((await report()).gates).toEqual([]);
});

it('believes a person about what it cannot see, and audits it', async () => {
  const { directory, store, report } = await start();
  const before = await report();
  const words = ['rama', 'state', 'mon-1', 'network', 'gateway-only', '--dir', directory];
  expect((await wardgate([...words, '--reason', 'VLAN 30'])).code).toBe(0);
  expect((await report()).score).toBeGreaterThan(before.score);
  expect(store.audit.list().at(-1)).toMatchObject({
    ...{ action: 'rama.state', object: 'mon-1', detail: 'network gateway-only: VLAN 30' },
  });
  const wrong = ['rama', 'state', 'mon-1', 'network', 'safe', '--dir', directory, '--reason', 'x'];
  expectRefusal(await wardgate(wrong), 2, 'usage');
  wrong.splice(2, 3, 'mon-9', 'network', 'flat');
  expectRefusal(await wardgate(wrong), 1, 'device-unknown');
});

it('takes the maker’s form, its list of parts and what the feeds say; nobody who looked is not safe', async () => {
  const { store, report } = await start();
  const model = monitor.profile;
  const before = await report();
  const root = { ref: 'root', name: 'monitor' };
  const now = Date.now();
  const evidenceOf = async (id: string) => (await report()).evidence.find((each) => each.id === id);
  expect(await evidenceOf('vulnerabilities')).toEqual({ id: 'vulnerabilities', state: 'unknown' });
  store.transact(() => {
    store.vulnerabilities.setMatches(model, [], now);
  });
  expect(await evidenceOf('vulnerabilities')).toMatchObject({ state: 'stale', value: [] });
  expect((await report()).score).toBeCloseTo(before.score, 6);
  store.transact(() => {
    store.vulnerabilities.setBill({ model, root, components: [] } as never);
    for (const kind of ['nvd', 'kev'] as const) {
      const entries = { entries: 1, badEntries: 0 };
      store.vulnerabilities.setFeed({
        ...{ kind, name: kind, publishedAt: now, importedAt: now, ...entries },
      });
    }
  });
  expect(await evidenceOf('vulnerabilities')).toMatchObject({ state: 'known' });
  expect(await evidenceOf('sbom')).toMatchObject({ value: 'present' });
  const looked = await report();
  expect(looked.score).toBeGreaterThan(before.score);
  const answers = { 'STCF-1.1': { answer: 'yes' as const, note: '' } };
  store.mds2Forms.set({ model, answers, sha256: 'ab', importedAt: now });
  expect(await evidenceOf('storage')).toMatchObject({
    ...{ value: 'encrypted', source: 'mds2', evidence: 'STCF-1.1 of the form ab' },
  });
  expect((await report()).score).toBeGreaterThan(looked.score);
});

it('keeps the course of a score by minute, hour and day, and forgets minutes after a week', async () => {
  const { store, ask, rescore } = await start();
  const first = nowOf();
  store.transact(() => store.journal.addFindings([found()]));
  await rescore((first + 60_000) as Instant);
  const course = async (grain: string) => {
    const answer = await ask(`/api/v1/rama/mon-1/course?grain=${grain}`, { as: 'viewer' });
    return (answer.json() as { points: readonly { score: number; lowest: number }[] }).points;
  };
  const minutes = await course('minute');
  expect(minutes).toHaveLength(2);
  expect(minutes[1]?.score).toBeLessThan(minutes[0]?.score ?? 0);
  await rescore((first + 8 * 24 * hourMs) as Instant);
  expect(await course('minute')).toHaveLength(1);
  expect((await course('hour')).length).toBeGreaterThanOrEqual(2);
  const site = await ask('/api/v1/rama-course?grain=minute', { as: 'viewer' });
  expect((site.json() as { points: readonly object[] }).points.length).toBeGreaterThan(0);
});

it('of a running gateway changes within seconds of a finding, and the command says the same', async () => {
  const folder = temporaryFolder('rama');
  onTestFinished(() => folder.remove());
  await makeSite(folder.path, [monitor]);
  const gateway = await startGatewayProcess(folder.path);
  const { store } = openSiteStore(folder.path);
  onTestFinished(() => store.close());
  // Once it was scored, a change is news.
  await vi.waitFor(() => expect(store.ramaPoints.of('mon-1', 'day', 1)).toHaveLength(1), 30_000);
  store.transact(() => store.journal.addFindings([found()]));
  const changed = await gateway.event({ event: 'rama.changed', device: 'mon-1' });
  expect(Number(changed['score'])).toBeLessThan(Number(changed['before']));
  const said = await wardgateJson<RamaReport>('rama', 'mon-1', '--dir', folder.path);
  expect(said.score).toBeCloseTo(Number(changed['score']), 0);
  const { out } = await wardgate(['rama', '--dir', folder.path, '--by', 'owasp']);
  expect(out).toContain('the site, 2 devices');
  expect(out).toMatch(/lost +\d+\.\d {2}owasp A07/);
});
