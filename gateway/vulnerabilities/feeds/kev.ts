import { z } from 'zod';
import { Moment, nothing, problemOf, type Told, tell, VulnerabilityId } from './told.ts';

const Entry = z.object({ cveID: VulnerabilityId, dateAdded: Moment });

/** One element of `vulnerabilities` of CISA’s catalogue of known exploited vulnerabilities. */
export function readKev(entry: unknown, source: string): Told {
  const { success, data, error } = Entry.safeParse(entry);
  if (!success) return nothing(problemOf(`an entry of ${source}`, error));
  return tell({ exploited: [{ id: data.cveID, addedAt: data.dateAdded }] });
}
