import { X509Certificate } from 'node:crypto';
import { existsSync, statfsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { answers } from '../answers.ts';
import { auditProblems } from '../audit/verify.ts';
import { defineCommand, siteOptions } from '../command.ts';
import { type Config, loadConfig } from '../config.ts';
import { failures, GatewayError } from '../core/error.ts';
import { earliestBelievableTime } from '../core/gateway-time.ts';
import { destinationOf } from '../delivery/relay-settings.ts';
import { openSitePki } from '../pki/site-pki.ts';
import { loadProfiles } from '../site/profiles.ts';
import { openSiteStore } from '../site/site.ts';
import { readStoreKey } from '../site/store-key.ts';
import { openStore } from '../store/store.ts';
import { auditSigner } from '../trail/audit-trail.ts';
import { auditTailProblem } from '../trail/auditing.ts';
import { forecastExpiry } from '../trust/expiry-forecast.ts';

type Verdict = 'ok' | 'warning' | 'failed';

interface Check {
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
}

const diskBytesMin = 500_000_000;

export default defineCommand({
  name: 'doctor',
  summary: 'Examines the site and this machine, and says what to do about what it finds.',
  options: siteOptions,
  example: 'wardgate doctor --dir /var/lib/wardgate',

  async run({ options: { dir, json }, print }) {
    const checks: Check[] = [machine(), clock()];
    const config = await examine(checks, 'settings', () => loadConfig(dir));
    if (config) {
      checks.push(disk(dir));
      const pki = await examine(checks, 'certificates', () => certificates(dir));
      const store = await examine(checks, 'database', () => database(dir));
      if (store) await examine(checks, 'audit trail', () => auditTrail(dir));
      if (store) await examine(checks, 'quarantine', () => quarantine(dir));
      if (store) await examine(checks, 'outbox', () => outbox(dir, config));
      if (pki && store) await examine(checks, 'expiry', () => expiry(dir));
      await examine(checks, 'profiles', async () => `${(await loadProfiles(dir)).size} profiles`);
      for (const line of config.serial) checks.push(serialLine(line));
      for (const relay of config.relays) {
        await examine(checks, `relay ${relay.id}`, () => relayReachable(relay));
      }
      checks.push(await listening(config));
    }
    const hasFailed = checks.some(({ verdict }) => verdict === 'failed');
    if (json) print(JSON.stringify({ ok: !hasFailed, checks }));
    else for (const { check, verdict, detail } of checks) print(`${verdict}\t${check}\t${detail}`);
    return hasFailed ? 1 : 0;
  },
});

/** Runs one check; what it throws is its finding. */
async function examine<Result>(
  checks: Check[],
  check: string,
  look: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  try {
    const result = await look();
    if (isCheck(result)) checks.push({ ...result, check });
    else checks.push({ check, verdict: 'ok', detail: typeof result === 'string' ? result : '' });
    return result;
  } catch (error) {
    const isOurs = error instanceof GatewayError;
    const detail = isOurs
      ? `${error.message} [${error.code}] -> ${failures[error.code].remedy}`
      : String(error);
    checks.push({ check, verdict: 'failed', detail: detail.replace(/\s*\n\s*/g, ' ') });
    return undefined;
  }
}

function isCheck(result: unknown): result is Omit<Check, 'check'> {
  return typeof result === 'object' && result !== null && 'verdict' in result;
}

function machine(): Check {
  const detail = `Node ${process.version} on ${process.platform} ${process.arch}`;
  return { check: 'machine', verdict: process.platform === 'linux' ? 'ok' : 'warning', detail };
}

function clock(): Check {
  const now = Date.now();
  const detail = new Date(now).toISOString();
  if (now >= earliestBelievableTime) return { check: 'clock', verdict: 'ok', detail };
  return { check: 'clock', verdict: 'failed', detail: `${detail}: set the time or start NTP` };
}

function disk(dir: string): Check {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  const detail = `${Math.round(free / 1e6)} MB free`;
  return { check: 'disk', verdict: free >= diskBytesMin ? 'ok' : 'warning', detail };
}

function certificates(dir: string): string {
  const { validTo } = new X509Certificate(openSitePki(dir).server.cert);
  return `the gateway's own until ${validTo}`;
}

function expiry(dir: string): Omit<Check, 'check'> {
  const { store } = openSiteStore(dir);
  try {
    const now = Date.now();
    const expiries = forecastExpiry(openSitePki(dir), store.certificates.current(now), now);
    const [first] = expiries.filter(({ state }) => state !== 'good');
    const worst = first ?? expiries[0];
    const detail = `${worst?.kind} ${worst?.subject}: ${worst?.daysLeft} days left`;
    if (first === undefined) return { verdict: 'ok', detail };
    return { verdict: first.state === 'expired' ? 'failed' : 'warning', detail };
  } finally {
    store.close();
  }
}

/** Its end only; nothing is entered, for looking is no act. */
function auditTrail(dir: string): Omit<Check, 'check'> {
  const { store } = openSiteStore(dir);
  try {
    const last = store.audit.last()?.sequence ?? 0;
    const found = auditTailProblem(store, auditSigner(dir).key);
    if (found === undefined) return { verdict: 'ok', detail: `${last} entries, the end verifies` };
    const { sequence, problem } = found;
    const says = `entry ${sequence}: ${problem}: ${auditProblems[problem]}`;
    return { verdict: 'failed', detail: `${says} -> wardgate audit verify looks at all of it` };
  } finally {
    store.close();
  }
}

function database(dir: string): string {
  const store = openStore(dir, readStoreKey(dir), { mustExist: true });
  try {
    const problem = store.problem();
    if (problem !== undefined) throw new GatewayError('store-damaged', problem);
    return `${store.devices.list().length} devices`;
  } finally {
    store.close();
  }
}

function quarantine(dir: string): Omit<Check, 'check'> {
  const { store } = openSiteStore(dir);
  try {
    const devices = store.quarantines.list().map(({ device, mode }) => `${device} (${mode})`);
    if (devices.length === 0) return { verdict: 'ok', detail: 'no device' };
    return { verdict: 'warning', detail: devices.join(', ') };
  } finally {
    store.close();
  }
}

/** What waits for a destination that is none any more takes room, and nobody fetches it. */
function outbox(dir: string, { relays }: Config): Omit<Check, 'check'> {
  const { store } = openSiteStore(dir);
  try {
    const known = new Set(relays.map(({ id }) => id));
    const owed = [...store.outbox.depths(), ...store.outbox.refusals()];
    const former = owed.filter(({ relay, entries }) => entries > 0 && !known.has(relay));
    const names = [...new Set(former.map(({ relay }) => relay))];
    if (names.length === 0)
      return { verdict: 'ok', detail: 'only of destinations in the settings' };
    const detail = `${names.join(', ')}: not in the settings, and still owed something`;
    return { verdict: 'warning', detail };
  } finally {
    store.close();
  }
}

function serialLine(line: Config['serial'][number]): Check {
  const check = `line ${line.device}`;
  if ('tcp' in line) return { check, verdict: 'ok', detail: line.tcp };
  if ('listen' in line) return localAddress(check, line.listen.split(':')[0] ?? '');
  if ('udp' in line) return localAddress(check, line.local);
  const isThere = existsSync(line.path);
  return {
    check,
    verdict: isThere ? 'ok' : 'warning',
    detail: isThere ? line.path : `${line.path} is not there`,
  };
}

function localAddress(check: string, wanted: string): Check {
  const addresses = Object.values(networkInterfaces()).flat();
  const isOurs = addresses.some((each) => each?.address === wanted);
  const detail = isOurs ? wanted : `no interface has the address ${wanted}`;
  return { check, verdict: isOurs ? 'ok' : 'warning', detail };
}

async function relayReachable(relay: Config['relays'][number]): Promise<Omit<Check, 'check'>> {
  await destinationOf(relay);
  const { host, port } = addressOf(relay);
  if (host === '') return { verdict: 'ok', detail: '' };
  const isReachable = await answers(host, port);
  const detail = `${host}:${port} ${isReachable ? 'answers' : 'does not answer'}`;
  return { verdict: isReachable ? 'ok' : 'warning', detail };
}

/** Kinds of destinations name theirs by an address or by host and port. */
function addressOf({ url, host, port }: Config['relays'][number]): { host: string; port: number } {
  if (typeof url !== 'string') return { host: String(host ?? ''), port: Number(port) };
  const { hostname, port: given } = new URL(url);
  return { host: hostname, port: Number(given || 443) };
}

async function listening({ mqtt }: Config): Promise<Check> {
  const check = 'gateway';
  if (mqtt.port === 0) return { check, verdict: 'ok', detail: 'MQTT picks a free port' };
  const isRunning = await answers('127.0.0.1', mqtt.port);
  const detail = isRunning ? `port ${mqtt.port} answers` : `nothing answers on port ${mqtt.port}`;
  return { check, verdict: isRunning ? 'ok' : 'warning', detail };
}
