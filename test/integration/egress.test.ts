import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { HostSignal } from '../../gateway/core/signals/host-signal.ts';
import { type EgressOptions, watchEgress } from '../../gateway/host/egress.ts';

const named = new Set(['localhost', '127.0.0.1']);
const other = '127.0.0.2';

/** A server that counts who says something to it. */
async function listen(host = other) {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  let heard = 0;
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (heard += 1));
    socket.resume();
  });
  return { port: (server.address() as AddressInfo).port, heard: () => heard };
}

function watch(hosts: EgressOptions['hosts'] = () => named) {
  const told: HostSignal[] = [];
  const egress = watchEgress({ hosts }, (signal) => told.push(signal));
  onTestFinished(() => egress.close());
  return { told, egress };
}

/** Connects, says something, and resolves with whether it got that far. */
async function call(port: number, host: string): Promise<boolean> {
  const socket = connect(port, host);
  const ended = new Promise<boolean>((resolve) => {
    socket.once('connect', () => socket.end('hello', () => resolve(true)));
    socket.once('close', () => resolve(false));
    socket.on('error', () => undefined);
  });
  return ended;
}

it('tells each connection to whom no setting names, and of no other', async () => {
  const ours = await listen('127.0.0.1');
  const theirs = await listen();
  const { told } = watch();
  expect(await call(ours.port, 'localhost')).toBe(true);
  expect(await call(ours.port, '127.0.0.1')).toBe(true);
  expect(told).toEqual([]);
  for (let time = 0; time < 2; time += 1) expect(await call(theirs.port, other)).toBe(true);
  const seen = { kind: 'egress', address: other, remote: other, port: theirs.port };
  expect(told).toEqual([
    { ...seen, isRefused: false },
    { ...seen, isRefused: false },
  ]);
});

it('goes by the name that was asked for, whatever its address is', async () => {
  const theirs = await listen('127.0.0.1');
  const { told } = watch(() => new Set(['127.0.0.1']));
  await call(theirs.port, 'localhost');
  expect(told).toContainEqual(expect.objectContaining({ name: 'localhost', port: theirs.port }));
});

it('lets nothing through to more of them than a mistake explains', async () => {
  const theirs = await Promise.all(Array.from({ length: 12 }, () => listen()));
  const { told } = watch();
  const through: boolean[] = [];
  for (const { port } of [...theirs, ...theirs]) through.push(await call(port, other));
  const expected = theirs.map((_, index) => index < 8);
  expect(through).toEqual([...expected, ...expected]);
  expect(theirs.map(({ heard }) => heard() > 0)).toEqual(expected);
  await expect
    .poll(() => told.at(-1), { timeout: 5_000 })
    .toMatchObject({ kind: 'egress-spread', destinations: 12 });
});

it('ends what is open to a blocked address and refuses what comes, but never what a setting names', async () => {
  const ours = await listen('127.0.0.1');
  const theirs = await listen();
  const { told, egress } = watch();
  const open = connect(theirs.port, other).on('error', () => undefined);
  await once(open, 'connect');
  const closed = once(open, 'close');
  egress.block(new Set([other, '127.0.0.1']));
  await closed;
  expect(await call(theirs.port, other)).toBe(false);
  expect(theirs.heard()).toBe(0);
  expect(told.at(-1)).toMatchObject({ kind: 'egress', isRefused: true });
  expect(await call(ours.port, '127.0.0.1')).toBe(true);
});
