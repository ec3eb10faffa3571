import { once } from 'node:events';
import { connect } from 'node:net';
import { defineAttack } from './attack.ts';
import { callHttps } from './https-call.ts';
import { attackerAddress, host, stolenId, type Ward } from './ward.ts';

const words = [
  'admin',
  'login',
  'console',
  'backup',
  'config',
  'debug',
  'env',
  'git',
  'phpmyadmin',
];
const paths = [
  ...words,
  ...words.map((word) => `api/v1/${word}`),
  ...words.map((word) => `${word}.bak`),
];
/** What other services than ours would answer to. */
const greetings = [
  'GET / HTTP/1.0\r\n\r\n',
  'SSH-2.0-scan\r\n',
  'CONNECT 10.0.0.9:22 HTTP/1.1\r\nHost: 10.0.0.9:22\r\n\r\n',
  '*1\r\n$4\r\nPING\r\n',
];

export default defineAttack({
  threat: 'D15',
  detector: 'address-scan',
  title: 'An address tries paths and protocols, and the gateway as a way on to others',

  async run(ward) {
    let answered = 0;
    for (const port of [ward.mqttPort, ward.httpsPort]) {
      for (const greeting of greetings) if (await talks(port, greeting)) answered += 1;
    }
    let found = 0;
    for (const path of paths) {
      const answer = await callHttps(ward, { path: `/${path}` }).catch(() => undefined);
      if (answer && answer.status < 400) found += 1;
    }
    const hops = await hop(ward);
    return {
      measured: `paths found: ${found} of ${paths.length}; answers to foreign protocols: ${answered} of ${2 * greetings.length}; ways on to others: ${hops} of 2`,
      isAbsent: found === 0 && answered === 0 && hops === 0,
    };
  },
});

/** Whether anything but an end, or an alert of TLS, came back. */
async function talks(port: number, greeting: string): Promise<boolean> {
  const socket = connect({ host, port, localAddress: attackerAddress });
  let isAnswered = false;
  const tlsAlert = 0x15;
  socket.on('data', (bytes: Buffer) => (isAnswered ||= bytes[0] !== tlsAlert));
  socket.on('error', () => {});
  socket.write(greeting);
  await once(socket, 'close');
  return isAnswered;
}

/** As a proxy, with a certificate of the site. */
async function hop(ward: Ward): Promise<number> {
  const { key, cert } = await ward.credentialsOf(stolenId);
  let hops = 0;
  for (const path of [`http://${host}:9/`, `https://${host}:${ward.mqttPort}/`]) {
    const answer = await callHttps(ward, { path, tls: { key, cert } }).catch(() => undefined);
    if (answer && answer.status < 400) hops += 1;
  }
  return hops;
}
