import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { connectAsync } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { pseudonymOf } from '../../gateway/core/pseudonym.ts';
import { credentialsOf } from '../../gateway/demo/ward.ts';
import { ensureSecret } from '../../gateway/pki/secrets.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { wardgate, wardgateJson } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { owed } from '../support/outbox.ts';
import { host, makeSite, temporaryFolder, until } from '../support/site.ts';

const monitor = 'generic-vital-signs-monitor';

/** A ward of two beds with a monitor each, a feed of admissions, and a hospital out of reach. */
async function makeWard() {
  const folder = temporaryFolder('ward');
  onTestFinished(() => folder.remove());
  const directory = folder.path;
  const devices = [
    { id: 'mon-1', profile: monitor },
    { id: 'mon-2', profile: monitor },
    { id: 'bed-4', profile: 'generic-pcd01-monitor' },
    { id: 'adt-1', profile: 'hl7-adt-feed' },
  ];
  const relay = { id: 'ehr', use: 'fhir', url: `https://${host}:${await freePort()}/fhir` };
  const ports = { https: { port: 0 }, mllp: { port: 0 } };
  await makeSite(directory, devices, { ...ports, relays: [relay] });
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  for (const bed of ['1', '2']) {
    const words = ['device', 'place', `mon-${bed}`, '--ward', '3b', '--bed', bed];
    const placed = await wardgateJson(...words, '--dir', directory);
    expect(placed).toMatchObject({ ward: '3b', bed, isBound: false });
  }
  const pki = openSitePki(directory);
  const key = createSecretKey(ensureSecret(directory, 'pseudonym-ehr.key'));
  const names = new Map(['A', 'B'].map((name) => [pseudonymOf('subject', name, key), name]));
  const released = () =>
    owed(store, 'ehr', 1_000)
      .flatMap(({ observations }) =>
        observations.flatMap((one) =>
          one.kind === 'numeric' ? [`${one.value} ${names.get(one.subject as never)}`] : [],
        ),
      )
      .toSorted();

  async function run() {
    const gateway = await startGatewayProcess(directory);
    const ready = await gateway.event({ event: 'gateway.ready' });
    const dial = async (id: string) => {
      const tls = await credentialsOf(pki, id, Date.now());
      const socket = connect({ host, port: Number(ready['mllpPort']), ...tls });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    };
    const publish = async (id: string, seq: number, value: number) => {
      const tls = await credentialsOf(pki, id, Date.now());
      const client = await connectAsync(`mqtts://${host}:${gateway.mqttPort}`, {
        ...tls,
        clientId: id,
      });
      const at = new Date().toISOString();
      const message = JSON.stringify({ seq, at, values: { MDC_PULS_OXIM_SAT_O2: value } });
      await client.publishAsync(`devices/${id}/observations`, message, { qos: 1 });
      await client.endAsync();
    };
    return { ...gateway, dial, publish };
  }
  return { directory, store, released, run };
}

const now = () => `${new Date().toISOString().replace(/[-:TZ]/g, '')}+0000`;

function adt(trigger: string, id: string, subject: string, bed: string, time = now()): string {
  return [
    `\x0bMSH|^~\\&|HIS|HOSP|||${time}||ADT^${trigger}|${id}|P|2.6`,
    `EVN||${time}`,
    `PID|||${subject}^^^HOSP^MR||Roe^Jane`,
    `PV1||I|3B^^${bed}\r\x1c\r`,
  ].join('\r');
}

/** What the gateway answers, up to the end of its message. */
async function tell(socket: TLSSocket, message: string): Promise<string> {
  socket.write(message);
  let heard = '';
  while (!heard.includes('\x1c')) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    heard += bytes.toString('latin1');
  }
  return /MSA\|.*/.exec(heard)?.[0] ?? heard;
}

it('two patients are told apart by their beds, over mutual TLS, and nobody else moves them', async () => {
  const { directory, store, released, run } = await makeWard();
  const gateway = await run();
  const feed = await gateway.dial('adt-1');
  await gateway.publish('mon-1', 1, 90);
  expect(released()).toEqual([]);

  expect(await tell(feed, adt('A01', '1', 'A', '1'))).toBe('MSA|AA|1');
  expect(await tell(feed, adt('A01', '2', 'B', '2'))).toBe('MSA|AA|2');
  await gateway.publish('mon-1', 2, 91);
  await gateway.publish('mon-2', 2, 92);
  await until('both patients’ values', () => released().length === 2);
  expect(released()).toEqual(['91 A', '92 B']);

  // A monitor says that patient A lies in bed 2: refused, and everything stays as it was.
  const stranger = await gateway.dial('bed-4');
  expect(await tell(stranger, adt('A02', '3', 'A', '2'))).toBe('MSA|AR|3');
  await gateway.publish('mon-2', 3, 93);

  expect(await tell(feed, adt('A03', '4', 'B', '2'))).toBe('MSA|AA|4');
  expect(await tell(feed, adt('A02', '5', 'A', '2'))).toBe('MSA|AA|5');
  await gateway.publish('mon-1', 4, 94);
  await gateway.publish('mon-2', 4, 95);
  await until('the transferred patient’s values', () => released().includes('95 A'));
  expect(released()).toEqual(['91 A', '92 B', '93 B', '95 A']);
  expect(store.held.depths()).toMatchObject([{ device: 'mon-1', cause: 'unbound', rows: 2 }]);

  // By command meanwhile: the running gateway hears of it.
  const bound = await wardgateJson('associate', 'mon-1', 'B', '--dir', directory);
  expect(bound['released']).toBe(1);
  expect(released()).toContain('94 B');
  const seen = await wardgate(['device', 'list', '--dir', directory]);
  expect(seen.out).toContain('mon-1  generic-vital-signs-monitor  ward 3b bed 1');
  await gateway.stop();
  expect(gateway.events.filter(({ event }) => event === 'device.associated')).toMatchObject([
    { device: 'mon-1', by: 'adt-1' },
    { device: 'mon-2', by: 'adt-1' },
    { device: 'mon-2', by: 'adt-1' },
  ]);
  expect(JSON.stringify(gateway.events)).not.toMatch(/Roe|\bB\b/);
  const verdict = await wardgateJson('audit', 'verify', '--dir', directory);
  expect(verdict).toMatchObject({ ok: true });
}, 120_000);

it('an admission whose answer was lost with the power is harmless when it comes again', async () => {
  const { store, released, run } = await makeWard();
  const before = await run();
  const feed = await before.dial('adt-1');
  const message = adt('A01', '1', 'A', '1');
  // The answer is never read: for the sender the power went before it.
  feed.pause();
  feed.write(message);
  await until('the commit', () => store.stays.all().has('A'));
  await before.kill();
  feed.destroy();
  const bindings = store.devices.associations('mon-1' as never);
  expect(bindings).toHaveLength(1);

  const after = await run();
  const again = await after.dial('adt-1');
  await after.publish('mon-1', 1, 91);
  expect(await tell(again, message)).toBe('MSA|AA|1');
  expect(await tell(again, adt('A01', '2', 'B', '1'))).toBe('MSA|AA|2');
  // Once more, now that another patient lies there.
  expect(await tell(again, message)).toBe('MSA|AA|1');
  await after.publish('mon-1', 2, 92);
  await until('both values', () => released().length === 2);
  expect(released()).toEqual(['91 A', '92 B']);
  expect(store.devices.associations('mon-1' as never)).toHaveLength(2);
  expect(store.journal.rejections()).toContainEqual({
    device: 'adt-1',
    reason: 'not-applied',
    count: 1,
  });
  await after.stop();
}, 120_000);
