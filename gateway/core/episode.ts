import { type Finding, severities } from './finding.ts';

/** Findings of one detector about one device or address within this time are one episode. */
export const episodeMs = 600_000;

export const episodeStates = ['new', 'acknowledged', 'closed'] as const;
export type EpisodeState = (typeof episodeStates)[number];

/** Why a person closed an episode. The score of a device reads it. */
export const closeCauses = {
  attack: 'It was an attack, and it was answered.',
  'false-positive': 'It was none: the detector was wrong.',
  fixed: 'A fault of a device or of the site, which is mended.',
  accepted: 'It is so, and the site accepts it.',
  test: 'Somebody tested, as agreed.',
} as const satisfies Record<string, string>;

export type CloseCause = keyof typeof closeCauses;

/** Which of an episode’s states each order starts from, and where it leads. */
export const episodeOrders = {
  acknowledge: { from: ['new'], to: 'acknowledged' },
  close: { from: ['new', 'acknowledged'], to: 'closed' },
  reopen: { from: ['closed'], to: 'new' },
} as const satisfies Record<string, { from: readonly EpisodeState[]; to: EpisodeState }>;

export type EpisodeOrderName = keyof typeof episodeOrders;

/**
 * What a security officer works with: one detector, one device or address, ten minutes. `at` is when
 * it began; severity, evidence, confidence and outcome are the worst of its findings.
 */
export interface Episode extends Finding {
  readonly sequence: number;
  readonly lastAt: number;
  readonly count: number;
  readonly state: EpisodeState;
  readonly cause?: CloseCause | undefined;
  /** Who changed its state last, when, and why. */
  readonly actor?: string | undefined;
  readonly changedAt?: number | undefined;
  readonly reason?: string | undefined;
}

/** What an episode says once another finding has joined it. */
export type EpisodeFigures = Pick<
  Episode,
  'lastAt' | 'count' | 'severity' | 'confidence' | 'outcome' | 'evidence'
>;

export function joined(episode: EpisodeFigures, finding: Finding): EpisodeFigures {
  const isWorse = severities.indexOf(finding.severity) > severities.indexOf(episode.severity);
  const { severity, evidence } = isWorse ? finding : episode;
  const isBlocked = episode.outcome === 'blocked' && finding.outcome === 'blocked';
  return {
    lastAt: Math.max(episode.lastAt, finding.at),
    count: episode.count + 1,
    severity,
    evidence,
    confidence: Math.max(episode.confidence, finding.confidence),
    outcome: isBlocked ? 'blocked' : 'detected',
  };
}
