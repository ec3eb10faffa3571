import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { readRecording } from '../../../replay/recording.ts';
import { devicesOf } from '../../../replay/translate.ts';
import { temporaryFolder } from '../../support/site.ts';

const line = (t: number, src = 'a') =>
  `${JSON.stringify({ t, conn: 0, src, type: 'PUBLISH', hex: '3000' })}\n`;

it('reads what is there in the order of time, and refuses the rest by file and line', () => {
  const folder = temporaryFolder('recording');
  onTestFinished(() => folder.remove());
  const path = join(folder.path, 'some.jsonl');
  const read = (content: string | Uint8Array) => {
    writeFileSync(path, content);
    return readRecording(path);
  };
  const text = `${line(2)}\n${line(1).trim()}`;
  expect(read(text).map(({ t }) => t)).toEqual([1, 2]);
  expect(read(gzipSync(text)).map(({ t }) => t)).toEqual([1, 2]);
  expect(() => read('')).toThrow(`${path}: there is no packet in it`);
  expect(() => read(gzipSync(text).subarray(0, -12))).toThrow(`${path}: damaged or cut gzip`);
  expect(() => read(`${line(1)}{"t":2,"co`)).toThrow(`${path}:2: not JSON`);
  expect(() => read(`${line(1)}\n[1]`)).toThrow(`${path}:3: `);
  expect(() => read(line(Date.now() / 1_000))).toThrow('at most 604800');
  const crowd = Array.from({ length: 300 }, (_, index) => line(1, `10.0.0.${index}`)).join('');
  expect(() => read(crowd)).toThrow('more than 256 sources');
  expect(() => read(line(1, 'a'.repeat(2 ** 21)))).toThrow(`${path}:1: more than`);
  expect(() => readRecording(folder.path)).toThrow('no file');
});

it('reads the habit of a source that said a lot', () => {
  const packets = Array.from({ length: 200_000 }, (_, index) => ({
    ...{ t: index, conn: 0, src: 'a', type: 'PUBLISH', bytes: Buffer.alloc(0) },
  }));
  expect(devicesOf(packets, packets).get('a')).toMatchObject({ perSecondMax: 1, silenceMax: 1 });
});
