import { callHttps, type HttpsAnswer, type HttpsCall } from './https-call.ts';
import type { Ward } from './ward.ts';

const password = 'a-long-and-lawful-passphrase-7';

type Call = (call: HttpsCall) => Promise<HttpsAnswer>;

/** In a session of its own, as a browser keeps it, with the password that was given at first changed. */
export async function signInAs(ward: Ward, user: string, firstPassword: string): Promise<Call> {
  const body = { user, password: firstPassword };
  const signedIn = await callHttps(ward, { method: 'POST', path: '/api/v1/session', body });
  let [cookie = ''] = signedIn.headers['set-cookie'] ?? [];
  let csrf = (JSON.parse(signedIn.text) as { csrfToken: string }).csrfToken;
  const call: Call = async (asked) => {
    const headers = { cookie: cookie.split(';')[0] ?? '', 'x-csrf-token': csrf };
    const answer = await callHttps(ward, { ...asked, headers });
    [cookie = cookie] = answer.headers['set-cookie'] ?? [];
    if (answer.text.includes('csrfToken')) {
      csrf = (JSON.parse(answer.text) as { csrfToken: string }).csrfToken;
    }
    return answer;
  };
  await call({
    method: 'POST',
    path: '/api/v1/password',
    body: { current: firstPassword, password },
  });
  return call;
}
