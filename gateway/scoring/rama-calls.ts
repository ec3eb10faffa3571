import type { Instant } from '../core/observation.ts';
import type { RamaKeeping } from './rama-keeping.ts';

/** What the main thread asks about scores. Plain data in and out. */
export interface RamaCalls {
  /** Scores what changed; once a second, one call at a time. */
  rescore(now: Instant): ReturnType<RamaKeeping['turn']>;
  ramaRated: RamaKeeping['rated'];
  ramaSite: RamaKeeping['site'];
  ramaReport: RamaKeeping['report'];
  ramaCourse: RamaKeeping['course'];
}

export function ramaCalls(rama: RamaKeeping): RamaCalls {
  return {
    rescore: (now) => rama.turn(now),
    ramaRated: () => rama.rated(),
    ramaSite: (group) => rama.site(group),
    ramaReport: (id, now) => rama.report(id, now),
    ramaCourse: (id, grain, countMax) => rama.course(id, grain, countMax),
  };
}
