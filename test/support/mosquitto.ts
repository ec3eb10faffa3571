import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';
import type { TestCertificate } from './hospital-certificate.ts';

export interface Mosquitto {
  readonly port: number;
  /** A power cut. */
  kill(): Promise<void>;
  /** Again, on the same port, and it remembers nothing. */
  start(): Promise<void>;
  /** Neither works nor goes away. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Debian's mosquitto as the hospital's broker, over TLS only. */
export async function startMosquitto(
  tls: TestCertificate,
  settings: readonly string[] = ['allow_anonymous true'],
): Promise<Mosquitto> {
  const directory = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const port = await freePort();
  const file = join(directory, 'mosquitto.conf');
  writeFileSync(join(directory, 'ca.pem'), tls.ca);
  writeFileSync(join(directory, 'cert.pem'), tls.cert);
  writeFileSync(join(directory, 'key.pem'), tls.key);
  const lines = [
    // Started by root it would change to a user who may not read the keys.
    `user ${userInfo().username}`,
    `listener ${port} 127.0.0.1`,
    `cafile ${join(directory, 'ca.pem')}`,
    `certfile ${join(directory, 'cert.pem')}`,
    `keyfile ${join(directory, 'key.pem')}`,
    'persistence false',
    'log_dest stderr',
    ...settings,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  let child = await run(file);

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  return {
    port,
    kill,
    async start() {
      child = await run(file);
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async close() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function run(file: string) {
  const child = spawn('mosquitto', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const output = createInterface(child.stderr);
  const said: string[] = [];
  const running = new Promise<void>((resolve, reject) => {
    output.on('line', (line) => {
      said.push(line);
      if (line.endsWith(' running')) resolve();
    });
    child.once('exit', () => reject(new Error(`mosquitto: ${said.join('; ')}`)));
    child.once('error', reject);
  });
  await running;
  return child;
}
