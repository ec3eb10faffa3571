import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a path leads to right now. */
export interface SerialNode {
  /** Changes whenever the node is made anew. */
  readonly key: string;
  readonly deviceNumber: number;
  readonly isPort: boolean;
}

/** Follows links, as /dev/serial/by-id is made of them. Undefined when nothing is there. */
export async function readNode(path: string): Promise<SerialNode | undefined> {
  try {
    const { dev, ino, rdev, ...node } = await stat(path);
    return {
      key: `${dev}:${ino}:${rdev}`,
      deviceNumber: rdev,
      isPort: (node.mode & fileTypeMask) === characterDevice,
    };
  } catch {
    // Whatever the reason, the port cannot be reached by this path now; it is looked at again.
    return undefined;
  }
}

/** inode(7): S_IFMT and S_IFCHR. */
const fileTypeMask = 0o170000;
const characterDevice = 0o020000;

/** The interface of a USB function is at most a few folders above the tty it makes. */
const parentsMax = 8;

/**
 * Which adapter makes this port: USB vendor, product and serial number, and which of its ports
 * this is. An adapter without a serial number is known by the socket it is plugged into, for two
 * of a kind cannot be told apart otherwise. Undefined for a port that is no USB adapter's.
 */
export async function readAdapter(
  deviceNumber: number,
  sysfs = '/sys',
): Promise<string | undefined> {
  const { major, minor } = splitDeviceNumber(deviceNumber);
  let folder: string;
  try {
    folder = await realpath(join(sysfs, 'dev/char', `${major}:${minor}`, 'device'));
  } catch {
    // A pseudo-terminal has no device behind it.
    return undefined;
  }
  const port = await readAttribute(folder, 'port_number');
  let usbInterface: string | undefined;
  for (let depth = 0; depth < parentsMax; depth += 1) {
    usbInterface ??= await readAttribute(folder, 'bInterfaceNumber');
    const vendor = await readAttribute(folder, 'idVendor');
    if (vendor !== undefined) {
      const product = await readAttribute(folder, 'idProduct');
      const serial = await readAttribute(folder, 'serial');
      const socket = await readAttribute(folder, 'devpath');
      const bus = await readAttribute(folder, 'busnum');
      return JSON.stringify([
        vendor,
        product,
        serial === undefined || serial === '' ? { bus, socket } : serial,
        usbInterface,
        port,
      ]);
    }
    folder = dirname(folder);
  }
  return undefined;
}

/** The kernel's packing of a device number in user space: 12 bits major, 20 bits minor. */
function splitDeviceNumber(deviceNumber: number): { major: number; minor: number } {
  return {
    major: (deviceNumber >>> 8) & 0xfff,
    minor: (deviceNumber & 0xff) | ((deviceNumber >>> 12) & 0xfff00),
  };
}

async function readAttribute(folder: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, name), 'latin1')).trim();
  } catch {
    // Not every folder of sysfs has every attribute.
    return undefined;
  }
}
