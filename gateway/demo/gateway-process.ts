import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { GatewayError } from '../core/error.ts';

/** A gateway in a process of its own, as it runs on a Pi. */
export interface GatewayProcess {
  readonly mqttPort: number;
  readonly pid: number;
  /** Resolves once it is gone, whoever ended it. */
  readonly ended: Promise<void>;
  /** SIGTERM, then waits for the end. Rejects when it did not end well. */
  stop(): Promise<void>;
  /** SIGKILL: the power is gone. */
  kill(): Promise<void>;
}

/** TypeScript where the sources are run as they are, JavaScript in a package. */
const main = join(import.meta.dirname, `../main${extname(import.meta.filename)}`);

const startTimeoutMs = 60_000;
/** Draining takes as long as the hospital lets its last answer wait. */
const stopTimeoutMs = 60_000;

/** As in the first line of main.ts: memory that is small on a Pi, at the same speed. */
const nodeOptions = ['--max-semi-space-size=4'];

/**
 * Starts `wardgate run` and resolves once it is ready. `onEvent` sees every event line; `variables`
 * are set in its environment besides those of this process.
 */
export async function spawnGateway(
  directory: string,
  onEvent: (event: Readonly<Record<string, unknown>>) => void,
  variables: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [...nodeOptions, main, 'run', '--dir', directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...variables },
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const ready = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as { event: string; mqttPort?: number };
    onEvent(event);
    if (event.event === 'gateway.ready') ready.resolve(event.mqttPort ?? 0);
  });
  const tooSlow = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
  const died = ended.then(([code]) => {
    throw new GatewayError('gateway-unreachable', `the gateway ended with ${code}`);
  });
  const mqttPort = await Promise.race([ready.promise, died]).finally(() => clearTimeout(tooSlow));
  died.catch(() => undefined);
  return {
    mqttPort,
    pid: child.pid ?? 0,
    ended: ended.then(() => undefined),
    async stop() {
      child.kill('SIGTERM');
      const tooSlow = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      const [code] = await ended;
      clearTimeout(tooSlow);
      if (code !== 0) throw new GatewayError('gateway-unreachable', `it ended with ${code}`);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
