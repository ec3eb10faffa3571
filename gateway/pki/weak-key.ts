import type { KeyObject } from 'node:crypto';

/**
 * Says what makes an RSA key guessable although its size is right, or undefined. The checks are
 * those of the CA/Browser Forum Baseline Requirements 6.1.1.3 and 6.1.6. Any other key: undefined.
 */
export function weaknessOf(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== 'rsa') return undefined;
  const { n, e } = key.export({ format: 'jwk' });
  const modulus = integer(n);
  const exponent = integer(e);
  if (exponent < exponentMin || exponent > exponentMax || exponent % 2n === 0n)
    return 'the public exponent is even, below 65537 or above 2^256';
  if (primes.some((prime) => modulus % prime === 0n)) return 'the modulus has a small factor';
  if (hasRocaFingerprint(modulus)) return 'the modulus has the ROCA fingerprint (CVE-2017-15361)';
  if (hasClosePrimes(modulus)) return 'the primes are close together (CVE-2022-26320)';
  return undefined;
}

const exponentMin = 65_537n;
const exponentMax = 2n ** 256n - 1n;
/** Trial division up to here (Baseline Requirements 6.1.6). */
const smallFactorMax = 751;
/** Rounds of Fermat's factorisation (Baseline Requirements 6.1.1.3). */
const fermatRoundsMax = 100;
/** The largest prime of the fingerprint: Infineon's generator used 39 primes or more. */
const rocaPrimeMax = 167n;

const primes: readonly bigint[] = Array.from({ length: smallFactorMax + 1 }, (_, n) => n)
  .filter((n) => n > 1 && isPrime(n))
  .map(BigInt);

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) if (n % divisor === 0) return false;
  return true;
}

/** For each small prime, the powers of 65537: a modulus that is one for every prime is no chance. */
const rocaPowers = primes
  .filter((prime) => prime <= rocaPrimeMax)
  .map((prime) => {
    const powers = new Set<bigint>();
    for (let power = 1n % prime; !powers.has(power); power = (power * 65_537n) % prime)
      powers.add(power);
    return { prime, powers };
  });

function hasRocaFingerprint(modulus: bigint): boolean {
  return rocaPowers.every(({ prime, powers }) => powers.has(modulus % prime));
}

function hasClosePrimes(modulus: bigint): boolean {
  let mean = squareRoot(modulus);
  if (mean * mean < modulus) mean += 1n;
  for (let round = 0; round < fermatRoundsMax; round += 1, mean += 1n) {
    const square = mean * mean - modulus;
    if (squareRoot(square) ** 2n === square) return true;
  }
  return false;
}

/** Newton's method; the guess only falls, and halves its distance, so it ends. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let guess = 1n << BigInt((n.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + n / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

function integer(text: string | undefined): bigint {
  return BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex') || '0'}`);
}
