import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SerialPort } from 'serialport';
import { expect, it, onTestFinished } from 'vitest';
import { chunkBytesMax, chunksInFlightMax } from '../../gateway/links/line-intake.ts';
import { openLine, portSettings, quick } from '../support/line-under-test.ts';
import { openPseudoTerminal } from '../support/pseudo-terminal.ts';

const nothing = new Uint8Array();

it('hands over every byte value and a mebibyte, whole and in order', async () => {
  const cable = await openPseudoTerminal();
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
  });
  await gateway.until(() => gateway.opened() === 1);
  const device = await openDevice(cable.devicePath);
  const all = Buffer.concat([Buffer.from([...Array(256).keys()]), randomBytes(1024 * 1024)]);

  device.write(all);
  await gateway.until(() => gateway.bytes().length >= all.length);

  expect(gateway.bytes().equals(all)).toBe(true);
  expect(Math.max(...gateway.taken.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(
    chunkBytesMax,
  );
  expect(gateway.taken.map(({ isFirst }) => isFirst).lastIndexOf(true)).toBe(0);
  expect(gateway.taken[0]).toMatchObject({ device: 'oxi-12', channel: 'line', isFirst: true });
});

it('gives each chunk memory of its own', async () => {
  const cable = await openPseudoTerminal();
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
  });
  await gateway.until(() => gateway.opened() === 1);
  const device = await openDevice(cable.devicePath);
  device.write('one');
  await gateway.until(() => gateway.bytes().length === 3);
  expect(gateway.taken[0]?.bytes.buffer.byteLength).toBe(gateway.taken[0]?.bytes.length);
});

it('answers only what is kept, in the order it came', async () => {
  const cable = await openPseudoTerminal();
  const kept = new Map<string, PromiseWithResolvers<Uint8Array>>();
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
    answer: ({ bytes }) => {
      const promise = Promise.withResolvers<Uint8Array>();
      kept.set(Buffer.from(bytes).toString(), promise);
      return promise.promise;
    },
  });
  await gateway.until(() => gateway.opened() === 1);
  const device = await openDevice(cable.devicePath);
  for (const word of ['one', 'two', 'three']) {
    device.write(word);
    await gateway.until(() => kept.has(word));
  }

  kept.get('three')?.resolve(Buffer.from('3'));
  await nextTurn();
  kept.get('two')?.reject(new Error('the disk is full'));
  await nextTurn();
  kept.get('one')?.resolve(Buffer.from('1'));
  const heard = await read(device, 2);

  expect(heard).toBe('13');
  expect(gateway.signals).toContainEqual(
    expect.objectContaining({
      kind: 'rejected',
      reason: 'not-kept',
      detail: '3 bytes of the line',
    }),
  );
  device.write('four');
  await gateway.until(() => kept.has('four'));
  expect(gateway.taken.at(-1)?.isFirst, 'what follows a gap does not continue it').toBe(true);
  kept.get('four')?.resolve(nothing);
});

it('notices that the cable is pulled and opens it again, as a new line', async () => {
  const cable = await openPseudoTerminal();
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
  });
  await gateway.until(() => gateway.opened() === 1);

  await cable.unplug();
  await gateway.until(() => gateway.closedBy().includes('unplugged'));
  expect(gateway.line.state).toBe('closed');
  await gateway.until(() => gateway.closedBy().includes('missing'));
  await cable.replug();
  await gateway.until(() => gateway.opened() === 2);
  const device = await openDevice(cable.devicePath);
  device.write('back');
  await gateway.until(() => gateway.bytes().toString() === 'back');

  expect(gateway.line.state).toBe('open');
  expect(gateway.taken[0]?.isFirst).toBe(true);
  expect(gateway.closedBy(), 'each cause once, however many attempts').toEqual([
    'unplugged',
    'missing',
  ]);
});

it('does not wait for the back-off once the adapter is there again', async () => {
  const cable = await openPseudoTerminal();
  const timing = { ...quick, reopenMinMs: 3_600_000, reopenMaxMs: 3_600_000 };
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
    timing,
  });
  await gateway.until(() => gateway.opened() === 1);
  await cable.unplug();
  await gateway.until(() => gateway.closedBy().length === 1);
  await cable.replug();
  await gateway.until(() => gateway.opened() === 2);
});

it('notices that the path leads elsewhere although the old port still lives', async () => {
  const [first, second] = [await openPseudoTerminal(), await openPseudoTerminal()];
  const path = `${first.hostPath}-by-id`;
  symlinkSync(first.hostPath, path);
  const gateway = openLine({ endpoint: { kind: 'serial', settings: portSettings, path } });
  await gateway.until(() => gateway.opened() === 1);

  symlinkSync(second.hostPath, `${path}-new`);
  renameSync(`${path}-new`, path);
  await gateway.until(() => gateway.opened() === 2);
  const device = await openDevice(second.devicePath);
  device.write('second');
  await gateway.until(() => gateway.bytes().toString() === 'second');
  expect(gateway.closedBy()).toEqual(['node-changed']);
});

it('notices that the path was turned elsewhere between the look and the opening', async () => {
  const [first, second] = [await openPseudoTerminal(), await openPseudoTerminal()];
  const path = `${first.hostPath}-by-id`;
  symlinkSync(first.hostPath, path);
  let looks = 0;
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path },
    async readAdapter() {
      looks += 1;
      if (looks === 1) {
        rmSync(path);
        symlinkSync(second.hostPath, path);
      }
      return undefined;
    },
  });
  await gateway.until(() => gateway.opened() === 1);
  expect(gateway.closedBy()).toEqual(['node-changed']);
});

it('reads nothing from another adapter on the same path until the old one returns', async () => {
  const cable = await openPseudoTerminal();
  let adapter = 'ftdi A1';
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
    readAdapter: async () => adapter,
  });
  await gateway.until(() => gateway.opened() === 1);

  await cable.unplug();
  adapter = 'ftdi B2';
  await cable.replug();
  await gateway.until(() => gateway.line.state === 'refused');
  expect(gateway.closedBy()).toContain('adapter-changed');
  // The lock is free and every byte still there: a refused line does not even open the port.
  const probe = await openDevice(cable.hostPath);
  const stranger = await openDevice(cable.devicePath);
  stranger.write('not this patient');
  expect(await read(probe, 16)).toBe('not this patient');

  await cable.unplug();
  adapter = 'ftdi A1';
  await cable.replug();
  await gateway.until(() => gateway.opened() === 2);
  const device = await openDevice(cable.devicePath);
  device.write('this one');
  await gateway.until(() => gateway.bytes().toString() === 'this one');
});

it('is refused by a port that another program holds, and takes it when it is free', async () => {
  const cable = await openPseudoTerminal();
  const first = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
  });
  await first.until(() => first.opened() === 1);
  const second = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
  });

  await second.until(() => second.closedBy().includes('open-refused'));
  expect(second.opened()).toBe(0);
  expect(first.line.state).toBe('open');

  await first.line.close();
  await second.until(() => second.opened() === 1);
});

it('waits for a path that is not there and never opens what is no port', async () => {
  const cable = await openPseudoTerminal();
  const path = `${cable.hostPath}-file`;
  let attempts = 0;
  const { promise: fourth, resolve } = Promise.withResolvers<void>();
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path },
    chance: () => {
      attempts += 1;
      if (attempts === 4) resolve();
      return 0;
    },
  });
  await fourth;
  expect(gateway.closedBy(), 'the same cause is news only once').toEqual(['missing']);
  symlinkSync(import.meta.filename, path);
  await gateway.until(() => gateway.closedBy().includes('not-a-port'));
  rmSync(path);
  symlinkSync(cable.hostPath, path);
  await gateway.until(() => gateway.opened() === 1);
});

it('stops reading while a mebibyte without a line end waits for the disk', async () => {
  const cable = await openPseudoTerminal();
  const waiting: (() => void)[] = [];
  let inFlightPeak = 0;
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
    answer: () => {
      const { promise, resolve } = Promise.withResolvers<Uint8Array>();
      waiting.push(() => resolve(nothing));
      inFlightPeak = Math.max(inFlightPeak, waiting.length);
      return promise;
    },
  });
  await gateway.until(() => gateway.opened() === 1);
  const device = await openDevice(cable.devicePath);
  device.write(Buffer.alloc(1024 * 1024, 'x'));
  await gateway.until(() => gateway.signals.some(({ kind }) => kind === 'limit'));

  while (gateway.bytes().length < 1024 * 1024) {
    waiting.shift()?.();
    await nextTurn();
  }

  expect(inFlightPeak).toBe(chunksInFlightMax);
  for (const release of waiting) release();
});

it('opens a silent line anew, but not one that is quiet because the gateway does not read', async () => {
  const [busyCable, quietCable] = [await openPseudoTerminal(), await openPseudoTerminal()];
  const timing = { ...quick, silentCloseMs: 20 };
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const busy = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: busyCable.hostPath },
    timing: { ...timing, silentCloseMs: 200 },
    answer: () => promise,
  });
  await busy.until(() => busy.opened() === 1);
  const device = await openDevice(busyCable.devicePath);
  device.write(Buffer.alloc(1024 * 1024));
  await busy.until(() => busy.signals.some(({ kind }) => kind === 'limit'));

  const quiet = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: quietCable.hostPath },
    timing,
  });
  // 20 + 40 + 80 + 160 ms: longer than the other may be silent, were it the device that is.
  await quiet.until(() => quiet.closedBy().filter((cause) => cause === 'silent').length === 4);

  expect(busy.closedBy()).toEqual([]);
  resolve(nothing);
});

it('pays what it owes and releases the port when it is closed', async () => {
  const cable = await openPseudoTerminal();
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const gateway = openLine({
    endpoint: { kind: 'serial', settings: portSettings, path: cable.hostPath },
    answer: () => promise,
  });
  await gateway.until(() => gateway.opened() === 1);
  const device = await openDevice(cable.devicePath);
  device.write('\x05');
  await gateway.until(() => gateway.taken.length === 1);

  const closed = gateway.line.close();
  resolve(Buffer.from('\x06'));
  await closed;

  expect(await read(device, 1)).toBe('\x06');
  expect(gateway.line.state).toBe('closed');
  expect(gateway.closedBy()).toEqual(['stopped']);
  await openDevice(cable.hostPath);
});

/** The other end of the cable, under the same lock as ours. */
async function openDevice(path: string): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate: 9_600 });
  port.on('error', () => {});
  await once(port, 'open');
  onTestFinished(() => void (port.isOpen && port.close()));
  return port;
}

async function read(port: SerialPort, length: number): Promise<string> {
  let text = '';
  while (text.length < length) {
    const [bytes] = (await once(port, 'data')) as [Buffer];
    text += bytes.toString('latin1');
  }
  return text;
}
