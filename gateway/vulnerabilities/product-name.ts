/** Letters and digits alone: makers, catalogues and advisories spell one name in many ways. */
export function nameKey(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

/**
 * Whether two names are of one maker: one begins with the other, as in “B. Braun” and “B. Braun
 * Medical”. A component without one is not excluded by it.
 */
export function isSameVendor(first: string, second: string | undefined): boolean {
  if (second === undefined) return true;
  const [a, b] = [nameKey(first), nameKey(second)];
  return a.startsWith(b) || b.startsWith(a);
}
