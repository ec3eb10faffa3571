import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { startChild } from '../children.ts';
import { idOf, type Ward } from '../ward.ts';
import type { Peer } from './peer.ts';

const host = '127.0.0.1';
const startWithinMs = 5_000;
const startPollMs = 10;

/** Debian's mosquitto, in memory: it acknowledges what a power cut would take away. */
export const mosquitto: Peer = definePeer('mosquitto, in memory', () => ['persistence false']);

const savedOnChanges = (directory: string): readonly string[] => [
  'persistence true',
  `persistence_location ${directory}/`,
  'autosave_on_changes true',
  'autosave_interval 1',
];

/** Told to save every change. With nobody subscribed nothing changes, and it writes nothing. */
export const mosquittoSaved: Peer = definePeer('mosquitto, saved on changes', savedOnChanges);

/**
 * The nearest it comes to what the gateway promises: a consumer with a session is away, as the
 * hospital is here, and all it is owed is written down, the whole database after every change.
 */
export const mosquittoOwing: Peer = definePeer(
  'mosquitto, saved for an absent consumer',
  savedOnChanges,
  leaveSubscription,
);

function definePeer(
  name: string,
  persistence: (directory: string) => readonly string[],
  prepare: (port: number, ward: Ward) => Promise<void> = async () => undefined,
): Peer {
  return {
    name,
    async start({ directory, load, ward }) {
      const own = mkdtempSync(join(directory, 'mosquitto-'));
      const port = await freePort();
      const file = join(own, 'mosquitto.conf');
      writeFileSync(file, [...settings(port, ward), ...persistence(own), ''].join('\n'));
      const began = performance.now();
      const child = startChild(load.path, ['mosquitto', '-c', file]);
      const died = child.ended.then((code) => {
        throw new Error(`mosquitto ended with ${code} (apt-get install mosquitto?)`);
      });
      died.catch(() => undefined);
      await Promise.race([awaitPort(port), died]);
      const startMs = performance.now() - began;
      await prepare(port, ward);
      return {
        port,
        pid: child.pid,
        startMs,
        async stop() {
          await child.stop();
          rmSync(own, { recursive: true, force: true });
          return {};
        },
      };
    },
  };
}

/** Without limits, without a log, without access rules: nothing but its work. */
function settings(port: number, { trust, serverChain, serverKey }: Ward): readonly string[] {
  return [
    // Started by root it would change to a user who may not read the keys.
    `user ${userInfo().username}`,
    `listener ${port} ${host}`,
    `cafile ${trust}`,
    `certfile ${serverChain}`,
    `keyfile ${serverKey}`,
    'require_certificate true',
    'use_identity_as_username true',
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'log_dest none',
    'set_tcp_nodelay true',
  ];
}

/** A session that stays when its client leaves: whatever comes is kept for it (MQTT-3.1.2-5). */
async function leaveSubscription(port: number, { root, certificates }: Ward): Promise<void> {
  const papers = readFileSync(join(certificates, `${idOf(0)}.pem`));
  const client = await connectAsync({
    protocol: 'mqtts',
    ...{ host, port, ca: readFileSync(root), cert: papers, key: papers },
    clientId: 'consumer',
    clean: false,
    reconnectPeriod: 0,
  });
  await client.subscribeAsync('devices/#', { qos: 1 });
  await client.endAsync();
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(0, host, () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
  });
  return promise;
}

async function awaitPort(port: number): Promise<void> {
  const deadline = performance.now() + startWithinMs;
  while (performance.now() < deadline) {
    if (await isOpen(port)) return;
    await delay(startPollMs);
  }
  throw new Error(`nobody listens on port ${port} after ${startWithinMs} ms`);
}

function isOpen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, host, () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
