import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { host } from './site.ts';

export interface Page {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** Undefined for an empty body. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  readonly json: any;
}

interface Sending {
  /** JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends no CSRF token, or this one. */
  readonly csrf?: string | null;
}

/** As much of a browser as sign-in needs: it keeps one cookie, and the page its CSRF token. */
export class Browser {
  cookie: string | undefined;
  csrf: string | undefined;
  readonly #port: number;
  readonly #ca: string;

  constructor(port: number, ca: string) {
    this.#port = port;
    this.#ca = ca;
  }

  get(path: string, sending?: Sending): Promise<Page> {
    return this.send('GET', path, sending);
  }

  post(path: string, body?: unknown, sending?: Sending): Promise<Page> {
    return this.send('POST', path, { ...sending, body });
  }

  /** The answer before its body. */
  async open(method: string, path: string, sending: Sending = {}): Promise<IncomingMessage> {
    const { body, csrf = this.csrf } = sending;
    const asked = request({
      host,
      port: this.#port,
      path: `/api/v1/${path}`,
      method,
      ca: this.#ca,
      agent: false,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(this.cookie !== undefined && { cookie: this.cookie }),
        ...(typeof csrf === 'string' && { 'x-csrf-token': csrf }),
        ...sending.headers,
      },
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  async send(method: string, path: string, sending?: Sending): Promise<Page> {
    const response = await this.open(method, path, sending);
    const text = Buffer.concat(await response.toArray()).toString();
    const [cookie] = response.headers['set-cookie'] ?? [];
    if (cookie !== undefined) this.cookie = cookie.split(';')[0];
    const json = text === '' ? undefined : JSON.parse(text);
    if (json?.csrfToken) this.csrf = json.csrfToken;
    return { status: response.statusCode, headers: response.headers, text, json };
  }

  signIn(user: string, password: string, totp?: string): Promise<Page> {
    return this.post('session', { user, password, ...(totp !== undefined && { totp }) });
  }
}
