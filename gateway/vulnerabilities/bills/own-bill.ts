import { createHash } from 'node:crypto';
import { z } from 'zod';
import { packageUrlOf } from '../package-url.ts';

/** What npm’s lock file says of one package. */
const Locked = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  dev: z.boolean().default(false),
  link: z.boolean().default(false),
});

const Lock = z.object({
  lockfileVersion: z.literal([2, 3]),
  packages: z.record(z.string(), Locked),
});

export interface OwnBillMaterial {
  /** package-lock.json, parsed. */
  readonly lock: unknown;
  readonly version: string;
  /** Whether a package of the lock, by its path, is installed here. */
  readonly isInstalled: (path: string) => boolean;
  /** Versions of what is compiled into the runtime and the database, by name. */
  readonly builtIn: Readonly<Record<string, string | undefined>>;
}

/** Which CPE NVD keeps for what is compiled in. */
const cpeOf: Readonly<Record<string, string>> = {
  node: 'nodejs:node.js',
  openssl: 'openssl:openssl',
  sqlite: 'sqlite:sqlite',
  zlib: 'zlib:zlib',
  nghttp2: 'nghttp2:nghttp2',
  uv: 'libuv:libuv',
  brotli: 'google:brotli',
};

/**
 * The gateway’s own bill of materials, CycloneDX 1.6. No time and no chance is in it: the same
 * installation gives the same bytes.
 */
export function ownBill({ lock, version, isInstalled, builtIn }: OwnBillMaterial): object {
  const { packages } = Lock.parse(lock);
  const installed = Object.entries(packages)
    .filter(([path, { dev, link }]) => path !== '' && !dev && !link && isInstalled(path))
    .map(([path, locked]) => packageOf(path, locked));
  const compiledIn = Object.entries(builtIn).flatMap(([name, each]) => {
    const cpe = cpeOf[name];
    return each === undefined || cpe === undefined ? [] : [builtInOf(name, each, cpe)];
  });
  const byRef = new Map([...installed, ...compiledIn].map((each) => [each['bom-ref'], each]));
  const components = [...byRef.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  const root = {
    type: 'application',
    'bom-ref': `pkg:npm/wardgate@${version}`,
    name: 'wardgate',
    version,
    purl: `pkg:npm/wardgate@${version}`,
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf(JSON.stringify([root, components])),
    version: 1,
    metadata: { component: root },
    components,
  };
}

function packageOf(
  path: string,
  { name, version = '', integrity, license }: z.output<typeof Locked>,
) {
  const full = name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const cut = full.startsWith('@') ? full.indexOf('/') : -1;
  const scope = cut < 0 ? undefined : full.slice(0, cut);
  const purl = packageUrlOf('npm', scope, full.slice(cut + 1), version);
  const [, hash] = /^sha512-([A-Za-z0-9+/=]+)$/.exec(integrity ?? '') ?? [];
  return {
    type: 'library',
    'bom-ref': purl,
    ...(scope !== undefined && { group: scope }),
    name: full.slice(cut + 1),
    version,
    purl,
    ...(hash !== undefined && {
      hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }],
    }),
    // Mostly an SPDX expression, which CycloneDX takes as it is.
    ...(license !== undefined && { licenses: [{ expression: license }] }),
  };
}

function builtInOf(name: string, version: string, cpe: string) {
  return {
    type: name === 'node' ? 'platform' : 'library',
    'bom-ref': `built-in:${name}@${version}`,
    name,
    version,
    cpe: `cpe:2.3:a:${cpe}:${version.replace(/[^A-Za-z0-9._]/g, '\\$&').toLowerCase()}:*:*:*:*:*:*:*`,
  };
}

/** A UUID of the content itself (RFC 9562 5.8, version 8). */
function serialOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`];
  return `urn:uuid:${[...parts, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')}`;
}
