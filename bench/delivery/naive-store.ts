import { join } from 'node:path';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { bytesWritten } from '../machine.ts';

/**
 * A store as one would first write it: a row an observation, each inserted and, once it is delivered,
 * deleted in a transaction of its own, synced like the gateway's. Prints what that wrote to the disk.
 *
 *     node naive-store.ts FOLDER OBSERVATIONS
 */
const [folder = '', count = '0'] = process.argv.slice(2);

const database = new Sqlite(join(folder, 'naive.db'));
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('create table owed (sequence integer primary key, body text not null)');
const insert = database.prepare('insert into owed (body) values (?)');
const remove = database.prepare('delete from owed where sequence = ?');

const before = bytesWritten('self');
for (let sequence = 1; sequence <= Number(count); sequence += 1) {
  insert.run(bodyOf(sequence));
  remove.run(sequence);
}
database.close();
process.stdout.write(`${JSON.stringify({ bytes: bytesWritten('self') - before })}\n`);

function bodyOf(sequence: number): string {
  return JSON.stringify({
    id: `4fJ0aB7cD8eF9gH0iJ1kL2.${sequence}`,
    device: '_4JYxjpm-7QTfYL5b-hGa4A',
    subject: '_9nSw8fQV5vYgzcnFmQll8Q',
    metric: 'MDC_PULS_OXIM_SAT_O2',
    value: 97,
    at: 1_795_000_000_000 + sequence,
    receivedAt: 1_795_000_000_005 + sequence,
    quality: 'good',
  });
}
