import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DeviceId } from '../gateway/core/device.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { callHttps, type HttpsCall } from './https-call.ts';
import { now, type Ward } from './ward.ts';

/** More than anybody may be shown in an hour. */
const beds = 600;
const insider = 'eve';
const password = 'a-long-and-lawful-passphrase-7';
const main = join(import.meta.dirname, '../gateway/main.ts');
const run = promisify(execFile);

let firstPassword = '';

export default defineAttack({
  threat: 'D19',
  title: 'Somebody with every right to see patients copies who lies where in the whole hospital',

  async setUp({ directory }) {
    const profile = findProfile(await loadProfiles(directory), 'generic-vital-signs-monitor');
    const { store } = openSiteStore(directory);
    const ward = Array.from({ length: beds }, (_, index) => ({
      ...{ id: `bed-${index}` as DeviceId, profile, rateHz: 1, seed: index },
    }));
    registerWard(store, ward, now());
    store.close();
    const words = ['user', 'add', insider, '--role', 'clinical', '--dir', directory, '--json'];
    const { stdout } = await run(process.execPath, [main, ...words]);
    firstPassword = (JSON.parse(stdout) as { password: string }).password;
    return {};
  },

  async run(ward) {
    const eve = await signIn(ward);
    await eve({
      method: 'POST',
      path: '/api/v1/password',
      body: { current: firstPassword, password },
    });
    let after = '';
    let patients = 0;
    let devices = 0;
    for (;;) {
      const query = after === '' ? '' : `?after=${after}`;
      const { text } = await eve({ path: `/api/v1/devices${query}` });
      const page = (JSON.parse(text) as { devices: readonly Shown[] }).devices;
      const last = page.at(-1);
      if (!last) break;
      devices += page.length;
      patients += page.filter(({ association }) => association?.subject !== undefined).length;
      after = last.id;
    }
    return {
      measured: `devices listed: ${devices}; patients copied: ${patients} of ${devices}`,
      isAbsent: devices >= beds && patients <= devices / 2,
    };
  },
});

interface Shown {
  readonly id: string;
  readonly association?: { readonly subject?: string };
}

/** In a session of her own, as a browser keeps it. */
async function signIn(ward: Ward) {
  const body = { user: insider, password: firstPassword };
  const signedIn = await callHttps(ward, { method: 'POST', path: '/api/v1/session', body });
  let [cookie = ''] = signedIn.headers['set-cookie'] ?? [];
  let csrf = (JSON.parse(signedIn.text) as { csrfToken: string }).csrfToken;
  return async (call: HttpsCall) => {
    const headers = { cookie: cookie.split(';')[0] ?? '', 'x-csrf-token': csrf };
    const answer = await callHttps(ward, { ...call, headers });
    [cookie = cookie] = answer.headers['set-cookie'] ?? [];
    if (answer.text.includes('csrfToken')) {
      csrf = (JSON.parse(answer.text) as { csrfToken: string }).csrfToken;
    }
    return answer;
  };
}
