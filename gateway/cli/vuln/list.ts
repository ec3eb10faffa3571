import { z } from 'zod';
import { defineCommand, dirOption, type Invocation, jsonOption } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import { gatewayModel } from '../../core/vulnerability.ts';
import {
  byUrgency,
  type FeedState,
  feedState,
  feedsPublishedAt,
  isOpen,
  type ListedVulnerability,
} from '../../exposure/vulnerability-list.ts';
import { type Subject, subjectsOf } from '../../exposure/vulnerability-subjects.ts';
import { openSiteStore } from '../../site/site.ts';
import { ssvcMeanings } from '../../vulnerabilities/ssvc.ts';

export const listOptions = z.strictObject({
  dir: dirOption,
  all: z.boolean().default(false).describe('Also what was closed by a statement (VEX).'),
  json: jsonOption,
});

interface Listed extends Omit<Subject, 'list'> {
  readonly vulnerabilities: readonly ListedVulnerability[];
}

/** What affects each device, or the one that is named; `gateway` is the gateway itself. */
export async function listSite({
  arguments: [id],
  options,
  print,
}: Invocation<z.output<typeof listOptions>>): Promise<0 | 1> {
  const now = Date.now();
  const { config, store } = openSiteStore(options.dir);
  try {
    const subjects = await subjectsOf(store, config, options.dir, now);
    const chosen = subjects.filter((each) => id === undefined || each.id === id);
    if (chosen.length === 0 && id !== undefined) {
      throw new GatewayError(
        'device-unknown',
        `there is no device ${id}, nor is it ${gatewayModel}`,
      );
    }
    const listed = chosen.map(({ list, ...subject }): Listed => {
      const rows = list().filter((row) => options.all || isOpen(row));
      return { ...subject, vulnerabilities: [...rows].sort(byUrgency) };
    });
    const feeds = store.vulnerabilities.feeds();
    const state = feedState(feeds, now);
    const publishedAt = feedsPublishedAt(feeds);
    if (options.json) {
      print(JSON.stringify({ feedState: state, publishedAt, feeds, devices: listed }));
    } else for (const line of textOf(listed, state)) print(line);
    return 0;
  } finally {
    store.close();
  }
}

const feedNotes: Record<FeedState, string> = {
  fresh: 'Feeds: at most 7 days old.',
  stale: 'Feeds: older than 7 days, or undated. What is not listed is not known to be safe.',
  missing:
    'Feeds: no list of vulnerabilities (NVD or OSV) or no list of exploited ones (KEV) was imported. What is not listed is not known to be safe.',
};

function* textOf(listed: readonly Listed[], state: FeedState): Iterable<string> {
  yield feedNotes[state];
  for (const { id, model, hasBill, matchedAt, vulnerabilities } of listed) {
    yield `${id}  ${model}  ${vulnerabilities.length} vulnerabilities`;
    if (!hasBill) yield '  No bill of materials: matched by maker and name alone.';
    if (matchedAt === undefined) yield '  Never matched: run wardgate vuln match.';
    for (const row of vulnerabilities) yield `  ${lineOf(row)}`;
  }
  const actions = new Set(
    listed.flatMap(({ vulnerabilities: rows }) => rows.map((row) => row.ssvc)),
  );
  for (const action of actions) yield `${action}: ${ssvcMeanings[action]}`;
}

function lineOf(row: ListedVulnerability): string {
  const { cvss, deadline, component, exploitedSince, verdict, doubt, status } = row;
  return [
    row.id,
    row.ssvc,
    deadlineText(deadline),
    cvss ? `CVSS ${cvss.environmental.toFixed(1)}` : 'no CVSS',
    exploitedSince === undefined ? undefined : 'exploited',
    verdict === 'affected' ? undefined : `unknown (${doubt})`,
    status,
    `${component.name} ${component.version ?? '?'}`,
  ]
    .filter((each) => each !== undefined)
    .join('  ');
}

function deadlineText({ days, dueAt }: ListedVulnerability['deadline']): string {
  if (days === undefined || dueAt === undefined) return 'next upgrade';
  return `by ${new Date(dueAt).toISOString().slice(0, 10)}`;
}

export const list = defineCommand({
  name: 'list',
  summary: 'Shows what affects each device and the gateway itself, the most urgent first.',
  arguments: ['[id]'],
  options: listOptions,
  example: 'wardgate vuln list pump-3',
  run: listSite,
});
