import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';

const cableTimeoutMs = 5_000;
const cablePollMs = 20;
const replugMs = 100;

/** A serial cable whose other end is the TCP port of a simulated device. */
export interface SerialCable {
  readonly path: string;
  /** Resolves once it is gone. */
  unplug(): Promise<void>;
}

export function hasCables(): boolean {
  return spawnSync('socat', ['-V'], { stdio: 'ignore' }).status === 0;
}

/**
 * A pseudo-terminal at `path`: the gateway opens it as it opens any port. The device is plugged in
 * once somebody has opened it, and again after that one closed it.
 */
export async function layPseudoTerminal(path: string, port: number): Promise<SerialCable> {
  const end = `pty,raw,echo=0,wait-slave,link=${path}`;
  let cable = plug(end, path, port);
  let isUnplugged = false;
  const keep = async () => {
    while (!isUnplugged) {
      await cable.gone;
      await delay(replugMs);
      if (!isUnplugged) cable = plug(end, path, port);
    }
  };
  const deadline = performance.now() + cableTimeoutMs;
  while (!existsSync(path)) {
    const isLate = performance.now() > deadline;
    if (isLate || cable.hasEnded()) throw new GatewayError('port-busy', `${path} was not made`);
    await delay(cablePollMs);
  }
  const kept = keep();
  return {
    path,
    async unplug() {
      isUnplugged = true;
      await cable.unplug();
      await kept;
    },
  };
}

type LineLink = Extract<DeviceProfile['link'], { kind: 'line' }>;

/** A real port of this machine, with the settings of the profile; a cable leads to the gateway. */
export function plugIntoPort(path: string, link: LineLink, port: number): SerialCable {
  if (!existsSync(path)) throw new GatewayError('usage', `there is no ${path}`);
  const { baudRate, dataBits, parity, stopBits } = link;
  const settings = [
    `b${baudRate}`,
    `cs${dataBits}`,
    `parenb=${parity === 'none' ? 0 : 1}`,
    `parodd=${parity === 'odd' ? 1 : 0}`,
    `cstopb=${stopBits === 2 ? 1 : 0}`,
  ];
  return plug(`${path},raw,echo=0,${settings.join(',')}`, path, port);
}

function plug(end: string, path: string, port: number) {
  const child: ChildProcess = spawn('socat', [end, `tcp:127.0.0.1:${port}`], { stdio: 'ignore' });
  let isOver = false;
  const gone = new Promise<void>((resolve) => {
    const end = () => {
      isOver = true;
      resolve();
    };
    child.once('exit', end).once('error', end);
  });
  return {
    path,
    gone,
    hasEnded: () => isOver,
    unplug() {
      child.kill();
      return gone;
    },
  };
}
