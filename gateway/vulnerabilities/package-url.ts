import { PackageURL } from 'packageurl-js';
import type { VersionScheme } from './version-order.ts';

/** A package URL, read. */
export interface PackageUrl {
  readonly type: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly version?: string | undefined;
  /** Type, namespace and name alone: what it is whatever its version. */
  readonly package: string;
}

const purlCharsMax = 2_048;

/** Undefined where the text is no package URL. */
export function parsePackageUrl(text: string): PackageUrl | undefined {
  if (text.length > purlCharsMax || !text.startsWith('pkg:')) return undefined;
  try {
    const { type, namespace, name, version } = PackageURL.fromString(text);
    if (!type || !name) return undefined;
    const bare = new PackageURL(type, namespace, name, undefined, undefined, undefined);
    return {
      type,
      name,
      namespace: namespace || undefined,
      version: version || undefined,
      package: bare.toString(),
    };
  } catch {
    // The package throws on whatever the specification does not allow.
    return undefined;
  }
}

/** @param scope of npm with its at sign, group of Maven. */
export function packageUrlOf(
  type: string,
  scope: string | undefined,
  name: string,
  version?: string,
): string {
  return new PackageURL(type, scope, name, version, undefined, undefined).toString();
}

/** How the versions of a type follow each other. Those not named here are compared only where it is plain. */
export function schemeOf(type: string): VersionScheme {
  if (type === 'deb') return 'debian';
  return ['npm', 'cargo', 'golang', 'hex', 'pub', 'swift'].includes(type) ? 'semver' : 'dotted';
}
