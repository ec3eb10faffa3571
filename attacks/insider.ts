import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DeviceId } from '../gateway/core/device.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { signInAs } from './signed-in.ts';
import { now, type Ward } from './ward.ts';

/** Somebody of the hospital, with every right to see patients. */
export const insider = 'eve';
const main = join(import.meta.dirname, '../gateway/main.ts');
const run = promisify(execFile);

/** A hospital of so many beds, each with a patient, and the insider's account. Returns the first password. */
export async function hireInsider(directory: string, beds: number): Promise<string> {
  const profile = findProfile(await loadProfiles(directory), 'generic-vital-signs-monitor');
  const { store } = openSiteStore(directory);
  const ward = Array.from({ length: beds }, (_, index) => {
    const id = `bed-${String(index).padStart(3, '0')}` as DeviceId;
    return { id, profile, rateHz: 1, seed: index };
  });
  registerWard(store, ward, now());
  store.close();
  const words = ['user', 'add', insider, '--role', 'clinical', '--dir', directory, '--json'];
  const { stdout } = await run(process.execPath, [main, ...words]);
  return (JSON.parse(stdout) as { password: string }).password;
}

interface Shown {
  readonly id: string;
  readonly association?: { readonly subject?: string };
}

/** Lists all devices, page by page. Returns how many there were, and of how many the patient was shown. */
export async function listPatients(
  ward: Ward,
  firstPassword: string,
  countMax: number,
  pause: () => Promise<void> = async () => {},
): Promise<{ readonly devices: number; readonly patients: number }> {
  const ask = await signInAs(ward, insider, firstPassword);
  let [after, devices, patients] = ['', 0, 0];
  for (;;) {
    const from = after === '' ? '' : `&after=${after}`;
    const { text } = await ask({ path: `/api/v1/devices?count=${countMax}${from}` });
    const page = (JSON.parse(text) as { devices: readonly Shown[] }).devices;
    const last = page.at(-1);
    if (!last) return { devices, patients };
    devices += page.length;
    patients += page.filter(({ association }) => association?.subject !== undefined).length;
    after = last.id;
    await pause();
  }
}
