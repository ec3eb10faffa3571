import { nothing, type Told, tell, VulnerabilityId } from './told.ts';

const rowCharsMax = 200;

/** One row of FIRST’s EPSS scores, `cve,epss,percentile`. */
export function readEpss(row: unknown, source: string): Told {
  const text = typeof row === 'string' ? row.trim() : '';
  const [id = '', epss = '', percentile = '', ...more] = text.slice(0, rowCharsMax).split(',');
  const isRow = [epss, percentile].every((figure) => /^\d(\.\d+)?(e-\d+)?$/i.test(figure));
  const value = Number(epss);
  if (!isRow || more.length > 0 || value > 1 || !VulnerabilityId.safeParse(id).success) {
    return nothing(`a row of ${source} is no CVE with two figures from 0 to 1`);
  }
  return tell({ likelihoods: [{ id, epss: value }] });
}

/** What stands before the rows, as `#model_version:v2025.03.14,score_date:2026-08-22T00:00:00+0000`. */
export function scoreDateOf(comment: string): string | undefined {
  return /score_date:([0-9T:+Z-]{10,32})/.exec(comment)?.[1];
}

export const epssHead = 'cve,epss,percentile';
