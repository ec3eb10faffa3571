import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, host, victimId, type Ward } from './ward.ts';

/** More than all devices of a house open when the power is back. */
const flood = 6_000;
/** At once under way; the kernel holds as many for who accepts them. */
const portion = 200;
const pauseMs = 40;
/** How soon a device that has nothing to do with it must be in. */
const letInMsMax = 5_000;

export default defineAttack({
  threat: 'D10',
  detector: 'connection-flood',
  title: 'An address opens connections as fast as it can',

  async run(ward) {
    let opened = 0;
    let entering: Promise<number> | undefined;
    while (opened < flood && !ward.signal.aborted) {
      await Promise.all(Array.from({ length: portion }, () => knock(ward.mqttPort)));
      opened += portion;
      if (opened >= flood / 2) entering ??= enter(ward);
      await delay(pauseMs);
    }
    const letInMs = await entering;
    return {
      measured: `connections opened: ${opened}; a device that came meanwhile was let in after ${letInMs ?? 'no'} ms`,
      isAbsent: letInMs !== undefined && letInMs <= letInMsMax,
    };
  },
});

/** Opens a connection and leaves it; resolves when it is over, however. */
async function knock(port: number): Promise<void> {
  const socket = connect({ host, port, localAddress: attackerAddress });
  socket.on('error', () => undefined).once('connect', () => socket.destroy());
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('close', () => resolve());
  await promise;
}

async function enter({ mqttPort, ca, credentialsOf }: Ward): Promise<number> {
  const { key, cert } = await credentialsOf(victimId);
  const began = performance.now();
  const client = await RawClient.connected(mqttPort, ca, { key, cert }, { clientId: victimId });
  const tookMs = Math.round(performance.now() - began);
  client.socket.destroy();
  return tookMs;
}
