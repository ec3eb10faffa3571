import { connect } from 'node:net';

const connectTimeoutMs = 2_000;

/** Whether somebody takes a TCP connection there. Nothing is said over it. */
export function answers(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: connectTimeoutMs });
  const done = (isReachable: boolean) => {
    socket.destroy();
    resolve(isReachable);
  };
  socket.once('connect', () => done(true));
  socket.once('timeout', () => done(false));
  socket.once('error', () => done(false));
  return promise;
}
