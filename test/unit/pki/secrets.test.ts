import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createSecret, ensureSecret, readSecret } from '../../../gateway/pki/secrets.ts';

it('reads back the secret it made', () => {
  const site = makeSite();
  const secret = createSecret(site, 'store.key');
  expect(secret).toHaveLength(32);
  expect(readSecret(site, 'store.key')).toEqual(secret);
  expect(createSecret(site, 'other.key', 16)).toHaveLength(16);
});

it('keeps a secret where only its owner reads it, and leaves nothing beside it', () => {
  const site = makeSite();
  createSecret(site, 'store.key');
  expect(statSync(join(site, 'pki')).mode & 0o777).toBe(0o700);
  expect(statSync(join(site, 'pki/store.key')).mode & 0o777).toBe(0o600);
  expect(statSync(join(site, 'pki/store.key')).nlink).toBe(1);
  expect(readdirSync(join(site, 'pki'))).toEqual(['store.key']);
});

it('never replaces a secret', () => {
  const site = makeSite();
  const secret = createSecret(site, 'store.key');
  expect(() => createSecret(site, 'store.key')).toThrow(failure('site-exists'));
  expect(readSecret(site, 'store.key')).toEqual(secret);
  expect(readdirSync(join(site, 'pki'))).toEqual(['store.key']);
});

it('makes a secret on its first use only', () => {
  const site = makeSite();
  const secret = ensureSecret(site, 'pseudonym-ehr.key');
  expect(ensureSecret(site, 'pseudonym-ehr.key')).toEqual(secret);
  expect(ensureSecret(site, 'pseudonym-hl7.key')).not.toEqual(secret);
});

it.each([0o640, 0o604, 0o620, 0o602, 0o610])('refuses a secret of mode %o', (mode) => {
  const site = makeSite();
  createSecret(site, 'store.key');
  chmodSync(join(site, 'pki/store.key'), mode);
  expect(() => readSecret(site, 'store.key')).toThrow(failure('secret-exposed'));
  expect(() => ensureSecret(site, 'store.key')).toThrow(failure('secret-exposed'));
});

it('judges the file itself, not the link that leads to it', () => {
  const site = makeSite();
  createSecret(site, 'store.key');
  symlinkSync('store.key', join(site, 'pki/linked.key'));
  expect(readSecret(site, 'linked.key')).toEqual(readSecret(site, 'store.key'));
  chmodSync(join(site, 'pki/store.key'), 0o644);
  expect(() => readSecret(site, 'linked.key')).toThrow(failure('secret-exposed'));
});

it.each([
  ['empty', ''],
  ['short', '00'.repeat(15)],
  ['cut', '00'.repeat(16).slice(1)],
  ['not hexadecimal', 'zz'.repeat(32)],
  ['larger than any secret', '00'.repeat(40_000)],
])('calls a secret missing that is %s, and does not make another', (_, content) => {
  const site = makeSite();
  mkdirSync(join(site, 'pki'));
  const path = join(site, 'pki/store.key');
  writeFileSync(path, content, { mode: 0o600 });
  expect(() => readSecret(site, 'store.key')).toThrow(failure('secret-missing'));
  expect(() => ensureSecret(site, 'store.key')).toThrow(failure('secret-missing'));
  expect(readFileSync(path, 'utf8')).toBe(content);
});

it('calls a secret missing that is not there, or no file', () => {
  const site = makeSite();
  expect(() => readSecret(site, 'store.key')).toThrow(failure('secret-missing'));
  mkdirSync(join(site, 'pki/store.key'), { recursive: true });
  expect(() => readSecret(site, 'store.key')).toThrow(failure('secret-missing'));
});

it.each(['../store.key', 'a/b.key', '.key', 'store', 'STORE.key', 'a\0.key', 'root.pem'])(
  'refuses %j as the name of a secret',
  (name) => {
    const site = makeSite();
    expect(() => createSecret(site, name)).toThrow(failure('usage'));
    expect(() => readSecret(site, name)).toThrow(failure('usage'));
  },
);

function makeSite(): string {
  const site = mkdtempSync(join(tmpdir(), 'wardgate-secrets-'));
  onTestFinished(() => rmSync(site, { recursive: true }));
  return site;
}

function failure(code: string) {
  return expect.objectContaining({ code });
}
