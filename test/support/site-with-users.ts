import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { hotp, totpStep } from '../../gateway/access/totp.ts';
import { type GivenSettings, saveConfig } from '../../gateway/config.ts';
import type { EventFields, EventName } from '../../gateway/core/event.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { type Gateway, startGateway } from '../../gateway/gateway.ts';
import { createSite, openSiteStore } from '../../gateway/site/site.ts';
import type { Store } from '../../gateway/store/store.ts';
import { Browser } from './browser.ts';
import { host, temporaryFolder } from './site.ts';

/** A site that runs in this process, on a clock of the test’s own. */
export interface SiteWithUsers {
  readonly directory: string;
  readonly ca: string;
  /** The administrator’s one-time password. */
  readonly password: string;
  readonly lines: readonly { readonly event: EventName; readonly fields: EventFields }[];
  /** Milliseconds since the epoch; only `wait` moves it. */
  now(): number;
  wait(ms: number): void;
  browser(): Browser;
  port(): number;
  /** Looks into the store, as a command does. */
  look<Result>(what: (store: Store) => Result): Result;
  restart(): Promise<void>;
}

export const goodPassword = 'lantern copper violet';
export const otherPassword = 'gravel anthem orchid';

export async function startSiteWithUsers(
  settings: Omit<GivenSettings, 'site'> = {},
  prepare: (directory: string) => void = () => undefined,
): Promise<SiteWithUsers> {
  const folder = temporaryFolder('users');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  let now = Date.now();
  const hosts = [host, 'localhost'];
  const { password } = await createSite({ directory, name: 'ward-3b', hosts, now });
  const ports = { mqtt: { port: 0 }, https: { port: 0, ...settings.https } };
  saveConfig(directory, { site: 'ward-3b', host, ...settings, ...ports });
  prepare(directory);
  const lines: { event: EventName; fields: EventFields }[] = [];
  const start = () =>
    startGateway({
      directory,
      log: (event, fields = {}) => void lines.push({ event, fields }),
      now: () => now as Instant,
      monotonicMs: () => now,
      chance: () => 0.5,
      onFault: (fault) => {
        throw fault;
      },
    });
  let gateway: Gateway = await start();
  onTestFinished(() => gateway.stop());
  const ca = readFileSync(join(directory, 'pki/root-authority.pem'), 'utf8');
  return {
    directory,
    ca,
    password,
    lines,
    now: () => now,
    wait: (ms) => {
      now += ms;
    },
    browser: () => new Browser(gateway.httpsPort, ca),
    port: () => gateway.httpsPort,
    look(what) {
      const { store } = openSiteStore(directory);
      try {
        return what(store);
      } finally {
        store.close();
      }
    },
    async restart() {
      await gateway.stop();
      gateway = await start();
    },
  };
}

/** The code an authenticator app shows for that secret (base32). */
export function codeOf(secret: string, at: number): string {
  const bits = [...secret]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter))
    .map((value) => value.toString(2).padStart(5, '0'))
    .join('');
  const bytes = bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? [];
  return hotp(Uint8Array.from(bytes), totpStep(at));
}

export interface SignedAdministrator {
  readonly browser: Browser;
  /** Of the authenticator app. */
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

/** The administrator past the first steps: own password, second factor. */
export async function takeFirstSteps(site: SiteWithUsers): Promise<SignedAdministrator> {
  const browser = site.browser();
  await browser.signIn('admin', site.password);
  await browser.post('password', { current: site.password, password: goodPassword });
  const { json: offer } = await browser.post('totp', { password: goodPassword });
  const { json } = await browser.post('totp/confirm', { code: codeOf(offer.secret, site.now()) });
  return { browser, secret: offer.secret, recoveryCodes: json.recoveryCodes };
}

/** Somebody past the first steps, in a browser of the own. */
export async function addPerson(
  site: SiteWithUsers,
  administrator: Browser,
  name: string,
  role: string,
): Promise<Browser> {
  const { json } = await administrator.post('users', { kind: 'person', name, role });
  const browser = site.browser();
  await browser.signIn(name, json.password);
  await browser.post('password', { current: json.password, password: goodPassword });
  return browser;
}
