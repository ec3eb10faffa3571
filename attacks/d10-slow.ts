import { connect as connectTcp } from 'node:net';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { attackerAddress, eventually, host } from './ward.ts';

const perKind = 20;
/** Handshakes and CONNECTs have five seconds, packets ten. */
const endedMs = 20_000;

export default defineAttack({
  threat: 'D10',
  detector: 'limit-abuse',
  title: 'Connections that never finish: a handshake, a CONNECT, a header of HTTP',

  async run(ward) {
    const { mqttPort, httpsPort, ca, signal } = ward;
    let open = 0;
    const count = (socket: { once(event: 'close', listener: () => void): unknown }) => {
      open += 1;
      socket.once('close', () => (open -= 1));
    };
    const trickle = setInterval(() => {
      for (const say of saying) say();
    }, 500);
    const saying: (() => void)[] = [];
    for (let turn = 0; turn < perKind; turn += 1) {
      for (const port of [mqttPort, httpsPort]) {
        const socket = connectTcp({ host, port, localAddress: attackerAddress });
        socket.on('error', () => {});
        count(socket);
        // The beginning of a ClientHello, and nothing more.
        socket.write(Buffer.of(0x16, 0x03, 0x01));
      }
      const { key, cert } = await ward.credentialsOf('monitor-9');
      const slow = await RawClient.open(mqttPort, ca, { key, cert, localAddress: attackerAddress });
      count(slow.socket);
      slow.send(Buffer.of(0x10, 0x7f));
      saying.push(() => slow.socket.writable && slow.send(Buffer.of(0)));
      const reader = await RawClient.open(httpsPort, ca, { localAddress: attackerAddress });
      count(reader.socket);
      reader.send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n'));
      saying.push(() => reader.socket.writable && reader.send(Buffer.from('x')));
    }
    const opened = 4 * perKind;
    await eventually(() => open === 0 || signal.aborted, endedMs);
    clearInterval(trickle);
    return {
      measured: `connections held open longer than ${endedMs / 1_000} s: ${open} of ${opened}`,
      isAbsent: open === 0,
    };
  },
});
