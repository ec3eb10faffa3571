import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listenForGateway } from '../../gateway/players/device-end.ts';
import { playLine } from '../../gateway/players/line-player.ts';
import { simulate } from '../../gateway/simulation.ts';
import { findProfile, loadProfiles } from '../../gateway/site/profiles.ts';
import { lockSite } from '../../gateway/store/database.ts';
import { expectRefusal, wardgate } from '../support/command.ts';
import { namedFrames, patientId } from '../support/named-captures.ts';
import { host, makeSite, temporaryFolder } from '../support/site.ts';

const profiles = await loadProfiles();

function folder(): string {
  const { path, remove } = temporaryFolder('capture');
  onTestFinished(remove);
  return path;
}

/** A simulated device behind a serial device server, until the test ends. */
async function playDevice(id: string): Promise<number> {
  const stop = new AbortController();
  const end = await listenForGateway({ host, port: 0 });
  const say = await simulate(findProfile(profiles, id), 1);
  const now = () => Date.now() as Parameters<typeof say>[1];
  const played = playLine({ end, say, rateHz: 10, signal: stop.signal, now });
  onTestFinished(async () => {
    stop.abort();
    await played;
  });
  return end.port;
}

it('records a line, masked, and the file decodes', async () => {
  const out = join(folder(), 'report.bin');
  const port = await playDevice('masimo-radical-7');
  const words = ['capture', '--tcp', `${host}:${port}`, '--profile', 'masimo-radical-7'];
  const captured = await wardgate([...words, '--out', out, '--seconds', '1', '--json']);
  expect(captured.code).toBe(0);
  const result = JSON.parse(captured.out);
  expect(result).toMatchObject({ file: out, bytes: statSync(out).size, withheldBytes: 0 });
  expect(statSync(out).mode & 0o777).toBe(0o600);
  expect(`${readFileSync(out)}`).toMatch(/SN=\d{10} /);
  expect(`${readFileSync(out)}`).not.toContain('0000010001');
  const about = JSON.parse(readFileSync(`${out}.json`, 'utf8'));
  expect(about).toMatchObject({ profile: 'masimo-radical-7', protocol: 'masimo-ascii' });
  const times = about.frames.map(([, atMs]: [number, number]) => atMs);
  expect(times.length).toBeGreaterThan(2);
  expect(times).toEqual([...times].sort((a: number, b: number) => a - b));
  const decoded = await wardgate(['decode', '--profile', 'masimo-radical-7', out]);
  const { summary } = JSON.parse(decoded.out.trim().split('\n').at(-1) ?? '');
  expect(summary).toMatchObject({ bytes: result.bytes, discardedBytes: 0, rejected: 0 });
  expect(summary.records).toBeGreaterThan(2);
  // Never over another one.
  expectRefusal(await wardgate([...words, '--out', out, '--seconds', '1']), 2, 'usage');
});

it('never acknowledges a result: it is not kept, and the analyser must send it again', async () => {
  const frames = Buffer.from(namedFrames['astm-e1381']?.() ?? []);
  const heard: Buffer[] = [];
  const analyser = createServer((socket) => {
    socket.on('error', () => undefined).on('data', (bytes) => void heard.push(bytes));
    socket.write(frames);
  }).listen(0, host);
  await once(analyser, 'listening');
  onTestFinished(() => void analyser.close());
  const { port } = analyser.address() as AddressInfo;
  const out = join(folder(), 'report.bin');
  const words = ['capture', '--tcp', `${host}:${port}`, '--profile', 'generic-astm-analyser'];
  const { code } = await wardgate([...words, '--out', out, '--seconds', '1']);
  expect(code).toBe(0);
  expect(`${readFileSync(out)}`).not.toContain(patientId);
  expect(`${readFileSync(out)}`).toContain('|40.13|g/L|');
  expect([...Buffer.concat(heard)]).not.toContain(0x06);
});

it('says what to do where nothing is said, nothing is there, or a gateway runs', async () => {
  const out = join(folder(), 'report.bin');
  const words = ['--profile', 'masimo-radical-7', '--out', out, '--seconds', '1'];
  const silent = createServer(() => undefined).listen(0, host);
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  for (const where of [
    ['--tcp', `${host}:${port}`],
    ['--path', '/dev/there-is-none'],
  ]) {
    const { code, err } = await wardgate(['capture', ...where, ...words]);
    expect(code).toBe(1);
    expect(err).toContain('[capture-empty]');
  }
  expectRefusal(await wardgate(['capture', ...words]), 2, 'usage');
  const site = join(folder(), 'site');
  const serial = [{ device: 'oxi-1' as never, tcp: `${host}:${port}` }];
  await makeSite(site, [{ id: 'oxi-1', profile: 'masimo-radical-7' }], { serial });
  const lock = lockSite(site);
  onTestFinished(() => void lock.close());
  const running = await wardgate(['capture', 'oxi-1', '--dir', site, '--out', out]);
  expectRefusal(running, 1, 'store-locked');
  expect(existsSync(out)).toBe(false);
});

it('records a device of the site over the line of its settings', async () => {
  const site = join(folder(), 'site');
  const out = join(folder(), 'report.bin');
  const port = await playDevice('nonin-oem-iii');
  const serial = [{ device: 'oxi-1' as never, tcp: `${host}:${port}` }];
  await makeSite(site, [{ id: 'oxi-1', profile: 'nonin-oem-iii' }], { serial });
  const words = ['capture', 'oxi-1', '--dir', site, '--out', out, '--seconds', '1'];
  const { code, err } = await wardgate(words);
  expect(code, err).toBe(0);
  expect(statSync(out).size).toBeGreaterThan(125);
});
