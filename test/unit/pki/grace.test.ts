import { createPrivateKey } from 'node:crypto';
import { expect, it } from 'vitest';
import {
  type GraceClaims,
  graceDaysMax,
  readGrace,
  signGrace,
} from '../../../gateway/pki/grace.ts';
import { generateKey } from '../../../gateway/pki/keys.ts';

const dayMs = 86_400_000;
const authority = await generateKey('ecdsa-p256');
const stranger = await generateKey('ecdsa-p256');
const claims: GraceClaims = {
  fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
  device: 'oxi-12',
  givenAt: 1_000,
  until: 1_000 + 3 * dayMs,
  reason: 'was in the store room',
};
const signWith = ({ privateKeyPem }: typeof authority, what = claims) =>
  signGrace(what, createPrivateKey(privateKeyPem));

it('says what the authority signed', () => {
  expect(readGrace(signWith(authority), [stranger.publicKey, authority.publicKey])).toEqual(claims);
});

it('is nothing when another key signed it, or nobody, or when it was changed', () => {
  const { statement, signature } = signWith(authority);
  const longer = statement.replace(String(claims.until), String(claims.until + dayMs));
  expect(longer).not.toBe(statement);
  expect(readGrace(signWith(stranger), [authority.publicKey])).toBeUndefined();
  expect(readGrace({ statement, signature: '' }, [authority.publicKey])).toBeUndefined();
  expect(readGrace({ statement: longer, signature }, [authority.publicKey])).toBeUndefined();
  expect(readGrace({ statement, signature }, [])).toBeUndefined();
});

it('is nothing when it lasts longer than a grace may, whoever signed it', () => {
  const endless = { ...claims, until: claims.givenAt + graceDaysMax * dayMs + 1 };
  expect(readGrace(signWith(authority, endless), [authority.publicKey])).toBeUndefined();
});
