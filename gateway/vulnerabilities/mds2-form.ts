import type { Mds2Answer, Mds2Form } from '../core/mds2.ts';
import { mds2Questions } from './mds2-questions.ts';

export interface Mds2Reading {
  readonly answers: Mds2Form['answers'];
  /** Rows that name a question but could not be taken, and why. */
  readonly problems: readonly string[];
}

const rowsMax = 5_000;
const cellCharsMax = 10_000;
const noteCharsMax = 500;

/**
 * An MDS2 form as a spreadsheet saves it as CSV. Every row that has the id of a question in a cell
 * counts; the first cell after it that is an answer is the answer, and what follows is the note.
 * Where the columns are does not matter: makers move them. Undefined for what is no CSV.
 */
export function readMds2(text: string): Mds2Reading | undefined {
  const rows = parseCsv(text);
  if (!rows) return undefined;
  const answers: Record<string, { answer: Mds2Answer; note: string }> = {};
  const problems: string[] = [];
  for (const row of rows) {
    const at = row.findIndex((cell) => /^[A-Z]{3,4}[-‐–]\d+(\.\d+)*\.?$/i.test(cell.trim()));
    if (at < 0) continue;
    const id = (row[at] ?? '').trim().toUpperCase().replace(/[‐–]/, '-').replace(/\.$/, '');
    const given = row.findIndex((cell, index) => index > at && answerOf(cell) !== undefined);
    const answer = answerOf(row[given] ?? '');
    if (!mds2Questions.has(id)) problems.push(`${id}: the form of 2019 has no such question`);
    // Who made it and when is told in words, and is no answer.
    else if (id.startsWith('DOC-') && answer === undefined) continue;
    else if (answer === undefined) problems.push(`${id}: no answer`);
    else if (answers[id] && answers[id].answer !== answer) {
      problems.push(`${id}: answered twice, and not the same`);
      // Two answers are none.
      answers[id] = { answer: 'see-note', note: answers[id].note };
    } else {
      const note = row.slice(given + 1).find((cell) => cell.trim() !== '') ?? '';
      answers[id] = { answer, note: note.trim().slice(0, noteCharsMax) };
    }
  }
  return { answers, problems };
}

function answerOf(cell: string): Mds2Answer | undefined {
  const text = cell.trim().toLowerCase();
  if (text === 'yes') return 'yes';
  if (text === 'no') return 'no';
  if (text === 'n/a' || text === 'na' || text === 'not applicable') return 'not-applicable';
  return /^see notes?\b/.test(text) ? 'see-note' : undefined;
}

/** RFC 4180, with comma, semicolon or tab between cells. Undefined where a quote is never closed. */
export function parseCsv(text: string): readonly (readonly string[])[] | undefined {
  const separator = separatorOf(text);
  const rows: string[][] = [];
  let [row, cell, inQuotes] = [[] as string[], '', false];
  const endRow = () => {
    rows.push([...row, cell]);
    [row, cell] = [[], ''];
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (inQuotes) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else inQuotes = false;
    } else if (char === '"' && cell.trim() === '') {
      [inQuotes, cell] = [true, ''];
    } else if (char === separator) {
      row.push(cell);
      cell = '';
    } else if (char === '\n') endRow();
    else if (char !== '\r') cell += char;
    if (rows.length > rowsMax || cell.length > cellCharsMax) return undefined;
  }
  if (inQuotes) return undefined;
  if (cell !== '' || row.length > 0) endRow();
  return rows;
}

/** Spreadsheets take what their country uses: the one that the text has most of. */
function separatorOf(text: string): string {
  const count = (char: string) => text.split(char).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}
