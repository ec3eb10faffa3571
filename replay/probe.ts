import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Credentials } from '../gateway/demo/ward.ts';
import { host, probeId } from './site.ts';
import { framed, text } from './translate.ts';

export interface Probe {
  /** Ends it. Milliseconds from a publish to its PUBACK. */
  stop(): Promise<{ readonly count: number; readonly p50Ms: number; readonly p99Ms: number }>;
}

const everyMs = 50;
const keepAliveSeconds = 60;

/** Publishes by QoS 1 twenty times a second and measures how long each answer takes. */
export async function startProbe(tls: Credentials, port: number): Promise<Probe> {
  const socket = connect({ host, port, ...tls });
  const latenciesMs: number[] = [];
  const sentAt = new Map<number, number>();
  let packetId = 0;
  await once(socket, 'secureConnect');
  const header = [...text('MQTT'), 4, 2, 0, keepAliveSeconds];
  socket.write(framed(0x10, Buffer.concat([Buffer.from(header), text(probeId)])));
  await once(socket, 'data');
  // CONNACK and PUBACK are four bytes each.
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (; rest.length >= 4; rest = rest.subarray(4)) {
      const at = sentAt.get(rest.readUInt16BE(2));
      if (rest[0] === 0x40 && at !== undefined) latenciesMs.push(performance.now() - at);
    }
  });
  socket.on('error', () => undefined);
  const timer = setInterval(() => {
    packetId = (packetId % 65_535) + 1;
    sentAt.set(packetId, performance.now());
    const value = Math.round(70 + 5 * Math.sin(packetId / 30));
    const payload = JSON.stringify({ seq: packetId, values: { MDC_ECG_HEART_RATE: value } });
    const id = Buffer.of(packetId >> 8, packetId & 0xff);
    const topic = text(`devices/${probeId}/observations`);
    socket.write(framed(0x32, Buffer.concat([topic, id, Buffer.from(payload)])));
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      socket.destroy();
      const sorted = latenciesMs.toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
      return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
    },
  };
}
