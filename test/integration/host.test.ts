import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditKeyOf } from '../../gateway/audit/checkpoint.ts';
import type { HostSignal } from '../../gateway/core/signals/host-signal.ts';
import { watchDestinations } from '../../gateway/host/destinations.ts';
import { watchHousing } from '../../gateway/host/housing.ts';
import { endWriters, watchChildren } from '../../gateway/host/processes.ts';
import { readManifest, watchProgram } from '../../gateway/host/program-files.ts';
import { canary, watchSiteFiles } from '../../gateway/host/site-files.ts';
import { watchUsb } from '../../gateway/host/usb.ts';
import type { Watch } from '../../gateway/host/watch.ts';
import { recordProgram } from '../../gateway/site/program-record.ts';

let directory = '';
const children: ChildProcess[] = [];
const watches: Watch[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wardgate-host-'));
});
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** Hands over what is told, as it is told. */
function listen() {
  const told: HostSignal[] = [];
  let wake: () => void = () => undefined;
  return {
    told,
    tell(signal: HostSignal) {
      told.push(signal);
      wake();
    },
    async until(count: number): Promise<readonly HostSignal[]> {
      while (told.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return told;
    },
  };
}

const write = (path: string, content: string | Buffer) => {
  mkdirSync(join(directory, path, '..'), { recursive: true });
  writeFileSync(join(directory, path), content);
};
const read = (path: string) => readFileSync(join(directory, path), 'utf8');

/** Node with a script of its own, in a process of its own. */
function run(script: string, ...words: string[]): ChildProcess {
  const child = spawn(process.execPath, ['-e', script, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

describe('the program', () => {
  it('tells of a file that was changed, added or taken away, each once', async () => {
    for (const name of ['a', 'b', 'c']) write(`gateway/${name}.ts`, name);
    const manifest = await readManifest(directory);
    write('gateway/a.ts', 'x');
    write('gateway/d.ts', 'd');
    rmSync(join(directory, 'gateway/c.ts'));
    const { tell, until } = listen();
    watches.push(watchProgram(directory, manifest, tell));
    expect(await until(3)).toEqual([
      { kind: 'program-changed', path: 'gateway/a.ts', change: 'changed' },
      { kind: 'program-changed', path: 'gateway/c.ts', change: 'removed' },
      { kind: 'program-changed', path: 'gateway/d.ts', change: 'added' },
    ]);
  });

  it('is recorded once a version, signed, and a forged record is none', async () => {
    const key = auditKeyOf(Buffer.alloc(32, 5));
    const site = join(directory, 'site');
    write('gateway/a.ts', 'a');
    const record = (version: string) => recordProgram(site, directory, version, key);
    expect((await record('1')).origin).toBe('new');
    write('gateway/a.ts', 'changed');
    const earlier = await record('1');
    expect(earlier.origin).toBe('earlier');
    expect(earlier.manifest).not.toEqual(await readManifest(directory));
    expect((await record('2')).origin).toBe('new');
    const path = join(site, 'audit/program.json');
    const forged = { ...JSON.parse(readFileSync(path, 'utf8')), files: {} };
    writeFileSync(path, JSON.stringify(forged));
    expect((await record('2')).origin).toBe('forged');
  });
});

describe('a site’s files', () => {
  const texts = {
    'wardgate.yaml': 'site: x\n',
    'pki/root.pem': 'PEM\n',
    'profiles/a.json': '{}\n',
  };

  beforeEach(() => {
    for (const [path, text] of Object.entries(texts)) write(path, text);
  });

  it.each(['in place', 'under another name'])(
    'come back when they are encrypted %s',
    async (how) => {
      const { tell, until } = listen();
      watches.push(watchSiteFiles({ directory, endWriters: async () => 0 }, tell));
      for (const path of ['wardgate.yaml', 'pki/root.pem', 'profiles/a.json']) {
        writeFileSync(join(directory, path), randomBytes(4_096));
        if (how === 'in place') continue;
        renameSync(join(directory, path), join(directory, `${path}.locked`));
      }
      if (how !== 'in place') writeFileSync(join(directory, canary), randomBytes(64));
      const [signal] = await until(1);
      expect(signal).toMatchObject({ kind: 'site-files-struck', restored: 3 });
      for (const [path, text] of Object.entries(texts)) expect(read(path)).toBe(text);
    },
  );

  it('may be changed, replaced and removed in peace; settings are told of', async () => {
    const { tell, until, told } = listen();
    watches.push(watchSiteFiles({ directory, endWriters: async () => 0 }, tell));
    write('pki/root.pem', 'another PEM\n');
    write('pki/new.p12', randomBytes(512));
    rmSync(join(directory, 'profiles/a.json'));
    write('wardgate.yaml.new', 'site: y\n');
    renameSync(join(directory, 'wardgate.yaml.new'), join(directory, 'wardgate.yaml'));
    await until(1);
    expect(told).toEqual([{ kind: 'settings-file-changed', path: 'wardgate.yaml' }]);
    expect(existsSync(join(directory, 'profiles/a.json'))).toBe(false);
  });

  it('keep whoever encrypts them from going on', async () => {
    const { tell, until } = listen();
    const endWritersNow = () => endWriters(directory, process.pid);
    watches.push(watchSiteFiles({ directory, endWriters: endWritersNow }, tell));
    // Holds its file open, as an encryption of something large does.
    const intruder = run(
      `const fs = require('fs');
       const file = fs.openSync(process.argv[1] + '/wardgate.yaml', 'r+');
       setInterval(() => fs.writeSync(file, require('crypto').randomBytes(64), 0), 1);`,
      directory,
    );
    const [, cause] = await once(intruder, 'exit');
    expect(cause).toBe('SIGKILL');
    expect(await until(1)).toMatchObject([{ sign: 'scrambled', ended: 1, restored: 1 }]);
    expect(read('wardgate.yaml')).toBe(texts['wardgate.yaml']);
  });
});

it('ends a child that the gateway does not start, and leaves the others alone', async () => {
  const script = `const { spawn } = require('child_process');
    const known = spawn('cat');
    spawn('tail', ['-f', '/dev/null'])
      .on('exit', (_, signal) => console.log(signal, known.exitCode === null));
    setInterval(() => {}, 1000);`;
  const parent = run(script);
  const { tell, until } = listen();
  const known = new Set(['cat']);
  watches.push(watchChildren({ pid: parent.pid ?? 0, known }, tell));
  const [said] = await once(parent.stdout ?? parent, 'data');
  expect(String(said).trim()).toBe('SIGKILL true');
  expect(await until(1)).toEqual([{ kind: 'process-unknown', name: 'tail', isEnded: true }]);
});

it('tells of what is plugged in, by what it is for, and not of what was there', async () => {
  const plug = (name: string, vendor: string, use: string) => {
    write(`bus/usb/devices/${name}/idProduct`, '0001\n');
    write(`bus/usb/devices/${name}:1.0/bInterfaceClass`, `${use}\n`);
    write(`bus/usb/devices/${name}/idVendor`, `${vendor}\n`);
  };
  plug('1-1', '0403', 'ff');
  const { tell, until } = listen();
  watches.push(await watchUsb(tell, directory));
  cpSync(join(directory, 'bus/usb/devices/1-1'), join(directory, 'bus/usb/devices/1-9'), {
    recursive: true,
  });
  plug('1-2', '0951', '08');
  expect(await until(1)).toEqual([
    { kind: 'usb-attached', vendor: '0951', product: '0001', use: 'storage' },
  ]);
});

it('tells that the case was opened and that the supply is low, each when it begins', async () => {
  write('case', '0\n');
  write('class/hwmon/hwmon1/in0_lcrit_alarm', '1\n');
  write('class/hwmon/hwmon1/name', 'rpi_volt\n');
  const { tell, until } = listen();
  const caseSwitch = join(directory, 'case');
  watches.push(await watchHousing({ caseSwitch, sys: directory }, tell));
  expect(await until(1)).toEqual([{ kind: 'undervoltage' }]);
  write('case', '1\n');
  expect(await until(2)).toEqual([{ kind: 'undervoltage' }, { kind: 'case-opened' }]);
});

it('tells of a connection to whom no setting names, and of no other', async () => {
  const servers = await Promise.all(
    ['127.0.0.1', '127.0.0.2'].map(async (host) => {
      const server = createServer().listen(0, host);
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const socket = createConnection(port, host);
      const [[accepted]] = await Promise.all([once(server, 'connection'), once(socket, 'connect')]);
      return { server, port, close: () => [accepted, socket].map((each) => each.destroy()) };
    }),
  );
  const [known, unknown] = servers;
  const { tell, until, told } = listen();
  const ports = new Set(servers.map(({ port }) => port));
  watches.push(
    watchDestinations({ hosts: () => new Set(['127.0.0.1']), ports: () => ports }, tell),
  );
  await until(1);
  expect(told).toEqual([{ kind: 'destination-unknown', remote: '127.0.0.2', port: unknown?.port }]);
  for (const { server, close } of [known, unknown].filter((each) => each !== undefined)) {
    close();
    server.close();
  }
});
