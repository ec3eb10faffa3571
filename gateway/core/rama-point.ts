/** By what devices can be taken together. */
export const ramaGroups = ['ward', 'profile', 'class', 'function'] as const;
export type RamaGroup = (typeof ramaGroups)[number];

/** The whole site in the course of scores; no device is named so. */
export const siteName = '_site';

/** The gateway among the scored. */
export const gatewayName = '_gateway';

const dayMs = 86_400_000;

/** How finely the course of a score is kept, and for how long. A day's is kept for ever. */
export const ramaGrains = {
  minute: { everyMs: 60_000, keptMs: 7 * dayMs },
  hour: { everyMs: 3_600_000, keptMs: 90 * dayMs },
  day: { everyMs: dayMs, keptMs: undefined },
} as const satisfies Record<string, { everyMs: number; keptMs: number | undefined }>;

export type RamaGrain = keyof typeof ramaGrains;

/** A score within one minute, hour or day. Where nothing changed there is none. */
export interface RamaPoint {
  /** When the minute, hour or day began. */
  readonly at: number;
  /** The last one. */
  readonly score: number;
  readonly lowest: number;
  readonly low: number;
  readonly high: number;
}
