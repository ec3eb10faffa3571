import {
  checkPrimeSync,
  createPublicKey,
  generateKeyPairSync,
  generatePrimeSync,
} from 'node:crypto';
import { expect, it } from 'vitest';
import { weaknessOf } from '../../../gateway/pki/weak-key.ts';

it('has nothing against sound keys', () => {
  for (const modulusLength of [2048, 2048, 2048, 3072]) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
    expect(weaknessOf(publicKey)).toBeUndefined();
  }
  expect(weaknessOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)).toBeUndefined();
});

it.each([3n, 17n, 65_535n, 65_538n, 2n ** 256n + 1n])(
  'knows the exponent %i as weak',
  (exponent) => {
    expect(weaknessOf(rsaKey(soundModulus(), exponent))).toMatch('exponent');
  },
);

it('knows a modulus with a small factor', () => {
  expect(weaknessOf(rsaKey(751n * soundModulus()))).toMatch('small factor');
});

it('knows primes that are close together', () => {
  const prime = generatePrimeSync(1024, { bigint: true });
  expect(weaknessOf(rsaKey(prime * nextPrime(prime)))).toMatch('close together');
  expect(weaknessOf(rsaKey(prime * prime))).toMatch('close together');
});

it('knows the primes of the broken chip', () => {
  expect(weaknessOf(rsaKey(rocaPrime() * rocaPrime()))).toMatch('ROCA');
});

function soundModulus(): bigint {
  return generatePrimeSync(1024, { bigint: true }) * generatePrimeSync(1024, { bigint: true });
}

function nextPrime(after: bigint): bigint {
  // Primes of this size are about 710 apart; 100,000 tries cannot all miss.
  for (let step = 2n; step < 200_000n; step += 2n) {
    if (checkPrimeSync(after + step)) return after + step;
  }
  return expect.unreachable();
}

/** k·M + 65537^a mod M, where M is the product of the small primes (Nemec et al., 2017). */
function rocaPrime(): bigint {
  const small = Array.from({ length: 700 }, (_, n) => n).filter(
    (n) => n > 1 && checkPrimeSync(BigInt(n)),
  );
  const product = small.reduce((all, prime) => all * BigInt(prime), 1n);
  const power = 65_537n ** BigInt(1 + Math.floor(Math.random() * 500)) % product;
  const start = (3n << 1022n) / product;
  for (let k = start; k < start + 100_000n; k += 1n) {
    if (checkPrimeSync(k * product + power)) return k * product + power;
  }
  return expect.unreachable();
}

function rsaKey(modulus: bigint, exponent = 65_537n) {
  return createPublicKey({
    key: { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) },
    format: 'jwk',
  });
}

function base64url(value: bigint): string {
  const digits = value.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString(
    'base64url',
  );
}
