import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { startInterface } from '../support/interface-under-test.ts';
import { until } from '../support/site.ts';

const profile = 'generic-vital-signs-monitor';
const monitor = 'mon-1' as DeviceId;

const values = (text: string) => new TextEncoder().encode(text);

it('shows devices a page at a time, and patients only to who may see them', async () => {
  const { ask } = await startInterface([
    { id: monitor, profile, subject: 'MRN-4711' },
    { id: 'mon-2', profile },
    { id: 'mon-3', profile },
  ]);
  const first = await ask('/api/v1/devices?count=2', { as: 'viewer' });
  expect(first.text).not.toContain('MRN-4711');
  expect(first.json()).toMatchObject({
    devices: [
      { id: 'mon-1', link: { isUp: false }, association: { since: '1970-01-01T00:00:00.000Z' } },
      { id: 'mon-2' },
    ],
  });
  const second = await ask('/api/v1/devices?after=mon-2', { as: 'machine' });
  expect(second.json()).toMatchObject({ devices: [{ id: 'mon-3' }] });
  expect((await ask('/api/v1/devices/mon-1', { as: 'clinical' })).json()).toMatchObject({
    association: { subject: 'MRN-4711' },
  });
  expect(await ask('/api/v1/devices/mon-9', { as: 'viewer' })).toMatchObject({ status: 404 });
  expect(await ask('/api/v1/devices/mon%2F1', { as: 'viewer' })).toMatchObject({ status: 422 });
});

it('shows how a device is connected, and what of it is held', async () => {
  const { ask, watch } = await startInterface([{ id: monitor, profile }]);
  const at = Date.now() as Instant;
  watch.queue.signal({ kind: 'connected', device: monitor, at, address: '10.0.0.7' });
  const payload = values(
    `{"seq":1,"at":"${new Date(at).toISOString()}","values":{"MDC_ECG_HEART_RATE":72}}`,
  );
  await watch.queue.offer({
    ...{ device: monitor, channel: 'observations', bytes: payload, receivedAt: at },
  });
  const heardAt = new Date(at).toISOString();
  expect((await ask('/api/v1/devices/mon-1', { as: 'viewer' })).json()).toMatchObject({
    link: { isUp: true, address: '10.0.0.7', since: heardAt, heardAt },
    held: [{ cause: 'unbound', rows: 1, oldestAt: heardAt }],
  });
  expect((await ask('/api/v1/outbox', { as: 'admin' })).json()).toMatchObject({
    lanes: [],
    held: [{ device: 'mon-1', cause: 'unbound', rows: 1 }],
  });
});

it('binds a device to a patient and ends it, by whoever is at the bedside', async () => {
  const { ask } = await startInterface([{ id: monitor, profile }]);
  const order = (what: string, body?: object) =>
    ask(`/api/v1/devices/mon-1/${what}`, { method: 'POST', as: 'clinical', body });
  const since = '2026-11-22T10:00:00Z';
  const bound = await order('associate', { subject: 'MRN-4711', since });
  expect(bound.json()).toEqual({
    since: '2026-11-22T10:00:00.000Z',
    released: 0,
    stillHeld: 0,
    later: 0,
  });
  expect((await ask('/api/v1/devices/mon-1', { as: 'clinical' })).json()).toMatchObject({
    association: { subject: 'MRN-4711' },
  });
  const placeholder = await order('associate', { subject: '99999' });
  expect(placeholder).toMatchObject({ status: 422 });
  expect(placeholder.json()).toMatchObject({ code: 'subject-invalid' });
  expect((await order('dissociate')).json()).toEqual({ wasBound: true });
  expect((await order('dissociate')).json()).toEqual({ wasBound: false });
  const unknown = await ask('/api/v1/devices/mon-9/dissociate', { method: 'POST', as: 'clinical' });
  expect(unknown.json()).toMatchObject({ status: 404, code: 'device-unknown' });
  const audit = await ask('/api/v1/audit?count=500', { as: 'security' });
  expect(audit.text).not.toContain('MRN-4711');
  expect(audit.text).toContain('"actor":"a-clinical","action":"device.associate","object":"mon-1"');
});

it('revokes what a device has, and says what it was', async () => {
  const { ask, store } = await startInterface([{ id: monitor, profile }]);
  const now = Date.now();
  const fingerprint = 'AA:BB';
  store.certificates.add({
    ...{ kind: 'device', subject: 'mon-1', serialNumber: '4F', fingerprint },
    ...{ notBefore: now, notAfter: now + 1e9 },
  });
  const asking = { method: 'POST', as: 'security', body: { reason: 'key-compromise' } } as const;
  const revoked = await ask('/api/v1/devices/mon-1/revoke', asking);
  expect(revoked.json()).toEqual({ serialNumbers: ['4F'] });
  expect(store.certificates.find('4F')).toMatchObject({ reason: 'key-compromise' });
  const body = { reason: 'no reason' };
  expect(await ask('/api/v1/devices/mon-1/revoke', { ...asking, body })).toMatchObject({
    status: 422,
  });
});

it('puts a device in quarantine and releases it, for who may and with a reason', async () => {
  const { ask, store } = await startInterface([{ id: monitor, profile }]);
  const path = '/api/v1/devices/mon-1';
  const body = { mode: 'observe', reason: 'odd values', until: '2099-01-01T00:00:00Z' };
  const asking = { method: 'POST', as: 'security', body } as const;
  expect((await ask(`${path}/quarantine`, asking)).json()).toEqual({ mode: 'observe' });
  expect((await ask(path, { as: 'viewer' })).json()).toMatchObject({
    quarantine: { mode: 'observe', reason: 'odd values', until: '2099-01-01T00:00:00.000Z' },
  });
  expect(await ask(`${path}/quarantine`, { ...asking, as: 'clinical' })).toMatchObject({
    status: 403,
  });
  const mute = { ...asking, body: { mode: 'observe' } };
  expect(await ask(`${path}/quarantine`, mute)).toMatchObject({ status: 422 });
  const release = { ...asking, body: { reason: 'looks well' } };
  expect((await ask(`${path}/release`, release)).json()).toMatchObject({ released: 0 });
  expect(await ask(`${path}/release`, release)).toMatchObject({ status: 409 });
  expect(store.quarantines.list()).toEqual([]);
});

it('shows findings newest first, by threat and by what they are about', async () => {
  const { ask, store } = await startInterface();
  const finding = {
    detector: 'test',
    severity: 'high',
    confidence: 1,
    outcome: 'detected',
    evidence: { count: 3 },
  } as const;
  store.transact(() =>
    store.journal.addFindings([
      { ...finding, threat: 'D05', about: 'mon-1', at: 1_000 as Instant },
      { ...finding, threat: 'D10', detector: 'other', about: 'mon-2', at: 2_000 as Instant },
      { ...finding, threat: 'D05', about: 'mon-2', at: 3_000 as Instant },
    ]),
  );
  const found = async (query: string) => {
    const reply = await ask(`/api/v1/findings${query}`, { as: 'security' });
    return (reply.json() as { findings: { sequence: number }[] }).findings.map((f) => f.sequence);
  };
  expect(await found('')).toEqual([3, 2, 1]);
  expect(await found('?before=3&count=1')).toEqual([2]);
  expect(await found('?threat=D05')).toEqual([3, 1]);
  expect(await found('?about=mon-2&since=1970-01-01T00:00:03Z')).toEqual([3]);
  expect(await ask('/api/v1/findings?threat=D99', { as: 'security' })).toMatchObject({
    status: 422,
  });
});

it('sends again what was refused, and the audit says who did it', async () => {
  const { ask } = await startInterface();
  const retried = await ask('/api/v1/outbox/retry', { method: 'POST', as: 'admin', body: {} });
  expect(retried.json()).toEqual({ entries: 0 });
  const { entries } = (await ask('/api/v1/audit', { as: 'security' })).json() as {
    entries: { sequence: number }[];
  };
  expect(entries.at(-1)).toMatchObject({ action: 'outbox.retry', actor: 'a-admin', object: 'all' });
  const next = await ask(`/api/v1/audit?after=${entries.length}`, { as: 'security' });
  expect(next.json()).toEqual({ entries: [] });
});

it('describes every route from the shapes that check it', async () => {
  const { ask } = await startInterface();
  const document = (await ask('/api/v1/openapi.json', { as: 'viewer' })).json();
  expect(document).toMatchObject({
    openapi: '3.1.1',
    paths: {
      '/api/v1/devices/{id}': {
        get: {
          'x-action': 'device.read',
          parameters: [{ name: 'id', in: 'path', required: true }],
        },
      },
      '/api/v1/outbox/retry': { post: { 'x-roles': ['clinical', 'admin'] } },
      '/healthz': { get: { security: [] } },
    },
  });
});

it('says whom to tell of a weakness where the site names somebody', async () => {
  const none = await startInterface();
  expect(await none.ask('/.well-known/security.txt')).toMatchObject({ status: 404 });
  const contact = 'mailto:security@hospital.example';
  const { ask } = await startInterface([], { https: { port: 0, securityContacts: [contact] } });
  const { text } = await ask('/.well-known/security.txt');
  expect(text).toMatch(/^Contact: mailto:security@hospital\.example\nExpires: .+Z\n/);
});

it('shows what a bound device measured since it is bound, and nothing from before', async () => {
  const { ask, watch, store } = await startInterface([{ id: monitor, profile, subject: 'MRN-1' }]);
  let seq = 0;
  const say = (heartRate: number, at: number) => {
    seq += 1;
    const time = new Date(at).toISOString();
    const payload = values(
      `{"seq":${seq},"at":"${time}","values":{"MDC_ECG_HEART_RATE":${heartRate}}}`,
    );
    const receivedAt = at as Instant;
    return watch.queue.offer({
      device: monitor,
      channel: 'observations',
      bytes: payload,
      receivedAt,
    });
  };
  const began = Date.now() - 10_000;
  await say(71, began);
  await say(72, began + 1_000);
  const path = '/api/v1/devices/mon-1/observations';
  const seen = await ask(path, { as: 'viewer' });
  expect(seen.text).not.toContain('MRN-1');
  const at = (ms: number) => new Date(began + ms).toISOString();
  expect(seen.json()).toMatchObject({
    device: 'mon-1',
    values: [
      {
        ...{ kind: 'numeric', metric: 'MDC_ECG_HEART_RATE', unit: '/min', value: 72 },
        course: [
          [at(0), 71],
          [at(1_000), 72],
        ],
      },
    ],
  });
  expect((await ask(path, { as: 'clinical' })).json()).toMatchObject({
    association: { subject: 'MRN-1' },
  });

  store.transact(() => store.devices.associate(monitor, new Phi('MRN-2'), began + 2_000));
  expect((await ask(path, { as: 'clinical' })).json()).toMatchObject({
    association: { subject: 'MRN-2' },
    values: [],
  });
  await say(90, began + 3_000);
  expect((await ask(path, { as: 'viewer' })).json()).toMatchObject({
    values: [{ value: 90, course: [[at(3_000), 90]] }],
  });
  expect(await ask(path, { as: 'admin' })).toMatchObject({ status: 403 });
});

it('gives its figures as Prometheus reads them', async () => {
  const { ask, watch, store } = await startInterface([{ id: monitor, profile }]);
  const at = Date.now() as Instant;
  store.transact(() => store.counters.add('uncarried/ehr/waveform', 5));
  watch.queue.signal({ kind: 'connected', device: monitor, at });
  const what = { device: monitor, channel: 'observations', receivedAt: at } as const;
  await watch.queue.offer({ ...what, bytes: values('no JSON') });
  const { text, headers } = await ask('/metrics', { as: 'machine' });
  expect(headers['content-type']).toContain('text/plain; version=0.0.4');
  const lines = text.split('\n');
  expect(lines).toContain('wardgate_messages_total 1');
  expect(lines).toContain('wardgate_acknowledged_total 1');
  expect(lines).toContain('wardgate_rejections_total{reason="malformed"} 1');
  expect(lines).toContain('wardgate_devices_connected 1');
  expect(lines).toContain('wardgate_uncarried_observations_total{relay="ehr",lane="waveform"} 5');
  expect(text).toMatch(
    /^wardgate_certificate_expires_timestamp_seconds\{kind="gateway-server",subject="127.0.0.1"\} 1\d{9}/m,
  );
  expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  expect(text).toMatch(/^nodejs_heap_size_used_bytes /m);
  const again = await ask('/metrics', { as: 'machine' });
  expect(again.text).toContain('\nwardgate_messages_total 1\n');
});

it('tells who follows what happens, each as far as his role goes', async () => {
  const { open, hub, end } = await startInterface();
  const viewer = await open('/api/v1/events', { as: 'viewer' });
  expect(viewer.headers['content-type']).toBe('text/event-stream');
  const [first] = (await once(viewer, 'data')) as [Buffer];
  expect(first.toString()).toBe('retry: 3000\n\n');
  const at = Date.UTC(2026, 10, 22);
  hub.publish('gateway.failed', { code: 'x' }, at);
  hub.publish('finding.new', { threat: 'D05', about: 'mon-1' }, at);
  const [next] = (await once(viewer, 'data')) as [Buffer];
  expect(next.toString()).toBe(
    'id: 1\nevent: finding.new\ndata: {"at":"2026-11-22T00:00:00.000Z","threat":"D05","about":"mon-1"}\n\n',
  );
  viewer.resume();
  end(() => true);
  await once(viewer, 'end');
});

it('lets a reader of events go that does not read, and keeps four of one name at most', async () => {
  const { open, hub, ask } = await startInterface();
  const stuck = await open('/api/v1/events', { as: 'security' });
  const long = 'x'.repeat(60_000);
  // It is not read at all: what it is owed fills the buffers on the way, then its place here.
  await until('the reader is let go', () => {
    for (let count = 0; count < 32; count += 1) hub.publish('finding.new', { about: long }, 0);
    return hub.readerCount() === 0;
  });
  // In order or by a reset, as the buffers happen to be: it is over.
  stuck.on('error', () => {}).resume();
  await new Promise((resolve) => stuck.once('close', resolve));
  const streams = await Promise.all(
    [1, 2, 3, 4].map(() => open('/api/v1/events', { as: 'machine' })),
  );
  expect(await ask('/api/v1/events', { as: 'machine' })).toMatchObject({ status: 429 });
  for (const stream of streams) stream.destroy();
});

it('shows what is vulnerable, as it counts on a device, a page at a time', async () => {
  const { ask, store } = await startInterface([{ id: monitor, profile }]);
  const [seen, now] = [Date.parse('2026-11-20T00:00:00Z'), Date.now()];
  const match = (vulnerability: string, model = profile) => ({
    model,
    component: { ref: 'x', name: 'x', version: '1', purl: 'pkg:npm/x@1' },
    vulnerability,
    title: 'A fault',
    verdict: 'affected' as const,
    vectors: ['CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
    isExploitPublic: false,
    exploitedSince: seen,
    sources: ['nvd'],
  });
  store.vulnerabilities.setMatches(profile, [match('CVE-2026-0001'), match('CVE-2026-0002')], seen);
  store.vulnerabilities.setMatches('gateway', [match('CVE-2026-0003', 'gateway')], seen);
  const first = await ask('/api/v1/vulnerabilities?count=2', { as: 'viewer' });
  expect(first.json()).toMatchObject({
    feedState: 'missing',
    vulnerabilities: [
      { id: 'CVE-2026-0003', model: 'gateway' },
      {
        id: 'CVE-2026-0001',
        cvss: { version: '3.1', environmental: 9.8 },
        exploitedSince: '2026-11-20T00:00:00.000Z',
        deadline: { days: 3, isForensicsNeeded: true },
      },
    ],
  });
  const { next } = first.json() as { next: string };
  const second = await ask(`/api/v1/vulnerabilities?count=2&after=${next}`, { as: 'machine' });
  expect(second.json()).toMatchObject({ vulnerabilities: [{ id: 'CVE-2026-0002' }] });
  expect(second.json()).not.toHaveProperty('next');

  const product = { purl: 'pkg:npm/x@1' };
  const said = { vulnerability: 'CVE-2026-0001', model: profile, product, detail: '', at: now };
  const closed = { ...said, status: 'not_affected', author: 'anna', source: 'site' } as const;
  store.transact(() => store.vexMemory.add(closed, 'anna', now));
  const device = await ask('/api/v1/devices/mon-1/vulnerabilities', { as: 'security' });
  expect(device.json()).toMatchObject({
    matchedAt: '2026-11-20T00:00:00.000Z',
    vulnerabilities: [
      { id: 'CVE-2026-0001', status: 'not_affected', statement: { author: 'anna' } },
      { id: 'CVE-2026-0002', status: 'affected' },
    ],
  });
  for (const path of ['devices/mon-9/vulnerabilities', 'vulnerabilities?after=nonsense']) {
    expect(await ask(`/api/v1/${path}`, { as: 'viewer' })).toMatchObject({ status: 404 });
  }
});
