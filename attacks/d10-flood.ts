import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { message } from './forger.ts';
import { attackerAddress, stolenId } from './ward.ts';

const floodMs = 6_000;
/** Said at once before an answer is awaited: as much as a client may have under way. */
const portion = 500;
/** Until the flood is noticed everything is kept, and then as much as a healthy device says. */
const keptShareMax = 0.25;

export default defineAttack({
  threat: 'D10',
  detector: 'message-flood',
  title: 'A stolen device says as much as it can',

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(stolenId);
    const shown = { key, cert, localAddress: attackerAddress };
    const client = await RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: stolenId });
    const topic = `devices/${stolenId}/observations`;
    const end = performance.now() + floodMs;
    let said = 0;
    while (performance.now() < end && !ward.signal.aborted) {
      for (let count = 0; count < portion; count += 1) {
        said += 1;
        client.send(publish(topic, message(said, 80 + (said % 20)), { id: 1 + count }));
      }
      for (let count = 0; count < portion; count += 1) await client.next();
    }
    client.socket.destroy();
    await client.closed;
    const stored = (await ward.storedOf(stolenId)).length;
    const kept = stored + waitingIn(ward.directory);
    return {
      measured: `said ${said} values; at the hospital meanwhile: ${kept} (${Math.round((100 * kept) / said)} %), the rest held`,
      isAbsent: kept < keptShareMax * said,
    };
  },
});

/** What is kept, and has not left yet. */
function waitingIn(directory: string): number {
  const { store } = openSiteStore(directory);
  const waiting = store.outbox.depths().reduce((sum, { entries }) => sum + entries, 0);
  store.close();
  return waiting;
}
