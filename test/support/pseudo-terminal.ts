import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** A cable: what is written to one end is read at the other. Both ends are links to real ttys. */
export interface PseudoTerminal {
  /** The end of the device. */
  readonly devicePath: string;
  /** The end of the gateway. */
  readonly hostPath: string;
  /** Pulls the cable: both ends vanish and every open descriptor of them reports a hang-up. */
  unplug(): Promise<void>;
  /** Plugs it in again under the same two paths. */
  replug(): Promise<void>;
}

/** Needs socat. Ends with the test that opened it. */
export async function openPseudoTerminal(): Promise<PseudoTerminal> {
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-line-'));
  const devicePath = join(folder, 'device');
  const hostPath = join(folder, 'host');
  let socat: ChildProcess | undefined = await startSocat(devicePath, hostPath);

  async function unplug(): Promise<void> {
    if (!socat) return;
    if (socat.exitCode === null && socat.signalCode === null) {
      const exited = once(socat, 'exit');
      socat.kill('SIGTERM');
      await exited;
    }
    socat = undefined;
    rmSync(devicePath, { force: true });
    rmSync(hostPath, { force: true });
  }

  onTestFinished(async () => {
    await unplug();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    devicePath,
    hostPath,
    unplug,
    async replug() {
      await unplug();
      socat = await startSocat(devicePath, hostPath);
    },
  };
}

async function startSocat(devicePath: string, hostPath: string): Promise<ChildProcess> {
  const end = (path: string) => `pty,raw,echo=0,link=${path}`;
  const socat = spawn('socat', ['-d', '-d', end(devicePath), end(hostPath)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: socat.stderr })) {
    // Written once both links are made and bytes are carried.
    if (line.includes('starting data transfer loop')) {
      socat.stderr.resume();
      return socat;
    }
    lines.push(line);
  }
  throw new Error(`socat did not start: ${lines.join('; ')}`);
}
