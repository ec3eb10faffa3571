import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { openLine, quick } from '../support/line-under-test.ts';
import { until } from '../support/site.ts';

const host = '127.0.0.1';
/** The whole of 127.0.0.0/8 is this machine: another address of it is another peer. */
const elsewhere = '127.0.0.2';

async function listen(settings: Partial<Parameters<typeof openLine>[0]> = {}) {
  const port = await freePort();
  const endpoint = { kind: 'tcp-listener', host, port, from: host } as const;
  return { port, gateway: openLine({ endpoint, ...settings }) };
}

/** A device server that dials in. The gateway may not listen yet: it tries until it does. */
async function dial(port: number, localAddress = host): Promise<Socket> {
  for (;;) {
    const socket = connect({ host, port, localAddress });
    onTestFinished(() => void socket.destroy());
    const opened = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.on('error', () => undefined);
    if (opened) return socket;
  }
}

/** However it was ended: an error is an end too. */
async function gone(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve()).resume();
  if (!socket.destroyed) await promise;
}

it('takes the bytes of a device server that dials in, and answers them', async () => {
  const { port, gateway } = await listen({ answer: async () => Buffer.from('\x06') });
  const socket = await dial(port);
  socket.write('hello');
  await gateway.until(() => gateway.bytes().length === 5);
  expect(`${gateway.bytes()}`).toBe('hello');
  expect(gateway.taken[0]).toMatchObject({ isFirst: true, channel: 'line' });
  expect(gateway.signals[0]).toMatchObject({ kind: 'line-opened', address: host });
  expect(`${(await once(socket, 'data'))[0]}`).toBe('\x06');
});

it('cuts off and counts whoever is not the one peer, and goes on with the peer', async () => {
  const { port, gateway } = await listen();
  const peer = await dial(port);
  await gateway.until(() => gateway.opened() === 1);
  const strangers = await Promise.all([dial(port, elsewhere), dial(port, elsewhere)]);
  for (const stranger of strangers) stranger.write('intrusion');
  await Promise.all(strangers.map(gone));
  expect(gateway.signals).toContainEqual(
    expect.objectContaining({ kind: 'stranger', address: elsewhere, device: 'oxi-12', count: 1 }),
  );
  peer.write('still here');
  await gateway.until(() => gateway.bytes().length > 0);
  expect(`${gateway.bytes()}`).toBe('still here');
  expect(gateway.closedBy()).toEqual([]);
});

it('goes on with a peer that connects anew, as a line of its own', async () => {
  const { port, gateway } = await listen();
  const first = await dial(port);
  first.write('half a val');
  await gateway.until(() => gateway.bytes().length === 10);
  const second = await dial(port);
  await gone(first);
  second.write('ue');
  await gateway.until(() => gateway.bytes().length === 12);
  expect(gateway.taken.map(({ isFirst }) => isFirst)).toEqual([true, true]);
  expect(gateway.closedBy()).toEqual(['replaced']);
  expect(second.destroyed).toBe(false);
});

it('waits for the peer again after it left', async () => {
  const { port, gateway } = await listen();
  (await dial(port)).end('1');
  await gateway.until(() => gateway.closedBy().includes('ended'));
  (await dial(port)).write('2');
  await gateway.until(() => `${gateway.bytes()}` === '12');
});

it('says that nobody connected yet, once, and listens on', async () => {
  const { port, gateway } = await listen({ timing: { ...quick, openTimeoutMs: 20 } });
  await gateway.until(() => gateway.closedBy().length > 0);
  expect(gateway.closedBy()).toEqual(['awaited']);
  (await dial(port)).write('late');
  await gateway.until(() => `${gateway.bytes()}` === 'late');
});

it('says that the port is taken, and listens once it is free', async () => {
  const other = createServer().listen(0, host);
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const gateway = openLine({ endpoint: { kind: 'tcp-listener', host, port, from: host } });
  await gateway.until(() => gateway.closedBy().includes('not-listening'));
  other.close();
  await once(other, 'close');
  (await dial(port)).write('x');
  await gateway.until(() => `${gateway.bytes()}` === 'x');
});

it('lets the port go when it is closed', async () => {
  const { port, gateway } = await listen();
  const socket = await dial(port);
  await gateway.until(() => gateway.opened() === 1);
  await gateway.line.close();
  await gone(socket);
  const again = createServer().listen(port, host);
  await once(again, 'listening');
  await until('the port', () => again.listening);
  again.close();
});
