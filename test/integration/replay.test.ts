import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished, vi } from 'vitest';
import { framed, text } from '../../replay/translate.ts';
import { temporaryFolder } from '../support/site.ts';

vi.setConfig({ testTimeout: 180_000 });

const main = join(import.meta.dirname, '../../replay/main.ts');

async function replay(...words: readonly string[]) {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  const [code] = await ended;
  return { code, out: out.toString(), err: err.toString() };
}

const connect = framed(
  0x10,
  Buffer.concat([text('MQTT'), Buffer.of(4, 2, 0, 60), text('recorded-id')]),
).toString('hex');
const publish = framed(0x30, Buffer.concat([text('Temperature'), Buffer.from('21')]));

/** A source that connects and then publishes so often a second. */
function recording(src: string, seconds: number, perSecond: number): string {
  const lines: object[] = [
    { t: 0, conn: 0, src, type: 'OPEN' },
    { t: 0.01, conn: 0, src, type: 'CONNECT', hex: connect },
  ];
  for (let index = 1; index < seconds * perSecond; index += 1) {
    const hex = publish.toString('hex');
    lines.push({ t: 0.5 + index / perSecond, conn: 0, src, type: 'PUBLISH', hex });
  }
  return lines.map((line) => JSON.stringify(line)).join('\n');
}

it('plays an attack over its background through a gateway, and finds it and nothing else', async () => {
  const folder = temporaryFolder('replay');
  onTestFinished(() => folder.remove());
  const [attack, background] = ['attack.jsonl.gz', 'background.jsonl'].map((name) =>
    join(folder.path, name),
  );
  writeFileSync(attack ?? '', gzipSync(recording('192.0.2.66', 5, 300)));
  writeFileSync(background ?? '', recording('192.0.2.1', 40, 1));
  const words = [attack ?? '', '--background', background ?? '', '--lead', '20', '--speed', '5'];
  const { code, out, err } = await replay(...words, '--compare', '--json');
  expect(err).toContain('2 sources');
  const { score, played, publish: times } = JSON.parse(out);
  expect(score.episodes).toMatchObject([{ isDetected: true, by: 'D10 message-flood' }]);
  expect(score.episodes[0].seconds).toBeGreaterThan(0);
  expect(score).toMatchObject({ truePositiveRate: 1, falseAlarms: {} });
  expect(played.connections).toBe(2);
  expect(times.map((each: { count: number }) => each.count > 0)).toEqual([true, true]);
  expect(code).toBe(0);

  // Nothing attacks, but somebody says so: it is not found, and the command says so too.
  const calm = await replay(background ?? '', '--attack-from', '10', '--speed', '20', '--json');
  expect(calm.code).toBe(1);
  expect(JSON.parse(calm.out).score.truePositiveRate).toBe(0);
  expect((await replay(join(folder.path, 'nowhere'))).code).toBe(2);
});

it('plays a capture of a line as a serial device server would', async () => {
  const folder = temporaryFolder('replay-line');
  onTestFinished(() => folder.remove());
  const capture = (name: string, lines: readonly string[]) => {
    const path = join(folder.path, name);
    let offset = 0;
    const frames = lines.map((line, index) => {
      const at = [offset, index * 100] as const;
      offset += line.length;
      return at;
    });
    writeFileSync(path, lines.join(''));
    writeFileSync(`${path}.json`, JSON.stringify({ profile: 'masimo-rad-8', frames }));
    return path;
  };
  const said = (second: number, serialNumber: string) =>
    `06/14/24 09:30:${`${second}`.padStart(2, '0')} SN=${serialNumber} SPO2=09${second % 4}% BPM=081 PI=03.25% SPCO=--.-% SPMET=--.-% DESAT=-- PIDELTA=+-- ALARM=0000 EXC=000800\r\n`;
  const lines = Array.from({ length: 20 }, (_, index) => said(index, '0000200417'));
  const ordinary = capture('good.bin', lines);
  const calm = JSON.parse((await replay(ordinary, '--json')).out);
  expect(calm.score).toMatchObject({ episodes: [], falseAlarms: {} });
  expect(calm.traceSeconds).toBeCloseTo(1.9);

  // Another device answers on the same cable.
  const swapped = [...lines, ...lines.map((_, index) => said(20 + index, '0000999999'))];
  const words = ['--attack-from', '2', '--json'];
  const { code, out } = await replay(capture('swapped.bin', swapped), ...words);
  expect(JSON.parse(out).score.episodes).toMatchObject([
    { isDetected: true, by: 'D04 device-swap' },
  ]);
  expect(code).toBe(0);
});
