import { expect, it } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { startInterface } from '../support/interface-under-test.ts';

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

it('shows findings newest first, by threat and by what they are about', async () => {
  const { ask, store } = await startInterface();
  const finding = { detector: 'test', severity: 'high', evidence: { count: 3 } } as const;
  store.transact(() =>
    store.journal.addFindings([
      { ...finding, threat: 'D05', about: 'mon-1', at: 1_000 as Instant },
      { ...finding, threat: 'D10', about: 'mon-2', at: 2_000 as Instant },
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
