import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { readSecret } from '../gateway/pki/secrets.ts';
import { openDatabase } from '../gateway/store/database.ts';
import { defineAttack } from './attack.ts';
import { eventually, host } from './ward.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '../gateway/main.ts');
const accomplice = 'mallory';
const sentWithinMs = 30_000;

let collector: Server;
let collected = '';

export default defineAttack({
  threat: 'D20',
  title: 'Somebody with the database’s key takes an account, and its entry out of the audit trail',
  detector: 'audit-chain',

  async setUp({ pki }) {
    collector = createServer({ ...pki.server });
    collector.on('tlsClientError', () => undefined);
    collector.on('secureConnection', (socket) => {
      socket.on('error', () => undefined).on('data', (bytes) => (collected += bytes.toString()));
    });
    collector.listen(0, host);
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    return { audit: { syslog: { host, port, ca: 'pki/root-authority.pem' } } };
  },

  async run({ directory }) {
    const words = ['user', 'add', accomplice, '--role', 'admin', '--dir', directory];
    await run(process.execPath, [main, ...words]);
    // Whoever is quicker than the collector is told all the same, by the gap.
    await eventually(() => collected.includes(accomplice), sentWithinMs);
    const database = openDatabase(directory, readSecret(directory, 'store.key'), true);
    const { changes } = database.prepare('delete from audit where object = ?').run(accomplice);
    database.close();
    collector.close();
    const isKept = collected.includes(accomplice);
    return {
      measured: `entries cut out: ${changes}; at the log collector all the same: ${isKept ? changes : 0}`,
      isAbsent: changes > 0 && isKept,
    };
  },
});
