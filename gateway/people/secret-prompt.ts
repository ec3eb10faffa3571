import { GatewayError } from '../core/error.ts';

/** A line longer than this is no passphrase. */
const lengthMax = 1_024;

const keys = { interrupt: '\u0003', endOfInput: '\u0004', backspace: '\u007f', delete: '\b' };

/**
 * One line that nobody may see: from the terminal without echo, or the first line of standard input.
 * Never from the command line, which every process of the machine can read.
 *
 * @param prompts on a terminal, asked one after the other; all answers must be the same.
 * @throws GatewayError `usage` when there is none, or they differ.
 */
export async function askSecret(prompts: readonly string[]): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY) return readLine(stdin);
  const answers: string[] = [];
  for (const prompt of prompts) answers.push(await askTerminal(prompt));
  const [answer = ''] = answers;
  if (answers.some((each) => each !== answer)) {
    throw new GatewayError('usage', 'the two are not the same');
  }
  return answer;
}

async function readLine(stdin: NodeJS.ReadStream): Promise<string> {
  let text = '';
  for await (const piece of stdin.setEncoding('utf8')) {
    text += piece;
    if (text.includes('\n') || text.length > lengthMax) break;
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line.length > lengthMax) throw new GatewayError('usage', 'the line is too long');
  return line;
}

async function askTerminal(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  let text = '';
  try {
    for await (const piece of stdin.iterator({ destroyOnReturn: false })) {
      for (const letter of String(piece)) {
        if (letter === '\r' || letter === '\n') return text;
        if (letter === keys.interrupt || letter === keys.endOfInput) {
          throw new GatewayError('usage', 'it was not given');
        }
        if (letter === keys.backspace || letter === keys.delete) text = text.slice(0, -1);
        else if (text.length < lengthMax) text += letter;
      }
    }
    throw new GatewayError('usage', 'it was not given');
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
