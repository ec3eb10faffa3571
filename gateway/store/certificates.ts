import type { RevocationReason } from '../core/revocation.ts';
import type { Database } from './database.ts';

/** A certificate the site issued. */
export interface IssuedTo {
  /** Upper-case hexadecimal. */
  readonly serialNumber: string;
  /** SHA-256 in upper-case hexadecimal with colons. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface NewCertificate extends IssuedTo {
  /** A file name of certs/. */
  readonly kind: string;
  /** The common name: of a device, its id. */
  readonly subject: string;
  /** Fingerprint of the certificate it was issued in the place of. */
  readonly replaces?: string | undefined;
}

export interface RegisteredCertificate extends NewCertificate {
  readonly revokedAt?: number | undefined;
  readonly reason?: RevocationReason | undefined;
}

/** What an authority has signed: until when an expired certificate is let in all the same. */
export interface Grace {
  readonly fingerprint: string;
  readonly statement: string;
  /** Base64. */
  readonly signature: string;
}

/** What decides whether a certificate is good, beside what it says itself. */
export interface StandingRows {
  readonly revoked: readonly string[];
  readonly graces: readonly Grace[];
  /** Newer and older fingerprint, of certificates that have not expired. */
  readonly replacements: readonly (readonly [newer: string, older: string])[];
}

/** Every certificate the site issued, and what became of it. Rows are added, never taken away. */
export interface Certificates {
  add(certificate: NewCertificate): void;
  find(serialNumber: string): RegisteredCertificate | undefined;
  /** Those of one subject and of these kinds, newest first. */
  of(subject: string, kinds: readonly string[]): readonly RegisteredCertificate[];
  /** Not expired and not revoked at that time, and the last to expire of their subject. */
  current(at: number): readonly RegisteredCertificate[];
  /** False when it was revoked before. */
  revoke(serialNumber: string, at: number, reason: RevocationReason): boolean;
  /** Certificates that are revoked and would not have expired by that time. */
  revoked(at: number): readonly RegisteredCertificate[];
  addGrace(grace: Grace): void;
  /** Rises with every change of what `standing` says. */
  revision(): number;
  standing(at: number): StandingRows;
}

/** The most graces that are looked at, newest first: each is an exception that a person made. */
const gracesMax = 1_000;

export function openCertificates(database: Database): Certificates {
  const columns = `serial_number as serialNumber, fingerprint, kind, subject, replaces,
    not_before as notBefore, not_after as notAfter, revoked_at as revokedAt, reason`;
  const from = 'from certificate left join revoked using (serial_number)';
  const select = <Parameters extends unknown[]>(rest: string) =>
    database.prepare<Parameters, Row>(`select ${columns} ${from} ${rest}`);
  const add = database.prepare(
    `insert into certificate (serial_number, kind, subject, fingerprint, not_before, not_after, replaces)
     values (@serialNumber, @kind, @subject, @fingerprint, @notBefore, @notAfter, @replaces)`,
  );
  const find = select<[string]>('where serial_number = ?');
  const of = select<[string]>('where subject = ? order by not_before desc, certificate.rowid desc');
  const current = select<[number]>(
    `where not_after >= ? and revoked_at is null and not exists (
       select 1 from certificate as later left join revoked as gone using (serial_number)
       where later.kind = certificate.kind and later.subject = certificate.subject
         and gone.revoked_at is null
         and (later.not_after, later.rowid) > (certificate.not_after, certificate.rowid))
     order by not_after`,
  );
  const revoke = database.prepare(
    'insert or ignore into revoked (serial_number, revoked_at, reason) values (?, ?, ?)',
  );
  const revoked = select<[number]>('where revoked_at is not null and not_after >= ? order by 1');
  const addGrace = database.prepare(
    'insert into grace (fingerprint, statement, signature) values (@fingerprint, @statement, @signature)',
  );
  const graces = database.prepare<[number], Grace>(
    'select fingerprint, statement, signature from grace order by sequence desc limit ?',
  );
  const replacements = database.prepare<[number], { newer: string; older: string }>(
    `select fingerprint as newer, replaces as older from certificate
     where replaces is not null and not_after >= ?`,
  );
  const revokedPrints = database.prepare<[], { fingerprint: string }>(
    'select fingerprint from revoked join certificate using (serial_number)',
  );
  const revision = database.prepare<[], { revision: number }>(
    `select (select coalesce(max(sequence), 0) from revoked)
          + (select coalesce(max(sequence), 0) from grace)
          + (select coalesce(max(rowid), 0) from certificate) as revision`,
  );
  return {
    add: (certificate) => void add.run({ ...certificate, replaces: certificate.replaces ?? null }),
    find: (serialNumber) => withoutNulls(find.all(serialNumber))[0],
    of: (subject, kinds) =>
      withoutNulls(of.all(subject)).filter(({ kind }) => kinds.includes(kind)),
    current: (at) => withoutNulls(current.all(at)),
    revoke: (serialNumber, at, reason) => revoke.run(serialNumber, at, reason).changes > 0,
    revoked: (at) => withoutNulls(revoked.all(at)),
    addGrace: (grace) => void addGrace.run(grace),
    revision: () => revision.get()?.revision ?? 0,
    standing: (at) => ({
      revoked: revokedPrints.all().map(({ fingerprint }) => fingerprint),
      graces: graces.all(gracesMax),
      replacements: replacements.all(at).map(({ newer, older }) => [newer, older] as const),
    }),
  };
}

type Row = Omit<NewCertificate, 'replaces'> & {
  readonly replaces: string | null;
  readonly revokedAt: number | null;
  readonly reason: RevocationReason | null;
};

function withoutNulls(rows: readonly Row[]): readonly RegisteredCertificate[] {
  return rows.map(({ replaces, revokedAt, reason, ...row }) => ({
    ...row,
    ...(replaces !== null && { replaces }),
    ...(revokedAt !== null && { revokedAt }),
    ...(reason !== null && { reason }),
  }));
}
