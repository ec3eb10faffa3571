import type { Instant } from '../core/observation.ts';
import { publish } from '../players/mqtt-packets.ts';
import { playMqtt } from '../players/mqtt-player.ts';
import { RawClient } from '../players/raw-mqtt-client.ts';
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

async function knockWithoutCertificate({ port }: Target, ca: string): Promise<void> {
  // TLS 1.3 shows a refused client a finished handshake first: only the end tells.
  const client = await RawClient.open(port, ca);
  await client.closed;
}

/** One publish on the victim's topic. */
async function publishAs({ port }: Target, thief: Bed, stolen: Credentials, victim: Bed) {
  const { ca, key, cert } = stolen;
  const client = await RawClient.connected(port, ca, { key, cert }, { clientId: thief.id });
  client.send(publish(`devices/${victim.id}/observations`, '{"seq":1,"values":{}}'));
  await client.closed;
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
