import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pack, unpack } from '../../gateway/backup/archive.ts';
import { seal, unseal } from '../../gateway/backup/sealing.ts';
import { temporaryFolder } from '../support/site.ts';

const passphrase = 'correct horse battery staple';
const headerBytes = 50;
const sealedChunkBytes = 65_536 + 16;

async function* pieces(content: Buffer, size: number): AsyncIterable<Buffer> {
  for (let start = 0; start < content.length; start += size) {
    yield content.subarray(start, start + size);
  }
}

async function whole(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(content));
}

const sealed = (content: Buffer, size = 10_000) => whole(seal(pieces(content, size), passphrase));
const opened = (content: Buffer, size = 10_000) => whole(unseal(pieces(content, size), passphrase));

describe('a sealed backup', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 200_000])('of %i bytes opens as it was', async (bytes) => {
    const content = randomBytes(bytes);
    const file = await sealed(content, 7_777);
    expect((await opened(file, 3_333)).equals(content)).toBe(true);
    expect(bytes > 16 && file.includes(content.subarray(0, 16))).toBe(false);
  });

  it('is refused after any byte was changed', async () => {
    const file = await sealed(randomBytes(150_000));
    const places = [
      ...[0, 15, 16, 17, 18, 33, 34, 49],
      ...[50, 51, headerBytes + sealedChunkBytes - 1, headerBytes + sealedChunkBytes],
      ...[file.length - 17, file.length - 16, file.length - 1],
      ...Array.from({ length: 5 }, () => Math.floor(Math.random() * file.length)),
    ];
    for (const place of places) {
      const changed = Buffer.from(file);
      changed[place] = (changed[place] ?? 0) ^ 1;
      await expect(opened(changed), `byte ${place}`).rejects.toMatchObject({
        code: expect.stringMatching(/^backup-/),
      });
    }
  }, 60_000);

  it('is refused when it was cut, also between two chunks, and when something follows', async () => {
    const file = await sealed(randomBytes(150_000));
    const ends = [0, 10, headerBytes, headerBytes + 5, headerBytes + sealedChunkBytes];
    for (const end of [...ends, headerBytes + 2 * sealedChunkBytes, file.length - 1]) {
      await expect(opened(file.subarray(0, end)), `${end}`).rejects.toMatchObject({
        code: 'backup-damaged',
      });
    }
    const longer = Buffer.concat([file, randomBytes(40)]);
    await expect(opened(longer)).rejects.toMatchObject({ code: 'backup-damaged' });
  }, 30_000);

  it('is refused when two chunks changed places', async () => {
    const file = await sealed(randomBytes(200_000));
    const at = (index: number) => headerBytes + index * sealedChunkBytes;
    const moved = Buffer.concat([
      file.subarray(0, at(0)),
      file.subarray(at(1), at(2)),
      file.subarray(at(0), at(1)),
      file.subarray(at(2)),
    ]);
    await expect(opened(moved)).rejects.toMatchObject({ code: 'backup-damaged' });
  });

  it('tells a wrong passphrase, and a version it does not know', async () => {
    const file = await sealed(Buffer.from('content'));
    const wrong = unseal(pieces(file, 100), `${passphrase}!`);
    await expect(whole(wrong)).rejects.toMatchObject({ code: 'backup-passphrase' });
    file[17] = 2;
    await expect(opened(file)).rejects.toMatchObject({ code: 'backup-too-new' });
  });
});

describe('an archive', () => {
  it.each([...['../evil', '/evil', 'a/../../evil', 'a//evil', './evil', 'a/.', '', 'a\0b']])(
    'with a file named %j is refused, and nothing is written outside',
    async (path) => {
      const folder = temporaryFolder('archive');
      onTestFinished(() => folder.remove());
      const inside = join(folder.path, 'a/b/inside');
      const from = Buffer.from('evil');
      const archive = pack([{ path, from, bytes: from.length }]);
      await expect(unpack(archive, inside)).rejects.toMatchObject({ code: 'backup-damaged' });
      expect(existsSync(inside)).toBe(false);
      expect(readdirSync(folder.path)).toEqual([]);
    },
  );

  it('that names one file twice writes it once', async () => {
    const folder = temporaryFolder('archive');
    onTestFinished(() => folder.remove());
    const twice = ['first', 'second'].map((text) => ({
      path: 'one',
      from: Buffer.from(text),
      bytes: text.length,
    }));
    await expect(unpack(pack(twice), folder.path)).rejects.toThrow();
  });
});
