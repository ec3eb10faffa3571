import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { Instant } from '../core/observation.ts';
import { playMqtt } from '../players/mqtt-player.ts';
import type { Bed, Credentials } from './ward.ts';

const implausibleCount = 6;

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly now: () => Instant;
}

/**
 * The scripted attack: a stranger without a certificate, then a stolen device that claims to be
 * its neighbour and sends values no patient has. Bounded, and against this gateway only.
 */
export async function attack(target: Target, thief: Bed, stolen: Credentials, victim: Bed) {
  await knockWithoutCertificate(target, stolen.ca);
  await publishAs(target, thief, stolen, victim);
  await sendImplausible(target, thief, stolen);
}

async function knockWithoutCertificate({ host, port }: Target, ca: string): Promise<void> {
  const socket = connect({ host, port, ca });
  await closed(socket);
}

/** TLS 1.3 shows a refused client a finished handshake first: only the end tells. */
async function closed(socket: TLSSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // Being refused is what the attack expects; how, the gateway's own findings tell.
  socket.on('error', () => undefined);
  socket.once('close', () => resolve());
  socket.resume();
  await promise;
}

/** One publish on the victim's topic, as MQTT 3.1.1 bytes: no client library would help with it. */
async function publishAs(target: Target, thief: Bed, { key, cert, ca }: Credentials, victim: Bed) {
  const socket = connect({ host: target.host, port: target.port, key, cert, ca });
  const gone = closed(socket);
  await once(socket, 'secureConnect');
  socket.write(connectPacket(thief.id));
  await once(socket, 'data');
  socket.write(publishPacket(`devices/${victim.id}/observations`, '{"seq":1,"values":{}}'));
  await gone;
}

async function sendImplausible(target: Target, thief: Bed, tls: Credentials): Promise<void> {
  await playMqtt({
    device: thief.id,
    profile: thief.profile,
    gateway: target,
    tls,
    say: (sequence, at) => {
      const values = { MDC_PULS_OXIM_SAT_O2: 999 };
      const message = { seq: sequence, at: new Date(at).toISOString(), values };
      return [{ channel: 'observations', bytes: Buffer.from(JSON.stringify(message)) }];
    },
    rateHz: 20,
    count: implausibleCount,
    signal: target.signal,
    now: target.now,
  });
}

function connectPacket(clientId: string): Buffer {
  const keepAliveSeconds = 30;
  const cleanSession = 0x02;
  const header = [0, 4, ...Buffer.from('MQTT'), 4, cleanSession, 0, keepAliveSeconds];
  return packet(0x10, Buffer.concat([Buffer.from(header), text(clientId)]));
}

function publishPacket(topic: string, payload: string): Buffer {
  const packetId = Buffer.of(0, 1);
  return packet(0x32, Buffer.concat([text(topic), packetId, Buffer.from(payload)]));
}

function packet(first: number, body: Buffer): Buffer {
  // One length byte (MQTT 3.1.1, 2.2.3) is enough for what is said here.
  if (body.length > 127) throw new RangeError('longer than one length byte can say');
  return Buffer.concat([Buffer.of(first, body.length), body]);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.of(0, value.length), Buffer.from(value)]);
}
