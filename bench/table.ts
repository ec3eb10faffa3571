import type { Answer } from './question.ts';

/** As Markdown, so that what is printed can stand in the README. */
export function toMarkdown({ title, rows, notes }: Answer): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const show = (cell: string | number | undefined) =>
    typeof cell === 'number' ? cell.toLocaleString('en') : (cell ?? '');
  return [
    `**${title}**`,
    '',
    line(columns),
    line(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map((row) => line(columns.map((column) => show(row[column])))),
    '',
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}
