import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { host } from './site.ts';

/** What `wardgate capture` wrote: bytes of one line, and when each frame came. */
export interface LineCapture {
  readonly profile: string;
  readonly chunks: readonly { readonly t: number; readonly bytes: Buffer }[];
}

const About = z.object({
  profile: z.string().max(100),
  frames: z.array(z.tuple([z.int().min(0), z.number().min(0)])).max(1_000_000),
});

/** The capture of FILE and FILE.json, or undefined where there is no such pair. */
export function readCapture(path: string): LineCapture | undefined {
  let text: string;
  try {
    text = readFileSync(`${path}.json`, 'utf8');
  } catch {
    return undefined;
  }
  const { profile, frames } = About.parse(JSON.parse(text));
  const bytes = readFileSync(path);
  const chunks = frames.map(([offset, atMs], index) => ({
    t: atMs / 1_000,
    bytes: bytes.subarray(offset, frames[index + 1]?.[0] ?? bytes.length),
  }));
  return { profile, chunks };
}

/** A serial device server: whoever connects to it hears the line. */
export interface LineEnd {
  readonly address: string;
  /** Says the capture at its time, divided by `speed`, once somebody listens. */
  play(capture: LineCapture, speed: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

const listenMsMax = 30_000;

export async function openLineEnd(): Promise<LineEnd> {
  const heard = Promise.withResolvers<Socket>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // The gateway may end the line; what it asks of the device has no answer here.
    socket.on('error', () => undefined);
    socket.resume();
    heard.resolve(socket);
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, host, () => listening.resolve());
  await listening.promise;
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    address: `${host}:${port}`,
    async play({ chunks }, speed, signal) {
      const late = delay(listenMsMax, undefined, { signal, ref: false }).then(() => {
        throw new Error('the gateway did not open the line');
      });
      const socket = await Promise.race([heard.promise, late]);
      const startedMs = performance.now();
      for (const { t, bytes } of chunks) {
        const aheadMs = startedMs + (t * 1_000) / speed - performance.now();
        if (aheadMs > 1) await delay(aheadMs, undefined, { signal });
        if (socket.writable) socket.write(bytes);
      }
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
