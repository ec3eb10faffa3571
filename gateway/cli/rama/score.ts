import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { defineCommand, jsonOption } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import { canonicalJson } from '../../rama/canonical.ts';
import { criteriaHash } from '../../rama/criteria-hash.ts';
import { ScoreFile, scoreCase } from '../../rama/score-file.ts';
import { explanationLines, scoreLine } from '../../scoring/rama-text.ts';

const bytesMax = 50_000_000;

export const score = defineCommand({
  name: 'score',
  summary: 'Scores a file of inputs by RAMA: for checking the method, or somebody else’s figures.',
  arguments: ['<file>'],
  options: z.strictObject({
    explain: z
      .boolean()
      .default(false)
      .describe('Where the points went, and what would gain most.'),
    json: jsonOption,
  }),
  example: 'wardgate rama score cases.json --explain',

  async run({ arguments: [file = ''], options: { explain, json }, print }) {
    const results = readScoreFile(file).cases.map(scoreCase);
    if (json) {
      print(canonicalJson({ method: 'rama-gw/1', criteria: criteriaHash, cases: results }));
      return 0;
    }
    for (const result of results) {
      print(`${scoreLine(result)}  ${result.name}`);
      if (explain) for (const line of explanationLines(result)) print(line);
    }
    return 0;
  },
});

/** @throws GatewayError `score-file-invalid` */
function readScoreFile(path: string): ScoreFile {
  const text = readText(path);
  const result = ScoreFile.safeParse(text);
  if (result.success) return result.data;
  throw new GatewayError('score-file-invalid', `${path}: ${z.prettifyError(result.error)}`);
}

function readText(path: string): unknown {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > bytesMax) throw new RangeError(`more than ${bytesMax} bytes`);
    return JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('score-file-invalid', `${path}: ${String(cause)}`, { cause });
  }
}
