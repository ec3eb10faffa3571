import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseVersion } from '../store/database.ts';
import { version } from '../version.ts';
import { ownBill } from '../vulnerabilities/bills/own-bill.ts';

/** Beside package.json, in a checkout as in a package. */
const root = join(import.meta.dirname, '../..');

/** What this gateway is made of, as it is installed here: CycloneDX 1.6. */
export function ownBillDocument(): object {
  return ownBill({
    lock: JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')),
    version,
    isInstalled: (path) => existsSync(join(root, path, 'package.json')),
    builtIn: { ...process.versions, sqlite: databaseVersion() },
  });
}
