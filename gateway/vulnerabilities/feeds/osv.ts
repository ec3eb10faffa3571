import { z } from 'zod';
import type { Affected, VersionRange } from '../../core/vulnerability.ts';
import { packageUrlOf, parsePackageUrl } from '../package-url.ts';
import {
  limits,
  Moment,
  Name,
  nothing,
  problemOf,
  type Told,
  tell,
  titleOf,
  VulnerabilityId,
} from './told.ts';

const Event = z.object({
  introduced: Name.optional(),
  fixed: Name.optional(),
  last_affected: Name.optional(),
});

const Range = z.object({ type: z.string().max(32), events: z.array(Event).max(10_000) });

const Package = z.object({ ecosystem: Name, name: Name, purl: z.string().max(2_048).optional() });

const Entry = z.object({
  id: VulnerabilityId,
  modified: Moment,
  withdrawn: Moment.optional(),
  aliases: z.array(VulnerabilityId).max(64).default([]),
  summary: z.string().max(100_000).default(''),
  severity: z
    .array(z.object({ score: z.string().max(512) }))
    .max(limits.vectors)
    .default([]),
  affected: z
    .array(
      z.object({
        package: Package.optional(),
        ranges: z.array(Range).max(1_000).default([]),
        versions: z.array(Name).max(100_000).default([]),
      }),
    )
    .max(limits.products)
    .default([]),
});

/** An advisory of the Open Source Vulnerability format 1.x. */
export function readOsv(entry: unknown, source: string): Told {
  const { success, data, error } = Entry.safeParse(entry);
  if (!success) return nothing(problemOf(`an advisory of ${source}`, error));
  const { id, aliases, modified, withdrawn, summary, severity, affected } = data;
  const read = affected.map(({ package: of, ranges, versions }): Affected | undefined => {
    const name = of && packageOf(of);
    if (name === undefined) return undefined;
    // Ranges of commits say nothing of versions; the versions beside them do.
    const ordered = ranges.filter(({ type }) => type !== 'GIT');
    return {
      by: 'package',
      package: name,
      versions,
      ranges: ordered.flatMap(({ events }) => rangesOf(events)),
    };
  });
  const known = read.filter((each) => each !== undefined);
  const lost = read.length - known.length;
  return tell({
    vulnerabilities: [
      {
        id: aliases.find((alias) => alias.startsWith('CVE-')) ?? id,
        source: `osv:${id}`,
        title: titleOf(summary),
        modifiedAt: modified,
        isWithdrawn: withdrawn !== undefined,
        vectors: severity.map(({ score }) => score),
        isExploitPublic: false,
        affected: known,
      },
    ],
    problems:
      lost > 0 ? [`${id} of ${source}: ${lost} packages of ecosystems that are not known`] : [],
  });
}

/** Package URL types of OSV’s ecosystems; what follows a colon is a release of it. */
const typeOf: Readonly<Record<string, string>> = {
  npm: 'npm',
  PyPI: 'pypi',
  Go: 'golang',
  'crates.io': 'cargo',
  NuGet: 'nuget',
  RubyGems: 'gem',
  Packagist: 'composer',
  Hex: 'hex',
  Maven: 'maven',
};

function packageOf({ ecosystem, name, purl }: z.output<typeof Package>): string | undefined {
  if (purl !== undefined) return parsePackageUrl(purl)?.package;
  const [family = ''] = ecosystem.split(':');
  if (family === 'Debian') return packageUrlOf('deb', 'debian', name);
  const type = typeOf[family];
  if (type === undefined) return undefined;
  const cut = name.lastIndexOf(type === 'maven' ? ':' : '/');
  return packageUrlOf(type, cut < 0 ? undefined : name.slice(0, cut), name.slice(cut + 1));
}

/** Each `introduced` opens a range which the next `fixed` or `last_affected` ends; `0` is the very first. */
function rangesOf(events: readonly z.output<typeof Event>[]): VersionRange[] {
  const ranges: VersionRange[] = [];
  let open: VersionRange | undefined;
  for (const { introduced, fixed, last_affected: last } of events) {
    if (introduced !== undefined) {
      if (open) ranges.push(open);
      open = introduced === '0' ? {} : { startIncluding: introduced };
    }
    if (fixed === undefined && last === undefined) continue;
    ranges.push({
      ...open,
      ...(fixed === undefined ? { endIncluding: last } : { endExcluding: fixed }),
    });
    open = undefined;
  }
  return open ? [...ranges, open] : ranges;
}
