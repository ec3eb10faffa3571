import { startKeeper } from '../../gateway/keeper/keeping.ts';
import { openStore } from '../../gateway/store/store.ts';
import { budget } from './outbox.ts';
import { bound, policyOf } from './wards.ts';

/** A keeper that lets go what is held, until it is killed: `node held-writer.ts DIRECTORY`. */
const [directory = ''] = process.argv.slice(2);
const store = openStore(directory, new Uint8Array(32).fill(7));
const policy = policyOf({
  'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('A')] },
});
const keeper = startKeeper(store, { make: () => policy }, budget(1_000_000_000));
while (keeper.hasHeldDue()) {
  keeper.turnHeld();
  process.stdout.write('a portion\n');
}
store.close();
