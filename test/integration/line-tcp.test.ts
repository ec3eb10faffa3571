import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { chunksInFlightMax } from '../../gateway/links/line-intake.ts';
import { openLine, quick } from '../support/line-under-test.ts';

const host = '127.0.0.1';

it('hands over a mebibyte whole and in order, and answers it', async () => {
  const bytes = randomBytes(1024 * 1024);
  const server = await startServer((socket) => socket.write(bytes));
  const gateway = openLine({
    endpoint: { kind: 'tcp', host, port: server.port },
    answer: async ({ isFirst }) => Buffer.from(isFirst ? '\x06' : ''),
  });
  await gateway.until(() => gateway.bytes().length >= bytes.length);

  expect(gateway.bytes().equals(bytes)).toBe(true);
  expect(gateway.taken.map(({ isFirst }) => isFirst).lastIndexOf(true)).toBe(0);
  expect(gateway.taken[0]?.bytes.buffer.byteLength).toBe(gateway.taken[0]?.bytes.length);
  expect(gateway.signals[0]).toMatchObject({ kind: 'line-opened', address: host });
  expect(`${await firstData(server.sockets[0])}`).toBe('\x06');
});

it('lets the gateway speak when the line opens, where a device must be asked', async () => {
  const server = await startServer(() => undefined);
  const gateway = openLine({
    endpoint: { kind: 'tcp', host, port: server.port },
    speaks: true,
    answer: async ({ isTurn }) => Buffer.from(isTurn ? 'status?' : ''),
  });
  await gateway.until(() => gateway.taken.length === 1);
  expect(gateway.taken[0]).toMatchObject({ isTurn: true, isFirst: true, bytes: new Uint8Array() });
  expect(`${await firstData(server.sockets[0])}`).toBe('status?');
  await gateway.until(() => gateway.taken.length === 2);
  expect(gateway.taken[1]).toMatchObject({ isTurn: true, isFirst: false });
});

it('holds no more than its limit while the disk is slow', async () => {
  const bytesTotal = 2 * 1024 * 1024;
  const waiting: (() => void)[] = [];
  let inFlightPeak = 0;
  const server = await startServer((socket) => socket.write(Buffer.alloc(bytesTotal)));
  const gateway = openLine({
    endpoint: { kind: 'tcp', host, port: server.port },
    answer: () => {
      const { promise, resolve } = Promise.withResolvers<Uint8Array>();
      waiting.push(() => resolve(new Uint8Array()));
      inFlightPeak = Math.max(inFlightPeak, waiting.length);
      return promise;
    },
  });
  await gateway.until(() => gateway.signals.some(({ kind }) => kind === 'limit'));

  while (gateway.bytes().length < bytesTotal) {
    waiting.shift()?.();
    await nextTurn();
  }

  expect(inFlightPeak).toBe(chunksInFlightMax);
  expect(gateway.logged.filter(({ event }) => event === 'intake.overloaded').length).toBeLessThan(
    gateway.signals.filter(({ kind }) => kind === 'limit').length,
  );
  for (const release of waiting) release();
});

it('connects again after the device server died and returned', async () => {
  const server = await startServer((socket) => socket.write('before'));
  const gateway = openLine({ endpoint: { kind: 'tcp', host, port: server.port } });
  await gateway.until(() => gateway.bytes().length === 6);

  await server.stop();
  await gateway.until(() => gateway.closedBy().includes('unreachable'));
  expect(gateway.line.state).toBe('closed');
  await startServer((socket) => socket.write('after'), server.port);
  await gateway.until(() => gateway.bytes().length === 11);

  expect(gateway.taken.map(({ isFirst }) => isFirst)).toEqual([true, true]);
  expect(['ended', 'reset']).toContain(gateway.closedBy()[0]);
  expect(gateway.closedBy().slice(1)).toEqual(['unreachable']);
});

it('connects again when the server accepts and stays silent', async () => {
  const server = await startServer(() => {});
  const timing = { ...quick, silentCloseMs: 20 };
  const gateway = openLine({ endpoint: { kind: 'tcp', host, port: server.port }, timing });
  await gateway.until(() => gateway.opened() === 3);
  expect(gateway.closedBy()).toEqual(['silent', 'silent']);
  expect(
    Math.max(...gateway.waits()),
    'a quiet device is waited for with the line open',
  ).toBeLessThanOrEqual(quick.reopenMinMs);
});

it('does not call a device silent that speaks, nor hold its silences of yesterday against it', async () => {
  const chatty = await startServer((socket) => {
    const chat = setInterval(() => socket.write('.'), 10);
    socket.on('close', () => clearInterval(chat));
  });
  const greeter = await startServer((socket) => socket.write('hello'));
  const talking = openLine({
    endpoint: { kind: 'tcp', host, port: chatty.port },
    timing: { ...quick, silentCloseMs: 300 },
  });
  await talking.until(() => talking.taken.length > 0);
  const greeted = openLine({
    endpoint: { kind: 'tcp', host, port: greeter.port },
    timing: { ...quick, silentCloseMs: 50 },
  });
  // 450 ms if each silence is waited for alike; 25 s if each were twice the one before.
  await greeted.until(() => greeted.opened() === 10);
  expect(talking.closedBy()).toEqual([]);
});

it('gives up on a server that does not finish the handshake', async () => {
  const port = await startDeafServer();
  const timing = { ...quick, openTimeoutMs: 50 };
  const gateway = openLine({ endpoint: { kind: 'tcp', host, port }, timing });
  await gateway.until(() => gateway.closedBy().includes('open-timeout'));
  expect(gateway.opened()).toBe(0);
});

it('has the kernel probe a peer that says nothing', async () => {
  const server = await startServer(() => {});
  const gateway = openLine({ endpoint: { kind: 'tcp', host, port: server.port } });
  await gateway.until(() => gateway.opened() === 1);
  // proc(5), net/tcp: rem_address in hexadecimal, then tx:rx, then tr; 02 is the keep-alive timer.
  const port = server.port.toString(16).toUpperCase().padStart(4, '0');
  const [, timer] =
    new RegExp(`0100007F:${port} 01 \\S+ (\\S+)`).exec(readFileSync('/proc/net/tcp', 'latin1')) ??
    [];
  expect(timer).toMatch(/^02:/);
});

it('backs off from a server that hangs up at once, up to the limit', async () => {
  const server = await startServer((socket) => socket.end());
  const gateway = openLine({ endpoint: { kind: 'tcp', host, port: server.port }, chance: () => 1 });
  await gateway.until(() => gateway.waits().length === 6);
  expect(gateway.waits()).toEqual([10, 20, 40, 80, 80, 80]);
});

it('starts over with short waits once a connection stood', async () => {
  const server = await startServer((socket) => void setTimeout(() => socket.end(), 40));
  const timing = { ...quick, stableAfterMs: 5 };
  const gateway = openLine({
    endpoint: { kind: 'tcp', host, port: server.port },
    timing,
    chance: () => 1,
  });
  await gateway.until(() => gateway.waits().length === 3);
  expect(gateway.waits()).toEqual([10, 10, 10]);
});

it('hangs up on a device that does not take its answers', async () => {
  const server = await startServer((socket) => {
    socket.pause();
    socket.write('\x05');
  });
  const gateway = openLine({
    endpoint: { kind: 'tcp', host, port: server.port },
    timing: { ...quick, writeTimeoutMs: 50 },
    answer: async () => new Uint8Array(64 * 1024 * 1024),
  });
  await gateway.until(() => gateway.closedBy().includes('write-stalled'));
});

it('does not send an answer to the connection that came after', async () => {
  const server = await startServer((socket) => {
    socket.write(server.sockets.length === 1 ? 'first' : 'second');
  });
  const owed = Promise.withResolvers<Uint8Array>();
  const gateway = openLine({
    endpoint: { kind: 'tcp', host, port: server.port },
    answer: ({ bytes }) => (bytes.length === 5 ? owed.promise : Promise.resolve(Buffer.from('2'))),
  });
  await gateway.until(() => gateway.taken.length === 1);
  server.sockets[0]?.destroy();
  await gateway.until(() => gateway.taken.length === 2);
  owed.resolve(Buffer.from('1'));
  expect(`${await firstData(server.sockets[1])}`).toBe('2');
});

it('gives up connecting when it is closed', async () => {
  const server = await startServer(() => {});
  await server.stop();
  const timing = { ...quick, reopenMinMs: 3_600_000, reopenMaxMs: 3_600_000 };
  const gateway = openLine({ endpoint: { kind: 'tcp', host, port: server.port }, timing });
  await gateway.until(() => gateway.closedBy().includes('unreachable'));
  await gateway.line.close();
  expect(gateway.line.state).toBe('closed');
});

it('closes although the intake never answers', async () => {
  const server = await startServer((socket) => socket.write('x'));
  const gateway = openLine({
    endpoint: { kind: 'tcp', host, port: server.port },
    timing: { ...quick, closeTimeoutMs: 20 },
    answer: () => new Promise(() => {}),
  });
  await gateway.until(() => gateway.taken.length === 1);
  await gateway.line.close();
  expect(gateway.closedBy()).toEqual(['stopped']);
});

interface DeviceServer {
  readonly port: number;
  readonly sockets: readonly Socket[];
  stop(): Promise<void>;
}

async function startServer(greet: (socket: Socket) => unknown, port = 0): Promise<DeviceServer> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    greet(socket);
  }).listen(port, host);
  await once(server, 'listening');
  async function stop(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  }
  onTestFinished(stop);
  return { port: (server.address() as AddressInfo).port, sockets, stop };
}

/** A process that is stopped with its queue of connections full: the kernel drops what comes. */
async function startDeafServer(): Promise<number> {
  const script = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '${host}', backlog: 1 }, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = Number(`${(await once(child.stdout, 'data'))[0]}`);
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () => connect({ host, port }));
  for (const filler of fillers) filler.on('error', () => {});
  onTestFinished(() => {
    for (const filler of fillers) filler.destroy();
  });
  await Promise.race(fillers.map((filler) => once(filler, 'connect')));
  return port;
}

async function firstData(socket: Socket | undefined): Promise<Buffer> {
  if (!socket) throw new Error('nobody connected');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes;
}
