import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, siteOptions } from '../command.ts';
import { type Episode, episodeStates } from '../core/episode.ts';
import { GatewayError } from '../core/error.ts';
import { type ThreatId, threatIds, threats } from '../core/threat.ts';
import { openPolicyMaker } from '../policy-maker.ts';
import { loadProfiles } from '../site/profiles.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import type { Store } from '../store/store.ts';
import { framesOf, type ShownFrame } from '../ward/evidence.ts';
import { findEpisode } from '../ward/finding-orders.ts';
import { exported } from './findings/export.ts';
import { acknowledge, close, reopen } from './findings/judge.ts';

const countMax = 500;

const list = defineCommand({
  name: 'list',
  summary: 'Lists what looks like an attack, in episodes, newest first.',
  options: z.strictObject({
    dir: dirOption,
    since: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('Those that went on after it (ISO 8601).'),
    threat: z
      .enum(threatIds as unknown as [ThreatId])
      .optional()
      .describe('Only this one.'),
    about: z.string().max(128).optional().describe('Only of this device or address.'),
    state: z.enum(episodeStates).optional().describe('Only those in this state.'),
    json: jsonOption,
  }),
  example: 'wardgate findings --since 2026-11-22T00:00:00Z --json',

  async run({ options: { dir, since, threat, about, state, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const sinceAt = since === undefined ? undefined : Date.parse(since);
      const found = store.journal.episodes.page({ countMax, sinceAt, threat, about, state });
      if (json) print(JSON.stringify(found));
      else for (const episode of found) print(lineOf(episode));
      return 0;
    } finally {
      store.close();
    }
  },
});

const show = defineCommand({
  name: 'show',
  summary: 'Shows one finding: its evidence, what was made of it, its place in the public lists.',
  arguments: ['<number>'],
  options: siteOptions.extend({
    frames: z
      .boolean()
      .default(false)
      .describe('What the device said before and after it, with what names a person masked.'),
  }),
  example: 'wardgate findings show 7 --frames',

  async run({ arguments: [word = ''], options: { dir, json, frames: wantsFrames }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const episode = findEpisode(store, Number(word));
      if (!episode) throw new GatewayError('finding-unknown', `there is no finding ${word}`);
      const frames = wantsFrames ? await maskedFrames(store, dir, episode.sequence) : undefined;
      if (json) print(JSON.stringify({ ...episode, ...(frames && { frames }) }));
      else for (const line of [...pageOf(episode), ...(frames ?? []).map(frameLine)]) print(line);
      return 0;
    } finally {
      store.close();
    }
  },
});

/** A command has no role: what it prints may lie anywhere, so nobody is named in it. */
async function maskedFrames(store: Store, dir: string, sequence: number) {
  const profiles = await loadProfiles(dir);
  const maker = await openPolicyMaker({ directory: dir, relays: [], profiles });
  const frames = framesOf(store, maker.make(store), sequence, false);
  const act = { at: Date.now(), actor: commandActor(), object: `${sequence}` } as const;
  const detail = `${frames.length} frames, masked`;
  store.audit.add({ ...act, action: 'finding.frames', outcome: 'success', detail });
  return frames;
}

function frameLine({ at, channel, byteCount, form, base64 }: ShownFrame): string {
  const said = JSON.stringify(Buffer.from(base64, 'base64').toString('latin1'));
  return `${textOf(at)}  ${channel}  ${byteCount} bytes  ${form}  ${form === 'withheld' ? '' : said}`;
}

function lineOf({ sequence, at, lastAt, count, state, ...rest }: Episode): string {
  const { threat, detector, about, severity, outcome } = rest;
  const lasted = `${textOf(at)}  ${Math.round((lastAt - at) / 1_000)} s`;
  return `${sequence}  ${lasted}  ${threat}  ${detector}  ${about}  ${severity}  ${outcome}  ${count} times  ${state}`;
}

function pageOf(episode: Episode): readonly string[] {
  const { threat, evidence, confidence, cause, actor, changedAt, reason } = episode;
  const { title, ics, enterprise, enisa, owasp2025, stride } = threats[threat];
  const techniques = [...ics.map(({ id }) => id), ...enterprise].join(' ');
  const judged = `${cause ?? episode.state} by ${actor}, ${textOf(changedAt ?? 0)}: ${reason}`;
  return [
    lineOf(episode),
    title,
    `ATT&CK ${techniques}; ENISA ${enisa.join(', ')}; OWASP 2025 ${owasp2025.join(', ')}; STRIDE ${stride}`,
    ...Object.entries({ confidence, ...evidence }).map(([name, value]) => `${name}: ${value}`),
    ...(actor === undefined ? [] : [judged]),
  ];
}

function textOf(at: number): string {
  return new Date(at).toISOString();
}

export default defineCommand({
  name: 'findings',
  summary: 'What looks like an attack: list, evidence, acknowledge, close, export.',
  options: list.options as NonNullable<typeof list.options>,
  example: 'wardgate findings --json',
  run: list.run as NonNullable<typeof list.run>,
  commands: [list, show, acknowledge, close, reopen, exported],
});
