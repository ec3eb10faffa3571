import { join } from 'node:path';
import { auditKeyOf } from '../audit/checkpoint.ts';
import type { Config } from '../config.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import type { HostSignal } from '../core/signals/host-signal.ts';
import { watchDestinations } from '../host/destinations.ts';
import { type EgressWatch, watchEgress } from '../host/egress.ts';
import { watchHousing } from '../host/housing.ts';
import { endWriters, watchChildren } from '../host/processes.ts';
import { watchProgram } from '../host/program-files.ts';
import { watchSiteFiles } from '../host/site-files.ts';
import { watchUsb } from '../host/usb.ts';
import type { Watch } from '../host/watch.ts';
import { readSecret } from '../pki/secrets.ts';
import { auditKeyName } from '../trail/audit-trail.ts';
import { version } from '../version.ts';
import { recordProgram } from './program-record.ts';

export interface HostWatchOptions {
  /** The process that is watched. */
  readonly pid: number;
  readonly directory: string;
  /** As they are now. */
  readonly config: () => Config;
  /** Where the gateway listens. */
  readonly ports: () => readonly (number | undefined)[];
  readonly queue: Pick<IntakeQueue, 'signal'>;
  readonly now: () => Instant;
}

export type HostWatch = Watch & Pick<EgressWatch, 'block'>;

/** Where the program is installed. */
const root = join(import.meta.dirname, '../..');
/** What the gateway asks the time service by. */
const ownChildren: ReadonlySet<string> = new Set(['chronyc', 'timedatectl']);

/** Watches the machine and the gateway's own files. It informs; it stops what strikes those files. */
export async function watchHost(options: HostWatchOptions): Promise<HostWatch> {
  const { directory, config, ports, queue, now, pid } = options;
  const tell = (signal: HostSignal & { readonly address?: string }) =>
    queue.signal({ ...signal, at: now() });
  const { manifest, origin } = await recordProgram(
    directory,
    root,
    version,
    auditKeyOf(readSecret(directory, auditKeyName)),
  );
  if (origin === 'forged') {
    tell({ kind: 'program-changed', path: 'audit/program.json', change: 'changed' });
  }
  const hosts = () => hostsOf(config());
  const egress = watchEgress({ hosts }, tell);
  const watches = [
    egress,
    watchProgram(root, manifest, tell),
    watchSiteFiles({ directory, endWriters: () => endWriters(directory, pid) }, tell),
    watchChildren({ pid, known: ownChildren }, tell),
    await watchUsb(tell),
    await watchHousing(config().housing, tell),
    watchDestinations(
      {
        hosts,
        ports: () => new Set(ports().filter((port) => port !== undefined)),
      },
      tell,
    ),
  ];
  return {
    block: (addresses) => egress.block(addresses),
    close() {
      for (const each of watches) each.close();
    },
  };
}

/** Every name and address that stands somewhere in the settings, in a URL or by itself. */
function hostsOf(settings: unknown): ReadonlySet<string> {
  const hosts = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      for (const each of Object.values(value)) add(each);
    } else if (typeof value === 'string') {
      const { hostname } = URL.parse(value) ?? {};
      const [before = ''] = value.split(':');
      for (const host of [hostname, before]) if (isHost(host)) hosts.add(host);
    }
  };
  add(settings);
  return hosts;
}

function isHost(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9.-]{1,253}$/.test(text);
}
