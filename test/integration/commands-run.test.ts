import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startHospital } from '../../gateway/demo/hospital.ts';
import type { FhirHospital } from '../../gateway/hospital/fhir-hospital.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import {
  expectRefusal,
  type RunningCommand,
  startWardgate,
  wardgate,
  wardgateJson,
} from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { owed } from '../support/outbox.ts';
import { released } from '../support/released.ts';
import { drained, host, makeSite, temporaryFolder, until } from '../support/site.ts';

const folder = temporaryFolder('run');
afterAll(() => folder.remove());
const inFolder = (name: string) => join(folder.path, name);
const monitor = 'generic-vital-signs-monitor';

/** Ends with the test that started it. */
async function run(site: string): Promise<RunningCommand & { readonly port: number }> {
  const gateway = startWardgate('run', '--dir', site);
  onTestFinished(async () => {
    gateway.child.kill('SIGKILL');
    await gateway.ended;
  });
  const ready = await gateway.event('gateway.ready');
  return { ...gateway, port: Number(ready['mqttPort']) };
}

async function enrol(site: string, id: string): Promise<string> {
  const words = ['device', 'enrol', id, '--dir', site, '--out', inFolder('keys')];
  const issued = await wardgateJson<{ certificate: string }>(...words);
  return issued.certificate;
}

describe('a ward by commands alone', () => {
  const site = inFolder('ward');
  let hospital: FhirHospital;
  let linePort = 0;
  beforeAll(async () => {
    hospital = await startHospital(inFolder('hospital.pem'), Date.now());
    linePort = await freePort();
    await makeSite(
      site,
      [
        { id: 'mon-1', profile: monitor },
        { id: 'oxi-1', profile: 'masimo-rad-8', subject: 'MRN-2' },
      ],
      {
        serial: [{ device: 'oxi-1', tcp: `${host}:${linePort}` }],
        relays: [{ id: 'ehr', use: 'fhir', url: hospital.url, ca: '../hospital.pem' }],
      },
    );
  });
  afterAll(() => hospital.close());

  it('plays devices over both links, holds who is bound to nobody, and lets go what was held', async () => {
    const gateway = await run(site);
    const cert = await enrol(site, 'mon-1');
    const at = ['--dir', site];
    const target = ['--gateway', `${host}:${gateway.port}`, '--cert', cert];
    const [mqtt, line] = await Promise.all([
      wardgateJson('simulate', monitor, ...target, '--count', '5', '--rate', '20'),
      wardgateJson(
        'simulate',
        'masimo-rad-8',
        '--listen',
        `${linePort}`,
        '--count',
        '3',
        '--rate',
        '9',
      ),
    ]);
    expect(mqtt).toMatchObject({ sent: 5, acknowledged: 5 });
    expect(line).toMatchObject({ sent: 3, acknowledged: 3 });
    // The oximeter is bound: what it said arrives. The monitor is not: what it said waits.
    await until('the oximeter’s values', () => hospital.counts.stored >= 9);
    const before = hospital.counts.stored;
    const owed = await wardgateJson<{ held: unknown[] }>('outbox', ...at);
    expect(owed.held).toMatchObject([{ device: 'mon-1', rows: expect.any(Number) }]);

    const bound = await wardgateJson('associate', 'mon-1', 'MRN-1', ...at);
    expect(bound['stillHeld']).toBe(0);
    expect(bound['released']).toBeGreaterThan(5);
    await drained(site);
    expect(hospital.counts.stored).toBeGreaterThan(before);
    expect(hospital.counts.duplicates).toBe(0);
    expect(await wardgateJson('outbox', 'status', ...at)).toMatchObject({ held: [], refused: [] });

    // Bound to nobody again: the running gateway hears of it and holds once more.
    expect((await wardgate(['dissociate', 'mon-1', ...at])).code).toBe(0);
    await wardgateJson('simulate', monitor, ...target, '--count', '2', '--rate', '20');
    const { held } = await wardgateJson<{ held: unknown[] }>('outbox', ...at);
    expect(held).toMatchObject([{ device: 'mon-1' }]);

    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(gateway.events.map(({ event }) => event).slice(-2)).toEqual([
      'gateway.stopping',
      'gateway.stopped',
    ]);
    // Whoever looks for it finds no patient and no value in what was logged.
    expect(JSON.stringify(gateway.events)).not.toMatch(/MRN|phi/);
  });

  it('tells a player without a gateway, a certificate or a free port what it lacks', async () => {
    const cert = await enrol(site, 'oxi-1');
    const busy = createServer().listen(0, host);
    onTestFinished(() => void busy.close());
    await once(busy, 'listening');
    const taken = `${(busy.address() as { port: number }).port}`;
    const nobody = `${host}:${await freePort()}`;
    const [unreachable, bare, listening] = await Promise.all([
      wardgate(['simulate', monitor, '--gateway', nobody, '--cert', cert]),
      wardgate(['simulate', monitor, '--gateway', nobody]),
      wardgate(['simulate', 'masimo-rad-8', '--listen', taken]),
    ]);
    expectRefusal(unreachable, 1, 'gateway-unreachable');
    expectRefusal(bare, 2, 'usage');
    expectRefusal(listening, 1, 'port-busy');
  });
});

describe('wardgate run', () => {
  it('has a site for itself, and leaves it as it was when it cannot start', async () => {
    const site = inFolder('one');
    await makeSite(site, [{ id: 'mon-3', profile: monitor, subject: 'MRN-1' }]);
    const first = await run(site);
    expectRefusal(await wardgate(['run', '--dir', site]), 1, 'store-locked');

    const other = inFolder('other');
    await makeSite(other, [], { mqtt: { port: first.port } });
    const refused = await wardgate(['run', '--dir', other]);
    expectRefusal(refused, 1, 'port-busy');
    expect(refused.err).toContain(`${first.port}`);

    const typo = inFolder('typo');
    await makeSite(typo, []);
    writeFileSync(join(typo, 'wardgate.yaml'), 'site: typo\nallowAnonymous: true\n');
    const unknown = await wardgate(['run', '--dir', typo]);
    expectRefusal(unknown, 2, 'config-invalid');
    expect(unknown.err).toContain('allowAnonymous');

    const stray = inFolder('stray');
    await makeSite(stray, [], { serial: [{ device: 'oxi-9', tcp: 'localhost:1' }] });
    expectRefusal(await wardgate(['run', '--dir', stray]), 1, 'device-unknown');

    // The first one was disturbed by none of them.
    const target = ['--gateway', `${host}:${first.port}`, '--cert', await enrol(site, 'mon-3')];
    const played = await wardgateJson(
      'simulate',
      monitor,
      ...target,
      '--count',
      '2',
      '--rate',
      '9',
    );
    expect(played).toMatchObject({ acknowledged: 2 });
  });

  it('goes on when nobody reads its events any more, and still ends well', async () => {
    const site = inFolder('pipe');
    await makeSite(site, [{ id: 'mon-2', profile: monitor, subject: 'MRN-1' }]);
    const gateway = await run(site);
    gateway.stdout.destroy();
    const target = ['--gateway', `${host}:${gateway.port}`, '--cert', await enrol(site, 'mon-2')];
    for (const seed of ['1', '2']) {
      const words = [monitor, ...target, '--count', '2', '--rate', '20', '--seed', seed];
      expect(await wardgateJson('simulate', ...words)).toMatchObject({ acknowledged: 2 });
    }
    expect(gateway.child.exitCode).toBeNull();
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });
});

describe('wardgate outbox', () => {
  const site = inFolder('outbox');
  const at = ['--dir', site];
  beforeAll(async () => {
    await makeSite(site, []);
    const { store } = openSiteStore(site);
    const departure = (value: number, relay: string) => ({
      relay,
      lane: 'trend' as const,
      observations: [released({ id: `k${value}.0`, value })],
    });
    store.transact(() => {
      store.outbox.add([departure(95, 'ehr'), departure(96, 'ehr'), departure(97, 'lab')]);
      for (const relay of ['ehr', 'lab']) {
        const [first] = owed(store, relay, 1);
        if (first) store.outbox.setAside(relay, first, 'HTTP 422', Date.now());
      }
    });
    store.close();
  });

  it('shows what is owed and refused, saves the refused, and sends them again', async () => {
    const status = await wardgateJson('outbox', ...at);
    expect(status).toMatchObject({ refused: [{ cause: 'HTTP 422', entries: 2 }] });
    expect(await wardgateJson('outbox', 'status', '--relay', 'ehr', ...at)).toMatchObject({
      depths: [{ relay: 'ehr', lane: 'trend', entries: 1 }],
      refused: [{ cause: 'HTTP 422', entries: 1 }],
    });
    const saved = await wardgate(['outbox', 'export', '--json', ...at]);
    const lines = saved.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toMatchObject([
      { relay: 'ehr', cause: 'HTTP 422', observations: [{ value: 95 }] },
      { relay: 'lab', cause: 'HTTP 422', observations: [{ value: 97 }] },
    ]);
    expect(await wardgateJson('outbox', 'retry', '--relay', 'lab', ...at)).toEqual({ entries: 1 });
    expect(await wardgateJson('outbox', 'retry', ...at)).toEqual({ entries: 1 });
    const after = await wardgateJson<{ depths: { entries: number }[] }>('outbox', ...at);
    expect(after).toMatchObject({ refused: [] });
    expect(after.depths.map(({ entries }) => entries)).toEqual([2, 1]);
  });
});
