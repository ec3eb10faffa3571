import type { CpeCriterion } from '../core/vulnerability.ts';
import { compareVersions } from './version-order.ts';
import {
  affected,
  allOf,
  type Judgement,
  judgeRange,
  notAffected,
  unknownFor,
} from './version-range.ts';

/** The eleven attributes of a CPE 2.3 name (NISTIR 7695 5.2), unescaped wildcards kept as * and ?. */
export interface Cpe {
  readonly part: string;
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  readonly update: string;
  /** edition, language, sw_edition, target_sw, target_hw, other. */
  readonly rest: readonly string[];
}

const cpeCharsMax = 1_024;
/** Which of `rest` says the software it is for. */
export const targetSoftware = 3;

/** A CPE 2.3 formatted string, or a CPE 2.2 URI. Undefined where it is neither. */
export function parseCpe(text: string): Cpe | undefined {
  if (text.length > cpeCharsMax) return undefined;
  const fields = text.startsWith('cpe:2.3:')
    ? splitFormatted(text.slice('cpe:2.3:'.length))
    : splitUri(text);
  if (!fields) return undefined;
  const [part = '', vendor = '', product = '', version = '*', update = '*', ...rest] = fields;
  if (!/^[aoh*]$/.test(part) || vendor === '' || product === '') return undefined;
  if (vendor === '*' && product === '*') return undefined;
  return { part, vendor, product, version, update, rest };
}

/** Fields between colons; a colon after a backslash is part of its field (NISTIR 7695 6.2). */
function splitFormatted(text: string): string[] | undefined {
  if (!text.includes('\\')) {
    const plain = text.toLowerCase().split(':');
    return plain.length === 11 && !plain.includes('') ? plain : undefined;
  }
  const fields = (text.match(/(?:\\.|[^:\\])+|(?<=:)(?=:)|^(?=:)|(?<=:)$/gs) ?? []).map((field) =>
    field.toLowerCase(),
  );
  return fields.length === 11 && fields.every((field) => field !== '') ? fields : undefined;
}

/** cpe:/part:vendor:product:version:update:edition:language, percent-encoded; empty is any. */
function splitUri(text: string): string[] | undefined {
  const match = /^cpe:\/([aoh]?(?::[^:]*){0,6})$/i.exec(text);
  if (!match) return undefined;
  const fields = (match[1] ?? '').split(':').map((field) => {
    const plain = field.toLowerCase().replace(/%([0-9a-f]{2})/g, (_, hex) => {
      return `\\${String.fromCharCode(Number.parseInt(hex, 16))}`;
    });
    return plain === '' ? '*' : plain;
  });
  return [...fields, ...Array<string>(11 - fields.length).fill('*')];
}

/** Without backslashes: what names are compared and indexed by. */
export function plainOf(field: string): string {
  return field.includes('\\') ? unescaped(field) : field;
}

function unescaped(field: string): string {
  return field.replace(/\\(.)/gs, '$1');
}

const criteria = new WeakMap<CpeCriterion, Cpe | undefined>();

/** The name in a line, read once: each is held against many components. */
export function criterionOf(line: CpeCriterion): Cpe | undefined {
  if (!criteria.has(line)) criteria.set(line, parseCpe(line.criteria));
  return criteria.get(line);
}

/** Whether any character of a name is left open, and not meant as it stands. */
export function isPattern(field: string): boolean {
  if (!field.includes('*') && !field.includes('?')) return false;
  return /(?<!\\)[*?]/.test(field);
}

/** Whether a component that has a name of its own meets one line of a configuration. */
export function judgeCpe(
  component: Cpe,
  version: string | undefined,
  line: CpeCriterion,
): Judgement {
  const criterion = criterionOf(line);
  if (!criterion) return unknownFor('attribute-unknown');
  const isSame =
    meets(component.part, criterion.part) === 'affected' &&
    meets(component.vendor, criterion.vendor) === 'affected' &&
    meets(component.product, criterion.product) === 'affected';
  if (!isSame) return notAffected;
  return allOf([
    judgeVersion(version, criterion, line),
    ...[component.update, ...component.rest].map((value, index) => {
      const verdict = meets(value, [criterion.update, ...criterion.rest][index] ?? '*');
      return verdict === 'unknown' ? unknownFor('attribute-unknown') : { verdict };
    }),
  ]);
}

/** One attribute against that of a criterion (NISTIR 7696 6.1): a component that leaves it open may be any. */
function meets(value: string, criterion: string): Judgement['verdict'] {
  if (criterion === '*' || value === criterion) return 'affected';
  if (value === '*') return 'unknown';
  if (criterion === '-' || value === '-') return 'not-affected';
  const isSame = isPattern(criterion)
    ? matchesWildcards(plainOf(value), criterion)
    : plainOf(value) === plainOf(criterion);
  return isSame ? 'affected' : 'not-affected';
}

/** The version of a criterion: one of its own, a pattern, or the bounds beside it. */
export function judgeVersion(
  version: string | undefined,
  criterion: Cpe,
  line: CpeCriterion,
): Judgement {
  if (criterion.version === '*') return judgeRange(version, line, 'dotted');
  // “Not applicable”: hardware has no versions; of software NVD knew none.
  if (criterion.version === '-') {
    return criterion.part === 'h' ? affected : unknownFor('version-missing');
  }
  if (version === undefined) return unknownFor('version-missing');
  const wanted = plainOf(criterion.version);
  if (isPattern(criterion.version)) {
    return matchesWildcards(version.toLowerCase(), criterion.version) ? affected : notAffected;
  }
  if (version.toLowerCase() === wanted) return affected;
  const order = compareVersions(version, wanted, 'dotted');
  if (order === undefined) return unknownFor('version-unparsed');
  return order === 0 ? affected : notAffected;
}

/** `*` is any run and `?` any one character; without recursion, for patterns come from outside. */
function matchesWildcards(text: string, pattern: string): boolean {
  const tokens = [...pattern.matchAll(/\\(.)|([\s\S])/g)].map(([, escaped, plain]) => ({
    char: escaped ?? plain ?? '',
    isWild: escaped === undefined && (plain === '*' || plain === '?'),
  }));
  let [at, token, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    const next = tokens[token];
    if (next?.isWild && next.char === '*') {
      [star, resume] = [token, at];
      token += 1;
    } else if (next && (next.isWild ? next.char === '?' : next.char === text[at])) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      resume += 1;
      [token, at] = [star + 1, resume];
    } else return false;
  }
  return tokens.slice(token).every(({ isWild, char }) => isWild && char === '*');
}
