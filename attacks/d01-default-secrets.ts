import { hashPassword } from '../gateway/pki/password.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { callHttps } from './https-call.ts';
import { now } from './ward.ts';

/** An account of a service technician, with what the maker’s devices are shipped with. */
const serviceUser = 'service-1';
const shipped = 'raspberry';
const tried = ['admin', 'password', '12345', 'default', 'service'];
const wanted = ['devices', 'findings', 'users'];

export default defineAttack({
  threat: 'D01',
  detector: 'default-secret',
  title: 'Secrets that devices are shipped with are tried, and one is somebody’s',

  async setUp({ directory }) {
    const { store } = openSiteStore(directory);
    const password = await hashPassword(shipped);
    const account = { name: serviceUser, kind: 'person', role: 'security' } as const;
    // As from a time when nothing was known of it: no way of setting one leads here any more.
    store.users.add({ ...account, password, mustChange: false, addedAt: now() });
    store.close();
    return {};
  },

  async run(ward) {
    const signIn = (user: string, password: string) =>
      callHttps(ward, { method: 'POST', path: '/api/v1/session', body: { user, password } });
    let sessions = 0;
    for (const password of tried) {
      const { status } = await signIn(ward.user, password);
      if (status === 200) sessions += 1;
    }
    const { status, headers } = await signIn(serviceUser, shipped);
    const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    let seen = 0;
    for (const what of wanted) {
      const answer = await callHttps(ward, { path: `/api/v1/${what}`, headers: { cookie } });
      if (answer.status === 200) seen += 1;
    }
    return {
      measured: `sessions opened by guesses: ${sessions} of ${tried.length}; the account that has one (HTTP ${status}) saw ${seen} of ${wanted.length} things before it has another`,
      isAbsent: sessions === 0 && status === 200 && seen === 0,
    };
  },
});
