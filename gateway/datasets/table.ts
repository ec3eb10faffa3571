import { GatewayError } from '../core/error.ts';
import { csvCells } from './csv.ts';
import { type PacketFields, windowColumns, windowOf } from './mqttset-windows.ts';
import { familyOf, labelOfFile, ordinaryFamily, type TableFormat } from './table-format.ts';

/** Rows kept of what is ordinary, and of each family of attack: the first ones. */
const ordinaryRowsMax = 300_000;
const attackRowsMax = 20_000;
const familiesMax = 64;

/** Rows by what they are, in the order they came. */
export interface Table {
  readonly columns: readonly string[];
  readonly families: ReadonlyMap<string, readonly Float32Array[]>;
  /** Rows that stood there before, those with a figure that is none, and those beyond a limit. */
  readonly duplicates: number;
  readonly incomplete: number;
  readonly leftOut: number;
}

export interface TableReader {
  /** One line of a file after another; the first one of each is its header. */
  line(file: string, number: number, text: string): void;
  /** What was read. */
  end(): Table;
}

const unreadable = (detail: string, cause?: unknown) =>
  new GatewayError('data-unreadable', detail, { cause });

interface Header {
  readonly file: string;
  readonly names: readonly string[];
  /** Where the columns that are looked at stand. */
  readonly used: readonly number[];
  readonly label: number;
}

/**
 * Reads tables of one format, line after line, and keeps what is new in them.
 *
 * @throws GatewayError `data-unreadable` with file, line and column
 */
export function readTable(format: TableFormat): TableReader {
  const kept = startKeeping();
  let columns: readonly string[] | undefined;
  let header: Header | undefined;
  /** Packets of the window that is being filled, and whose they are. */
  let open: PacketFields[] = [];
  let openFamily = '';

  function add(family: string, row: Float32Array, names: readonly string[]): void {
    if (format.windowRows === undefined) {
      kept.add(family, row);
      return;
    }
    if (family !== openFamily) open = [];
    openFamily = family;
    open.push((name) => row[names.indexOf(name)] as number);
    if (open.length < format.windowRows) return;
    kept.add(family, windowOf(open));
    open = [];
  }

  return {
    line(file, number, text) {
      const where = `${file} line ${number}`;
      const cells = cellsOf(text, where);
      if (header?.file !== file) {
        header = headerOf(format, file, cells, where);
        const names = header.used.map((index) => cells[index] ?? '');
        if (columns && columns.join() !== names.join()) {
          throw unreadable(`${where}: other columns than the files before`);
        }
        columns = names;
        open = [];
        return;
      }
      const { names, used, label } = header;
      if (cells.length !== names.length) {
        throw unreadable(`${where}: ${cells.length} cells, the header has ${names.length}`);
      }
      const values = used.map((index) => figureOf(cells[index] ?? '', names[index] ?? '', where));
      if (!values.every(Number.isFinite)) {
        kept.counts.incomplete += 1;
        return;
      }
      const said =
        label < 0 ? labelOfFile(file.slice(file.lastIndexOf('/') + 1)) : (cells[label] ?? '');
      if (said === '') throw unreadable(`${where}: column ${names[label]}: empty`);
      add(familyOf(format, said, label < 0), Float32Array.from(values), columns ?? []);
    },
    end: () => {
      const own = format.windowRows === undefined ? (columns ?? []) : windowColumns;
      return { columns: own, families: kept.families, ...kept.counts };
    },
  };
}

/** Rows that are new, within limits; the others are counted. */
function startKeeping() {
  const families = new Map<string, Float32Array[]>();
  const seen = new Set<string>();
  const counts = { duplicates: 0, incomplete: 0, leftOut: 0 };

  function add(family: string, row: Float32Array): void {
    const key = `${family} ${rowHash(row)}`;
    const rows = families.get(family) ?? [];
    const rowsMax = family === ordinaryFamily ? ordinaryRowsMax : attackRowsMax;
    const isFull = rows.length >= rowsMax || (rows.length === 0 && families.size >= familiesMax);
    if (seen.has(key)) counts.duplicates += 1;
    else if (isFull) counts.leftOut += 1;
    else {
      seen.add(key);
      rows.push(row);
      families.set(family, rows);
    }
  }
  return { families, counts, add };
}

function cellsOf(text: string, where: string): readonly string[] {
  try {
    return csvCells(text);
  } catch (cause) {
    throw unreadable(`${where}: ${(cause as Error).message}`, cause);
  }
}

function headerOf(
  { required, dropped, labels, windowRows }: TableFormat,
  file: string,
  cells: readonly string[],
  where: string,
): Header {
  const names = cells.map((name) => name.replace(/^\uFEFF/, '').trim());
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0) throw unreadable(`${where}: no column ${missing.join(', ')}`);
  const found = labels.find((name) => names.includes(name));
  const isUsed = (name: string) =>
    windowRows === undefined
      ? !dropped.includes(name) && !labels.includes(name)
      : required.includes(name);
  const used = names.flatMap((name, index) => (isUsed(name) ? [index] : []));
  return { file, names, used, label: found === undefined ? -1 : names.indexOf(found) };
}

/** A figure; infinite where there is none. Zero is never made up. */
function figureOf(cell: string, name: string, where: string): number {
  if (cell === '' || /^[+-]?(?:nan|inf|infinity)$/i.test(cell)) return Number.POSITIVE_INFINITY;
  const figure = Number(cell);
  if (Number.isNaN(figure)) {
    throw unreadable(`${where}: column ${name}: ${cell.slice(0, 40)} is no number`);
  }
  return figure;
}

/** 64 bits of a row (FNV-1a, twice): rows that are alike have the same. */
function rowHash(row: Float32Array): string {
  let [one, other] = [0x811c9dc5, 0x01000193];
  for (const byte of new Uint8Array(row.buffer, row.byteOffset, row.byteLength)) {
    one = Math.imul(one ^ byte, 0x01000193);
    other = Math.imul(other ^ byte, 0x01000197);
  }
  return `${one >>> 0} ${other >>> 0}`;
}
