import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lookEvery, type Tell, type Watch } from './watch.ts';

const lookEveryMs = 2_000;
/** USB devices that are remembered as having been here. */
const seenMax = 256;

/** usb.org, Defined Class Codes: mass storage, and human interface (keyboards). */
const storageClass = '08';
const inputClass = '03';

interface UsbDevice {
  readonly key: string;
  readonly vendor: string;
  readonly product: string;
  readonly use: 'storage' | 'input' | 'other';
}

/**
 * Follows what is plugged in. Whatever was there before, such as an adapter whose cable is moved, may
 * come and go; the same model in another copy may not where it has a serial number.
 */
export async function watchUsb(tell: Tell, sys = '/sys'): Promise<Watch> {
  const seen = new Set((await list(sys)).map(({ key }) => key));
  return lookEvery(lookEveryMs, async () => {
    for (const { key, vendor, product, use } of await list(sys)) {
      if (seen.has(key) || seen.size >= seenMax) continue;
      seen.add(key);
      tell({ kind: 'usb-attached', vendor, product, use });
    }
  });
}

async function list(sys: string): Promise<readonly UsbDevice[]> {
  const root = join(sys, 'bus/usb/devices');
  const names = await readdir(root).catch(() => []);
  const devices = names
    .filter((name) => !name.includes(':'))
    .map(async (name) => {
      const vendor = await attribute(join(root, name, 'idVendor'));
      const product = await attribute(join(root, name, 'idProduct'));
      const serial = await attribute(join(root, name, 'serial'));
      const interfaces = names.filter((each) => each.startsWith(`${name}:`));
      const classes = await Promise.all(
        interfaces.map((each) => attribute(join(root, each, 'bInterfaceClass'))),
      );
      return { key: `${vendor} ${product} ${serial}`, vendor, product, use: useOf(classes) };
    });
  return (await Promise.all(devices)).filter(({ vendor }) => vendor !== '');
}

function useOf(classes: readonly string[]): UsbDevice['use'] {
  if (classes.includes(storageClass)) return 'storage';
  return classes.includes(inputClass) ? 'input' : 'other';
}

async function attribute(path: string): Promise<string> {
  const text = await readFile(path, 'latin1').catch(() => '');
  return text.trim().slice(0, 64);
}
