import type { Instant } from '../core/observation.ts';
import type { TagList, ThreatEpisode } from '../core/rama.ts';
import { threats } from '../core/threat.ts';
import { factors, threatFigures } from './criteria.ts';
import type { Item } from './item.ts';

const { severity, halfLifeMs, outcome, fixedHalfLifeMs } = threatFigures;

/** Factor T: one item an episode, less of it with every hour that nothing more happens. */
export function threatItems(episodes: readonly ThreatEpisode[], now: Instant): Item[] {
  return episodes
    .map((episode): Item => {
      const { threat, detector, at } = episode;
      return {
        id: `${threat}/${detector}/${at}`,
        factor: 'T',
        title: threats[threat].title,
        badness: threatBadness(episode, now),
        best: 0,
        state: 'known',
        tags: tagsOf(episode),
      };
    })
    .filter(({ badness }) => badness > 0)
    .sort((a, b) => (a.id === b.id ? a.badness - b.badness : a.id < b.id ? -1 : 1));
}

export function threatBadness(episode: ThreatEpisode, now: Instant): number {
  const { at, causeFixedAt = now } = episode;
  const fixedAt = Math.max(at, Math.min(now, causeFixedAt));
  const open = Math.max(0, fixedAt - at) / halfLifeMs[episode.severity];
  const fixed = Math.max(0, now - fixedAt) / fixedHalfLifeMs;
  return (
    severity[episode.severity] *
    Math.min(1, Math.max(0, episode.confidence)) *
    outcome[episode.outcome] *
    2 ** -(open + fixed)
  );
}

/** The first class of each list that the detection names; its factor's where it names none. */
function tagsOf({ threat }: ThreatEpisode): Readonly<Record<TagList, string>> {
  const { enisa, owasp2021, owasp2025, iot } = threats[threat];
  const fallback = factors.T.tags;
  return {
    enisa: `${enisa[0] ?? fallback.enisa}`,
    owasp2021: owasp2021[0] ?? fallback.owasp2021,
    owasp2025: owasp2025[0] ?? fallback.owasp2025,
    iot: iot[0] ?? fallback.iot,
  };
}
