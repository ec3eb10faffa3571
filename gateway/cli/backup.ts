import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, passphraseFileOption } from '../command.ts';
import { backupPassphrase } from '../site/backup-passphrase.ts';
import { backUpSite } from '../site/site-backup.ts';

export default defineCommand({
  name: 'backup',
  summary: 'Writes all of the site into one encrypted file, also while its gateway runs.',
  arguments: ['<file>'],
  options: z.strictObject({
    dir: dirOption,
    passphraseFile: passphraseFileOption,
    json: jsonOption,
  }),
  example: 'wardgate backup /mnt/usb/ward-3b.backup --dir /var/lib/wardgate',

  async run({ arguments: [file = ''], options, print, remark, signal }) {
    const prompts = ['Passphrase of the backup: ', 'Once more: '];
    const passphrase = await backupPassphrase(options.passphraseFile, prompts);
    let tenths = 0;
    const report = await backUpSite({
      directory: options.dir,
      file,
      passphrase,
      now: Date.now,
      signal,
      onProgress(share) {
        const reached = Math.floor(share * 10);
        if (reached > tenths && process.stderr.isTTY) remark(`${reached * 10} %`);
        tenths = Math.max(tenths, reached);
      },
    });
    for (const path of report.leftOut) remark(`${path} is no plain file: it is not in the backup.`);
    if (options.json) print(JSON.stringify({ file, ...report }));
    else {
      print(`${file}: ${report.files} files, ${report.bytes} bytes.`);
      print(
        'It holds the site’s keys. Keep the passphrase elsewhere; without it nobody can read it.',
      );
    }
    return 0;
  },
});
