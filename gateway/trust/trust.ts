import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateStanding } from '../core/certificate-standing.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Instant } from '../core/observation.ts';
import type { Admission } from '../keeper/admission.ts';
import { readGrace } from '../pki/grace.ts';
import { openSitePki, renewServer, type SitePki } from '../pki/site-pki.ts';
import type { StandingRows } from '../store/certificates.ts';

/** How often the register is asked: a revocation bites within this time and one sweep of the links. */
const standingCheckMs = 500;
/** How often it is asked whether the server certificate is due; what went wrong is tried again then. */
const renewalCheckMs = 3_600_000;
/** The part of its life after which the server certificate is renewed, and the most by which chance delays it. */
const renewAfter = 2 / 3;
const renewJitter = 1 / 20;

export interface TrustOptions {
  readonly directory: string;
  readonly call: Admission['call'];
  readonly log: Log;
  readonly now: () => Instant;
  readonly chance: () => number;
  readonly onFault: (error: unknown) => void;
}

/** Whom the gateway trusts and by what it is known, as both are now. */
export interface Trust {
  readonly standing: CertificateStanding;
  readonly pki: SitePki;
  /** Resolves when `standing` says what the register said at the time of the call. */
  refresh(): Promise<void>;
  /** Calls the listener whenever the certificates of the site became others. */
  onRenewed(listener: (pki: SitePki) => void): void;
  /** Calls the listener whenever a certificate was revoked. */
  onRevoked(listener: () => void): void;
  close(): void;
}

/**
 * Opens the site's certificates, renewing the server's when it is due, also when it expired while
 * the gateway had no power; then follows what commands change, in the register and in the files.
 *
 * @throws GatewayError `secret-missing`, `secret-exposed`.
 */
export async function startTrust(options: TrustOptions): Promise<Trust> {
  const trust = new RunningTrust(options);
  await trust.start();
  return trust;
}

/** What every server of the gateway is given: its own certificate, and whose it accepts. */
export function tlsOf({ server, trust }: SitePki) {
  return { ...server, ca: trust };
}

class RunningTrust implements Trust {
  readonly standing: CertificateStanding;
  readonly #options: TrustOptions;
  readonly #renewAfter: number;
  readonly #renewed: ((pki: SitePki) => void)[] = [];
  readonly #revoked: (() => void)[] = [];
  #pki: SitePki;
  #filesChangedAt: number;
  #revision = -1;
  #rows: Decisions = decisionsOf({ revoked: [], graces: [], replacements: [] }, []);
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;
  #renewalCheckedAt = 0;

  constructor(options: TrustOptions) {
    this.#options = options;
    this.#renewAfter = renewAfter + renewJitter * options.chance();
    this.#filesChangedAt = filesChangedAt(options.directory);
    this.#pki = openSitePki(options.directory);
    this.standing = {
      isRevoked: (fingerprint) => this.#rows.revoked.has(fingerprint),
      graceUntil: (fingerprint) => this.#rows.graces.get(fingerprint),
      succeeds: (newer, older) => this.#rows.replacements.get(newer) === older,
    };
  }

  get pki(): SitePki {
    return this.#pki;
  }

  async start(): Promise<void> {
    await this.#orReport(this.#renewServer());
    await this.#ask();
    this.#timer = setInterval(() => void this.#orReport(this.#follow()), standingCheckMs);
  }

  refresh(): Promise<void> {
    return this.#ask();
  }

  onRenewed(listener: (pki: SitePki) => void): void {
    this.#renewed.push(listener);
  }

  onRevoked(listener: () => void): void {
    this.#revoked.push(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** What the site can mend is tried again; what was known before stays in force. */
  async #orReport(task: Promise<void>): Promise<void> {
    const { log, onFault } = this.#options;
    try {
      await task;
    } catch (error) {
      if (error instanceof GatewayError) log('gateway.failed', { code: error.code, task: 'trust' });
      else onFault(error);
    }
  }

  async #follow(): Promise<void> {
    // A keeper that is busy is not asked twice.
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#reopen();
      await this.#ask();
      // By the clock that judges certificates: when that is set, it is due at once.
      const sinceMs = this.#options.now() - this.#renewalCheckedAt;
      if (Math.abs(sinceMs) >= renewalCheckMs) await this.#renewServer();
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask(): Promise<void> {
    const { call, now } = this.#options;
    const answer = await call('standing', this.#revision, now());
    // An answer that was asked for earlier may come later.
    if (answer === undefined || answer.revision < this.#revision) return;
    const before = this.#rows.revoked.size;
    this.#rows = decisionsOf(answer, this.#pki.trust);
    this.#revision = answer.revision;
    if (this.#rows.revoked.size > before) for (const listener of this.#revoked) listener();
  }

  /** A command renewed or replaced what stands in the folder. */
  #reopen(): void {
    const changedAt = filesChangedAt(this.#options.directory);
    if (changedAt === this.#filesChangedAt) return;
    const pki = openSitePki(this.#options.directory);
    this.#filesChangedAt = changedAt;
    const isSame =
      pki.server.cert === this.#pki.server.cert && pki.trust.join() === this.#pki.trust.join();
    this.#pki = pki;
    if (isSame) return;
    // A grace may be signed by an authority that was not known before.
    this.#revision = -1;
    for (const listener of this.#renewed) listener(pki);
  }

  async #renewServer(): Promise<void> {
    const { directory, now, log } = this.#options;
    this.#renewalCheckedAt = now();
    const { validFromDate, validToDate } = new X509Certificate(this.#pki.server.cert);
    const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
    // Not valid yet: it was made while the clock was ahead.
    if (now() >= from && now() < from + (to - from) * this.#renewAfter) return;
    await renewServer(directory, now());
    log('certificate.renewed', { expiredAt: new Date(to).toISOString() });
    this.#reopen();
  }
}

/** The rows in the shape they are asked in. */
interface Decisions {
  readonly revoked: ReadonlySet<string>;
  readonly graces: ReadonlyMap<string, Instant>;
  readonly replacements: ReadonlyMap<string, string>;
}

function decisionsOf(rows: StandingRows, trust: readonly string[]): Decisions {
  const authorities = trust.map((pem) => new X509Certificate(pem).publicKey);
  const graces = new Map<string, Instant>();
  for (const grace of rows.graces) {
    const claims = readGrace(grace, authorities);
    if (claims === undefined || claims.fingerprint !== grace.fingerprint) continue;
    const until = Math.max(graces.get(claims.fingerprint) ?? 0, claims.until);
    graces.set(claims.fingerprint, until as Instant);
  }
  return { revoked: new Set(rows.revoked), graces, replacements: new Map(rows.replacements) };
}

function filesChangedAt(directory: string): number {
  return statSync(join(directory, 'pki')).mtimeMs;
}
