/** The few forms of Markdown that the reference documents are made of. */

/** A document, its parts apart, with a note of what it is made from. */
export function page(title: string, source: string, parts: readonly string[]): string {
  const note = `<!-- Made by scripts/docs.ts from ${source}. Change those, then run it. -->`;
  return `${[note, `# ${title}`, ...parts].join('\n\n')}\n`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '\\<').replaceAll('\n', ' ');
}

export function code(text: string): string {
  return `\`${text}\``;
}
