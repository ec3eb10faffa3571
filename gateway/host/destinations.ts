import { lookup } from 'node:dns/promises';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { lookEvery, type Tell, type Watch } from './watch.ts';

const lookEveryMs = 10_000;
/** A name may get another address. */
const resolveEveryMs = 60_000;
const toldMax = 64;

export interface DestinationOptions {
  /** Names and addresses that the settings name, asked anew at each look. */
  readonly hosts: () => ReadonlySet<string>;
  /** Where the gateway listens: whoever comes to these ports is no destination. */
  readonly ports: () => ReadonlySet<number>;
  readonly proc?: string;
}

interface Connection {
  readonly inode: string;
  readonly localPort: number;
  readonly remote: string;
  readonly port: number;
}

/** Follows whom the gateway’s own process is connected to, and tells who is in no setting. */
export function watchDestinations(options: DestinationOptions, tell: Tell): Watch {
  const { hosts, ports, proc = '/proc' } = options;
  const told = new Set<string>();
  let known: ReadonlySet<string> = new Set();
  let resolvedAt = Number.NEGATIVE_INFINITY;

  async function isKnown({ remote }: Connection): Promise<boolean> {
    if (known.has(remote)) return true;
    if (performance.now() - resolvedAt < resolveEveryMs && known.size > 0) return false;
    known = await addressesOf(hosts());
    resolvedAt = performance.now();
    return known.has(remote);
  }

  return lookEvery(lookEveryMs, async () => {
    const own = await ownSockets(proc);
    for (const connection of await connections(proc)) {
      const { inode, localPort, remote, port } = connection;
      if (!own.has(inode) || ports().has(localPort)) continue;
      const name = `${remote} ${port}`;
      if (told.has(name) || told.size >= toldMax || (await isKnown(connection))) continue;
      told.add(name);
      tell({ kind: 'destination-unknown', remote, port });
    }
  });
}

/** What names stand for now; one that cannot be asked for is left out. */
export async function addressesOf(hosts: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    [...hosts].map((host) => lookup(host, { all: true }).catch(() => [])),
  );
  return new Set(found.flat().map(({ address }) => plain(address)));
}

async function ownSockets(proc: string): Promise<ReadonlySet<string>> {
  const files = await readdir(join(proc, 'self/fd'));
  const targets = await Promise.all(
    files.map((file) => readlink(join(proc, 'self/fd', file)).catch(() => '')),
  );
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
}

/** proc(5), /proc/net/tcp: connections that are established (01). */
async function connections(proc: string): Promise<readonly Connection[]> {
  const tables = await Promise.all(
    ['net/tcp', 'net/tcp6'].map((name) =>
      readFile(join(proc, 'self', name), 'latin1').catch(() => ''),
    ),
  );
  return tables.flatMap((table) =>
    table
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', remote = '', state, , , , , , inode] = line.trim().split(/\s+/);
        if (state !== '01' || inode === undefined) return [];
        const { port: localPort } = endpointOf(local);
        const { address, port } = endpointOf(remote);
        return [{ inode, localPort, remote: address, port }];
      }),
  );
}

/** Addresses are words of four bytes in the machine’s own order: little-endian wherever this runs. */
function endpointOf(text: string): { readonly address: string; readonly port: number } {
  const [hex = '', port = '0'] = text.split(':');
  const bytes = Buffer.from(hex, 'hex');
  for (let word = 0; word + 4 <= bytes.length; word += 4) bytes.subarray(word, word + 4).reverse();
  const address =
    bytes.length === 4
      ? bytes.join('.')
      : Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16)).join(
          ':',
        );
  return { address: plain(address), port: Number.parseInt(port, 16) };
}

/** One way to write an address: an IPv4 one inside IPv6 as itself, IPv6 without any zeros left out. */
export function plain(address: string): string {
  const mapped = /^(?:0:0:0:0:0|:):ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]+):([0-9a-f]+))$/.exec(
    address,
  );
  if (mapped?.[1] !== undefined) return mapped[1];
  if (mapped?.[2] !== undefined && mapped[3] !== undefined) {
    const [high, low] = [Number.parseInt(mapped[2], 16), Number.parseInt(mapped[3], 16)];
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const words = tail === undefined ? left : [...left, ...zeros, ...right];
  return words.map((word) => Number.parseInt(word, 16).toString(16)).join(':');
}
