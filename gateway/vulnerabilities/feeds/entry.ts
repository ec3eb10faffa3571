import type { FeedKind } from '../../core/vulnerability.ts';
import { readCsaf } from './csaf.ts';
import { readCycloneDxVex } from './cyclone-dx-vex.ts';
import { readEpss } from './epss.ts';
import { readKev } from './kev.ts';
import { readNvd } from './nvd.ts';
import { readOpenVex } from './open-vex.ts';
import { readOsv } from './osv.ts';
import type { Told } from './told.ts';

/** By kind of feed: one entry of it, parsed from JSON, and the feed’s name -> what it says. */
export const readEntry = {
  nvd: readNvd,
  kev: readKev,
  epss: readEpss,
  csaf: readCsaf,
  openvex: readOpenVex,
  'cyclonedx-vex': readCycloneDxVex,
  osv: readOsv,
} as const satisfies Record<FeedKind, (entry: unknown, source: string) => Told>;
