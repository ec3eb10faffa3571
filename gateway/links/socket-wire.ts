import type { Socket } from 'node:net';
import type { Wire, WireEvents } from './line-wire.ts';

/** A connected socket, plain or TLS, as the wire of a line. */
export function wireOf(socket: Socket, { onClosed }: Pick<WireEvents, 'onClosed'>): Wire {
  socket.on('end', () => onClosed('ended'));
  socket.on('error', () => onClosed('reset'));
  socket.on('close', () => onClosed('reset'));
  return {
    resume: () => void socket.resume(),
    pause: () => void socket.pause(),
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
    async close() {
      if (socket.closed) return;
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.destroy();
      await closed;
    },
  };
}
