/** The widest table that is read, and the longest cell. */
const cellsMax = 256;
const cellLengthMax = 65_536;

/**
 * The cells of one line (RFC 4180, without line breaks within quotes).
 *
 * @throws RangeError where a quote does not end, or there are too many cells
 */
export function csvCells(line: string): readonly string[] {
  const cells: string[] = [];
  let at = 0;
  do {
    if (cells.length === cellsMax) throw new RangeError(`more than ${cellsMax} cells`);
    const end = line[at] === '"' ? quotedEnd(line, at) : plainEnd(line, at);
    if (end - at > cellLengthMax) throw new RangeError(`a cell of ${end - at} characters`);
    const cell = line.slice(at, end);
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell.trim());
    at = end + 1;
  } while (at <= line.length);
  return cells;
}

function plainEnd(line: string, at: number): number {
  const end = line.indexOf(',', at);
  return end < 0 ? line.length : end;
}

function quotedEnd(line: string, at: number): number {
  let quote = line.indexOf('"', at + 1);
  while (quote >= 0 && line[quote + 1] === '"') quote = line.indexOf('"', quote + 2);
  const end = quote + 1;
  if (quote < 0 || (end < line.length && line[end] !== ',')) {
    throw new RangeError('a quote that does not end');
  }
  return end;
}
