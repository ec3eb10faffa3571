import { connect as connectTls } from 'node:tls';
import { defineAttack } from './attack.ts';
import { attackerAddress, host, stolenId, type Ward } from './ward.ts';

/** What old devices, and whoever sits between, would like to talk. */
const offers = [
  { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
  { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
  { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA@SECLEVEL=0' },
  { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' },
] as const;

export default defineAttack({
  threat: 'D03',
  detector: 'tls-downgrade',
  title: 'A device is made to offer TLS 1.0, 1.1, CBC, and keys without forward secrecy',

  async run(ward) {
    let agreed = 0;
    for (const port of [ward.mqttPort, ward.httpsPort]) {
      for (const offer of offers) if (await shakesHands(ward, port, offer)) agreed += 1;
    }
    return {
      measured: `handshakes agreed: ${agreed} of ${2 * offers.length}`,
      isAbsent: agreed === 0,
    };
  },
});

async function shakesHands(
  { ca, credentialsOf }: Ward,
  port: number,
  offer: (typeof offers)[number],
): Promise<boolean> {
  const { key, cert } = await credentialsOf(stolenId);
  const socket = connectTls({
    ...{ host, port, ca, key, cert, localAddress: attackerAddress },
    ...offer,
  });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('secureConnect', () => resolve(true));
  // Refused is what it is to be.
  socket.on('error', () => resolve(false));
  socket.once('close', () => resolve(false));
  const isAgreed = await promise;
  socket.destroy();
  return isAgreed;
}
