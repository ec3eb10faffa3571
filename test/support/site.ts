import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GivenSettings, saveConfig } from '../../gateway/config.ts';
import type { Device, DeviceId } from '../../gateway/core/device.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { createSite, openSiteStore } from '../../gateway/site/site.ts';

export const host = '127.0.0.1';

/** How often something that reports no change of its own is looked at. */
const pollMs = 25;

/** A folder of this test's own; whoever makes it removes it. */
export function temporaryFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `wardgate-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface TestDevice {
  readonly id: string;
  readonly profile: string;
  /** Nobody is bound to it when left out. */
  readonly subject?: string;
}

/** A site as `wardgate init` makes it, with these devices and settings. */
export async function makeSite(
  directory: string,
  devices: readonly TestDevice[],
  settings: Omit<GivenSettings, 'site'> = {},
  now = Date.now(),
): Promise<void> {
  await createSite({ directory, name: 'test', hosts: [host, 'localhost'], now });
  saveConfig(directory, { site: 'test', host, mqtt: { port: 0 }, https: { port: 0 }, ...settings });
  const { store } = openSiteStore(directory);
  store.transact(() => {
    for (const { id, profile, subject } of devices) {
      const device: Device = {
        id: id as DeviceId,
        profile,
        class: 'IIb',
        function: 'monitor',
        ward: '',
        addedAt: 0,
      };
      store.devices.add(device, { hash: '', expiresAt: 0 });
      if (subject !== undefined) store.devices.associate(device.id, new Phi(subject), 0);
    }
  });
  store.close();
}

/** Looks until it holds; fails when it does not in time. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await delay(pollMs);
  }
}

/** Until nothing is owed to any hospital. */
export async function drained(directory: string, timeoutMs = 60_000): Promise<void> {
  const { store } = openSiteStore(directory);
  const isOwed = () => store.outbox.depths().some(({ entries }) => entries > 0);
  await until('an empty outbox', () => !isOwed(), timeoutMs).finally(() => store.close());
}
