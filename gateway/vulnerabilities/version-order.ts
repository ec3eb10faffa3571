/**
 * How versions of a kind follow each other. What cannot be put in an order with certainty is
 * undefined, and whoever asks must treat that as unknown.
 */
export type VersionScheme = 'semver' | 'debian' | 'dotted';

/** Longer texts are no versions. */
const versionCharsMax = 256;

/** Negative when the first is the earlier one; undefined when that cannot be said. */
export function compareVersions(
  first: string,
  second: string,
  scheme: VersionScheme,
): number | undefined {
  if (first.length > versionCharsMax || second.length > versionCharsMax) return undefined;
  switch (scheme) {
    case 'semver':
      return compareSemver(first, second);
    case 'debian':
      return compareDebian(first, second);
    case 'dotted':
      return compareDotted(first, second);
  }
}

interface Semver {
  readonly numbers: readonly bigint[];
  readonly prerelease: readonly string[];
}

/** Semantic Versioning 2.0.0, 11. A leading v and fewer than three numbers are let pass. */
function compareSemver(first: string, second: string): number | undefined {
  const [a, b] = [parseSemver(first), parseSemver(second)];
  if (!a || !b) return undefined;
  const byNumber = compareNumbers(a.numbers, b.numbers);
  if (byNumber !== 0) return byNumber;
  // A prerelease comes before its release.
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return Math.sign(b.prerelease.length - a.prerelease.length);
  }
  return comparePrerelease(a.prerelease, b.prerelease);
}

function parseSemver(text: string): Semver | undefined {
  const match = /^[v=]?(\d+(?:\.\d+){0,2})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/.exec(
    text.trim(),
  );
  if (!match) return undefined;
  const prerelease = match[2]?.split('.') ?? [];
  if (prerelease.includes('')) return undefined;
  return { numbers: (match[1] ?? '').split('.').map(BigInt), prerelease };
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x = '', y = ''] = [a[index], b[index]];
    const [isX, isY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (isX !== isY) return isX ? -1 : 1;
    const order = isX ? compareValues(BigInt(x), BigInt(y)) : compareValues(x, y);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

/** Debian Policy 5.6.12: epoch, upstream version, revision. */
function compareDebian(first: string, second: string): number | undefined {
  const [a, b] = [parseDebian(first), parseDebian(second)];
  if (!a || !b) return undefined;
  return (
    compareValues(a.epoch, b.epoch) ||
    compareDebianPart(a.upstream, b.upstream) ||
    compareDebianPart(a.revision, b.revision)
  );
}

function parseDebian(text: string) {
  const match = /^(?:(\d+):)?(\d[A-Za-z0-9.+~:-]*?)(?:-([A-Za-z0-9.+~]+))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, epoch = '0', upstream = '', revision = '0'] = match;
  return { epoch: BigInt(epoch), upstream, revision };
}

function compareDebianPart(a: string, b: string): number {
  let [left, right] = [a, b];
  while (left !== '' || right !== '') {
    const [wordA = '', wordB = ''] = [/^\D*/.exec(left)?.[0], /^\D*/.exec(right)?.[0]];
    const byWord = compareDebianWords(wordA, wordB);
    if (byWord !== 0) return byWord;
    [left, right] = [left.slice(wordA.length), right.slice(wordB.length)];
    const [digitsA = '', digitsB = ''] = [/^\d*/.exec(left)?.[0], /^\d*/.exec(right)?.[0]];
    const byNumber = compareValues(BigInt(digitsA || 0), BigInt(digitsB || 0));
    if (byNumber !== 0) return byNumber;
    [left, right] = [left.slice(digitsA.length), right.slice(digitsB.length)];
  }
  return 0;
}

/** A tilde comes before the end, the end before letters, letters before all else. */
function compareDebianWords(a: string, b: string): number {
  const rank = (char: string | undefined) => {
    if (char === '~') return -1;
    if (char === undefined) return 0;
    return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
  };
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = rank(a[index]) - rank(b[index]);
    if (order !== 0) return Math.sign(order);
  }
  return 0;
}

/** Words that are known to come before their release. */
const stages = ['dev', 'alpha', 'beta', 'rc'];

/** A run of digits or of letters, and what stands before it. */
interface Run {
  readonly separator: string;
  readonly value: bigint | string;
}

/**
 * Runs of digits and letters of no stated scheme, as makers of firmware write them. An order is
 * stated only where two texts differ in a number, or in a letter, in the same place: whether `1.0b`
 * is later than `1.0` or its beta, or `1.0-1` than `1.0.1`, nobody can say from outside.
 */
function compareDotted(first: string, second: string): number | undefined {
  const [a, b] = [parseDotted(first), parseDotted(second)];
  if (!a || !b) return undefined;
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compareRuns(a[index], b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareRuns(x: Run | undefined, y: Run | undefined): number | undefined {
  // `1.2` is `1.2.0`; the end against anything else says nothing.
  const end: Run = { separator: '.', value: 0n };
  const [a, b] = [x ?? end, y ?? end];
  if (a.separator !== b.separator || typeof a.value !== typeof b.value) return undefined;
  if (typeof a.value === 'bigint') return compareValues(a.value, BigInt(b.value));
  return a.value === b.value ? 0 : compareWords(a.value, String(b.value));
}

function compareWords(x: string, y: string): number | undefined {
  const [stageX, stageY] = [stages.indexOf(x), stages.indexOf(y)];
  if (x.length === 1 && y.length === 1) return compareValues(x, y);
  return stageX >= 0 && stageY >= 0 ? Math.sign(stageX - stageY) : undefined;
}

function parseDotted(text: string): readonly Run[] | undefined {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/^(?:v(?:er(?:sion)?)?|rev)[ .]*(?=\d)/, '');
  if (!/^[a-z0-9]+(?:[._ +~-][a-z0-9]+)*$/.test(plain) || !/\d/.test(plain)) return undefined;
  return [...plain.matchAll(/([._ +~-]?)(\d+|[a-z]+)/g)].map(([, separator = '', run = '']) => ({
    separator,
    value: /^\d/.test(run) ? BigInt(run) : run,
  }));
}

function compareNumbers(a: readonly bigint[], b: readonly bigint[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = compareValues(a[index] ?? 0n, b[index] ?? 0n);
    if (order !== 0) return order;
  }
  return 0;
}

function compareValues<Value extends string | bigint>(a: Value, b: Value): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
