import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { lineTiming, reopenDelayMs, silenceLimitMs } from '../../../gateway/links/line.ts';
import { readAdapter, readNode } from '../../../gateway/links/serial-adapter.ts';

const timing = lineTiming({ silentAfterMs: 10_000 });

it('doubles the wait and never passes the limit', () => {
  const waits = Array.from({ length: 10 }, (_, index) => reopenDelayMs(index + 1, timing, () => 1));
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

it('waits between half and the whole, whatever the chance and however long it has failed', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, chance) => {
        const whole = reopenDelayMs(attempt, timing, () => 1);
        const waited = reopenDelayMs(attempt, timing, () => chance);
        expect(waited).toBeGreaterThanOrEqual(whole / 2);
        expect(waited).toBeLessThanOrEqual(Math.min(whole, timing.reopenMaxMs));
      },
    ),
  );
});

it('waits for several silences of the device, within what a timer can wait', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (silentAfterMs) => {
      const { silentCloseMs } = lineTiming({ silentAfterMs });
      expect(silentCloseMs).toBeGreaterThanOrEqual(Math.min(silentAfterMs, 2 ** 31 - 1));
      // Longer than this a timer would end at once.
      expect(silentCloseMs).toBeLessThanOrEqual(2 ** 31 - 1);
      expect(silentCloseMs).toBeGreaterThanOrEqual(5_000);
    }),
  );
});

it('disturbs a line less and less while its device stays silent', () => {
  expect([0, 1, 2, 3].map((times) => silenceLimitMs(30_000, times))).toEqual([
    30_000, 60_000, 120_000, 240_000,
  ]);
  expect(silenceLimitMs(30_000, 5_000)).toBe(600_000);
  expect(silenceLimitMs(86_400_000, 5_000), 'never sooner than the first').toBe(86_400_000);
});

const ftdi = { idVendor: '0403', idProduct: '6011', busnum: '1', devpath: '1.2' };
/** Device number of ttyUSB0 in Linux: major 188, minor 0. */
const ttyUsb = (minor: number) => 188 * 256 + minor;

it('knows an adapter by its serial number, wherever it is plugged in', async () => {
  const here = await adapterOf({ ...ftdi, serial: 'A1' }, '00');
  expect(here).toBeDefined();
  expect(await adapterOf({ ...ftdi, serial: 'A1', devpath: '3' }, '00')).toBe(here);
  expect(await adapterOf({ ...ftdi, serial: 'B2' }, '00')).not.toBe(here);
});

it('tells the ports of one adapter apart', async () => {
  const serial = { ...ftdi, serial: 'A1' };
  expect(await adapterOf(serial, '00')).not.toBe(await adapterOf(serial, '01'));
});

it('knows an adapter without a serial number by the socket it is in', async () => {
  const here = await adapterOf(ftdi, '00');
  expect(await adapterOf(ftdi, '00')).toBe(here);
  expect(await adapterOf({ ...ftdi, devpath: '1.3' }, '00')).not.toBe(here);
  expect(await adapterOf({ ...ftdi, idProduct: '6001' }, '00')).not.toBe(here);
});

it('finds no adapter behind a pseudo-terminal or a port on the board', async () => {
  const { sysfs } = buildSysfs(ftdi, '00', 0);
  expect(await readAdapter(136 * 256, sysfs)).toBeUndefined();
  const board = join(sysfs, 'devices/platform/serial');
  mkdirSync(join(board, 'tty/ttyS0'), { recursive: true });
  symlinkSync(board, join(board, 'tty/ttyS0/device'));
  symlinkSync(join(board, 'tty/ttyS0'), join(sysfs, 'dev/char/4:64'));
  expect(await readAdapter(4 * 256 + 64, sysfs)).toBeUndefined();
});

it('reads a device number of more than 256 ports', async () => {
  const { sysfs } = buildSysfs({ ...ftdi, serial: 'A1' }, '00', 300);
  // The kernel keeps bits 8 to 19 of the minor number above the major one.
  expect(await readAdapter(188 * 256 + (300 & 0xff) + ((300 >> 8) << 20), sysfs)).toContain('A1');
});

it('sees whether a path leads to a port', async () => {
  expect(await readNode('/dev/null')).toMatchObject({ isPort: true, deviceNumber: 256 + 3 });
  expect(await readNode(import.meta.filename)).toMatchObject({ isPort: false });
  expect(await readNode(`${import.meta.filename}/nothing`)).toBeUndefined();
});

function adapterOf(attributes: Record<string, string>, usbInterface: string) {
  const { sysfs } = buildSysfs(attributes, usbInterface, 0);
  return readAdapter(ttyUsb(0), sysfs);
}

/** The folders the kernel shows for a USB serial adapter: device, interface, port, tty. */
function buildSysfs(attributes: Record<string, string>, usbInterface: string, minor: number) {
  const sysfs = mkdtempSync(join(tmpdir(), 'wardgate-sysfs-'));
  onTestFinished(() => rmSync(sysfs, { recursive: true, force: true }));
  const device = join(sysfs, 'devices/usb1/1-1');
  const port = join(device, `1-1:1.${Number(usbInterface)}`, 'ttyUSB');
  const tty = join(port, 'tty', 'ttyUSB');
  mkdirSync(tty, { recursive: true });
  mkdirSync(join(sysfs, 'dev/char'), { recursive: true });
  for (const [name, value] of Object.entries(attributes))
    writeFileSync(join(device, name), `${value}\n`);
  writeFileSync(join(dirname(port), 'bInterfaceNumber'), `${usbInterface}\n`);
  symlinkSync(port, join(tty, 'device'));
  symlinkSync(tty, join(sysfs, 'dev/char', `188:${minor}`));
  return { sysfs };
}
