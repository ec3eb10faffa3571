import { defineCommand, siteOptions } from '../command.ts';
import { rotateStoreKey } from '../site/store-key-rotation.ts';

const rotateKey = defineCommand({
  name: 'rotate-key',
  summary: 'Encrypts the database under a new key. Stop the gateway first.',
  options: siteOptions,
  example: 'wardgate store rotate-key --dir /var/lib/wardgate',

  async run({ options: { dir, json }, print }) {
    rotateStoreKey(dir, Date.now);
    if (json) print(JSON.stringify({ rotated: true }));
    else {
      print('The database is encrypted under a new key.');
      print('Pseudonyms and record ids stay as they are. Older backups hold the older key.');
    }
    return 0;
  },
});

export default defineCommand({
  name: 'store',
  summary: 'The database as a whole.',
  example: 'wardgate store rotate-key',
  commands: [rotateKey],
});
