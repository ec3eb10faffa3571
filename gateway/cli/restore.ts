import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, passphraseFileOption } from '../command.ts';
import { backupPassphrase } from '../site/backup-passphrase.ts';
import { restoreSite } from '../site/site-restore.ts';

export default defineCommand({
  name: 'restore',
  summary: 'Makes a site of a backup, in a directory that is empty or not there yet.',
  arguments: ['<file>'],
  options: z.strictObject({
    dir: dirOption,
    passphraseFile: passphraseFileOption,
    json: jsonOption,
  }),
  example: 'wardgate restore /mnt/usb/ward-3b.backup --dir /var/lib/wardgate',

  async run({ arguments: [file = ''], options: { dir, passphraseFile, json }, print }) {
    const passphrase = await backupPassphrase(passphraseFile, ['Passphrase of the backup: ']);
    const restored = await restoreSite({ file, directory: dir, passphrase, now: Date.now });
    if (json) print(JSON.stringify({ directory: dir, ...restored }));
    else {
      print(`Restored the site ${restored.site} in ${dir}: ${restored.files} files.`);
      print('Stop the gateway it was taken from before this one runs.');
      print(`Next: wardgate doctor --dir ${dir}; wardgate audit verify --dir ${dir}`);
    }
    return 0;
  },
});
