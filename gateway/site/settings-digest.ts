import { createHash } from 'node:crypto';

/** SHA-256 of every setting, by its path: what changed can be said without saying what it is. */
export type SettingsDigest = Readonly<Record<string, string>>;

/** One path a leaf; a list is named by its place: `relays.0.url`. */
export function digestSettings(settings: unknown, path = ''): SettingsDigest {
  if (typeof settings !== 'object' || settings === null) {
    const text = JSON.stringify(settings) ?? '';
    return { [path]: createHash('sha256').update(text).digest('hex') };
  }
  const parts = Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => digestSettings(value, path === '' ? key : `${path}.${key}`));
  return Object.assign({}, ...parts);
}

/** The paths that came, went or have another value. */
export function changedSettings(before: SettingsDigest, after: SettingsDigest): readonly string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].filter((path) => before[path] !== after[path]).sort();
}

/** One digest for all of them. */
export function digestOfAll(digest: SettingsDigest): string {
  const rows = Object.entries(digest).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}
