import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { host, victimId, type Ward } from './ward.ts';

/** Many addresses, each with few connections: none of them breaks a limit often. */
const addresses = 100;
const perAddress = 10;
/** The gateway waits five seconds for a handshake; others come before these are gone. */
const waves = 3;
const waveEveryMs = 4_500;
const letInMsMax = 5_000;

export default defineAttack({
  threat: 'D10',
  detector: 'overload',
  title: 'Many addresses hold connections that say nothing, each only a few',

  async run(ward) {
    const held: Socket[] = [];
    const letInMs: number[] = [];
    for (let wave = 0; wave < waves && !ward.signal.aborted; wave += 1) {
      const opening = Array.from({ length: addresses * perAddress }, (_, index) =>
        hold(ward.mqttPort, `127.0.${1 + wave}.${1 + (index % addresses)}`),
      );
      held.push(...(await Promise.all(opening)));
      letInMs.push(await enter(ward));
      await delay(waveEveryMs);
    }
    for (const socket of held) socket.destroy();
    const slowestMs = Math.max(...letInMs);
    return {
      measured: `connections that said nothing: ${held.length} from ${addresses * waves} addresses; a device that came meanwhile was let in after ${slowestMs} ms at most`,
      isAbsent: slowestMs <= letInMsMax,
    };
  },
});

/** Resolves once it is open, or was refused. */
async function hold(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ host, port, localAddress });
  const { promise, resolve } = Promise.withResolvers<Socket>();
  socket.on('error', () => resolve(socket)).once('connect', () => resolve(socket));
  return promise;
}

async function enter({ mqttPort, ca, credentialsOf }: Ward): Promise<number> {
  const { key, cert } = await credentialsOf(victimId);
  const began = performance.now();
  const client = await RawClient.connected(mqttPort, ca, { key, cert }, { clientId: victimId });
  const tookMs = Math.round(performance.now() - began);
  client.socket.destroy();
  await client.closed;
  return tookMs;
}
