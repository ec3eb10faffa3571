import { setTimeout as delay } from 'node:timers/promises';
import { alertEvents } from '../gateway/core/alert.ts';
import type { DeviceId } from '../gateway/core/device.ts';
import { Phi } from '../gateway/core/phi.ts';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { message } from './forger.ts';
import { attackerAddress, now, type Stored } from './ward.ts';

const id = 'ventilator-1' as DeviceId;
const rounds = 600;
const roundMs = 10;
/** Far beyond what a healthy one says; its own alarms come through the same connection. */
const valuesPerRound = 20;
const roundsPerAlarm = 10;
const keptShareMax = 0.25;

export default defineAttack({
  threat: 'D10',
  detector: 'message-flood',
  title: 'A stolen ventilator floods, tries a foreign topic, and raises alarms all the while',

  async setUp({ directory }) {
    const { store } = openSiteStore(directory);
    const device = { id, profile: 'generic-vital-signs-monitor', class: 'IIb' } as const;
    const place = { function: 'life-support', ward: '3B', addedAt: now() } as const;
    store.transact(() => {
      store.devices.add({ ...device, ...place }, { hash: '', expiresAt: 0 });
      store.devices.associate(id, new Phi('P-99'), now() - 1_000);
    });
    store.close();
    return {};
  },

  async run(ward) {
    const { key, cert } = await ward.credentialsOf(id);
    const shown = { key, cert, localAddress: attackerAddress };
    const connected = () => RawClient.connected(ward.mqttPort, ward.ca, shown, { clientId: id });
    const client = await connected();
    let [said, alarms] = [0, 0];
    for (let round = 0; round < rounds && !ward.signal.aborted; round += 1) {
      for (let count = 0; count < valuesPerRound; count += 1) {
        said += 1;
        const value = message(said, 80 + (said % 20));
        client.send(publish(`devices/${id}/observations`, value, { id: 1 + count }));
      }
      if (round % roundsPerAlarm === 0) {
        alarms += 1;
        client.send(
          publish(`devices/${id}/alerts`, alarm(rounds * valuesPerRound + alarms), { id: 99 }),
        );
      }
      await delay(roundMs);
    }
    const stored = await ward.storedOf(id);
    const raised = stored.filter(isAlarm).length;
    const values = stored.length - raised;
    // The link ends this connection, as MQTT 3.1.1 demands; the device itself is let in again.
    client.send(publish('devices/monitor-1/observations', message(1, 1), { id: 100 }));
    await client.closed;
    const again = await connected();
    again.socket.destroy();
    const store = openSiteStore(ward.directory).store;
    const cutOff =
      store.quarantines.list().length + store.responses.objectsOf('block-address').length;
    store.close();
    return {
      measured: `said ${said} values; at the hospital meanwhile: ${values}; its own alarms there: ${raised} of ${alarms}; times it was cut off: ${cutOff}`,
      isAbsent: values < keptShareMax * said && raised === alarms && cutOff === 0,
    };
  },
});

function alarm(sequence: number): Buffer {
  const alerts = [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }];
  return Buffer.from(JSON.stringify({ seq: sequence, at: new Date().toISOString(), alerts }));
}

function isAlarm({ code }: Stored): boolean {
  return code?.coding?.some((one) => one.code === `${alertEvents['MDC_EVT_ALARM']}`) === true;
}
