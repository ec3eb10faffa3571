import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { chunksInFlightMax } from '../../gateway/links/line-intake.ts';
import { datagramsHeldMax } from '../../gateway/links/udp-line.ts';
import { openLine } from '../support/line-under-test.ts';

const host = '127.0.0.1';
const elsewhere = '127.0.0.2';
const group = '224.0.23.63';

async function open(address = host): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** A monitor that hears the gateway's first words, and so learns where it is. */
async function lay(settings: Partial<Parameters<typeof openLine>[0]> = {}, announcesPort?: number) {
  const monitor = await open();
  const { port } = monitor.address() as AddressInfo;
  const announces = announcesPort === undefined ? undefined : { group, port: announcesPort };
  const gateway = openLine({
    endpoint: { kind: 'udp', host, port, local: host, announces },
    speaks: true,
    answer: async ({ isTurn, isLast }) => Buffer.from(isLast ? 'bye' : isTurn ? 'ask' : ''),
    ...settings,
  });
  const [asked, from] = (await once(monitor, 'message')) as [Buffer, RemoteInfo];
  expect(`${asked}`).toBe('ask');
  const said = () =>
    gateway.taken.filter(({ isTurn }) => !isTurn).map(({ bytes }) => `${Buffer.from(bytes)}`);
  return { monitor, gateway, said, to: from.port };
}

it('asks the monitor, and takes each of its datagrams as one piece, an empty one too', async () => {
  const { monitor, gateway, said, to } = await lay();
  for (const text of ['one', 'two', '', 'three']) monitor.send(text, to, host);
  await gateway.until(() => said().includes('three'));
  expect(said().filter((text) => text !== '')).toEqual(['one', 'two', 'three']);
  expect(gateway.signals[0]).toMatchObject({ kind: 'line-opened', address: host });
});

it('takes nothing from another address or another port, and counts it', async () => {
  const { monitor, gateway, said, to } = await lay();
  const strangers = [await open(elsewhere), await open(host)];
  for (const stranger of strangers) {
    await new Promise((resolve) => stranger.send('intrusion', to, host, resolve));
  }
  await gateway.until(() => gateway.signals.some(({ kind }) => kind === 'stranger'));
  monitor.send('mine', to, host);
  await gateway.until(() => said().includes('mine'));
  expect(said()).toEqual(['mine']);
  expect(gateway.signals).toContainEqual(
    expect.objectContaining({ kind: 'stranger', address: elsewhere, device: 'oxi-12' }),
  );
});

it('says good-bye to the monitor when it is closed', async () => {
  const { monitor, gateway } = await lay();
  const bye = once(monitor, 'message');
  await gateway.line.close();
  expect(`${(await bye)[0]}`).toBe('bye');
});

it('hears the monitor announce itself to the group, and no other monitor', async () => {
  const port = await freeUdpPort();
  const { monitor, gateway, said } = await lay({}, port);
  const other = await open(elsewhere);
  other.setMulticastInterface(host);
  monitor.setMulticastInterface(host);
  await new Promise((resolve) => other.send('somebody else', port, group, resolve));
  monitor.send('here I am', port, group);
  await gateway.until(() => said().length > 0);
  expect(said()).toEqual(['here I am']);
  expect(gateway.signals.some(({ kind }) => kind === 'stranger')).toBe(false);
});

it('holds a bounded burst while the disk is slow, and counts what did not fit', async () => {
  const waiting: (() => void)[] = [];
  const { monitor, gateway, said, to } = await lay({
    answer: async ({ isTurn }) => {
      if (isTurn) return Buffer.from('ask');
      const { promise, resolve } = Promise.withResolvers<Uint8Array>();
      waiting.push(() => resolve(new Uint8Array()));
      return promise;
    },
  });
  const beyond = 20;
  const total = chunksInFlightMax + datagramsHeldMax + beyond;
  for (let index = 0; index < total; index += 1) {
    await new Promise((resolve) => monitor.send(`${index}`, to, host, resolve));
    await nextTurn();
  }
  const dropped = () =>
    gateway.signals.filter((each) => each.kind === 'limit' && each.limit === 'udp-datagrams-held');
  await gateway.until(() => dropped().length === beyond);
  while (said().length < total - beyond) {
    waiting.shift()?.();
    await nextTurn();
  }
  expect(said().at(-1)).toBe(`${total - beyond - 1}`);
  for (const release of waiting) release();
});

it('says that no interface has the local address, and tries again', async () => {
  const gateway = openLine({
    endpoint: { kind: 'udp', host, port: 24_105, local: '192.0.2.1' },
  });
  await gateway.until(() => gateway.closedBy().includes('not-listening'));
});
