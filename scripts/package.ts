import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Makes the folder that is installed on a Pi: the gateway compiled to JavaScript, its migrations,
 * and the locked dependencies it runs with.
 *
 *     node scripts/package.ts OUT && cd OUT && npm ci --omit=dev
 */
const root = join(import.meta.dirname, '..');
const [, , target] = process.argv;

if (target === undefined || existsSync(target)) {
  process.stderr.write('usage: node scripts/package.ts OUT   (a folder that does not exist yet)\n');
  process.exit(2);
}
packageInto(resolve(target));

function packageInto(out: string): void {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const project = join(root, 'tsconfig.package.json');
  const compiled = spawnSync(tsc, ['--project', project, '--outDir', out], { stdio: 'inherit' });
  if (compiled.status !== 0) process.exit(1);

  const notices = ['LICENSE', 'THIRD-PARTY-NOTICES.md'];
  for (const path of ['gateway/store/migrations', 'package-lock.json', '.npmrc', ...notices]) {
    cpSync(join(root, path), join(out, path), { recursive: true });
  }
  for (const path of globSync('models/{*.pem,*/model.onnx,*/model.onnx.sig}', { cwd: root })) {
    cpSync(join(root, path), join(out, path));
  }
  const { bin, scripts, ...manifest } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  const main = bin.wardgate.replace(/\.ts$/, '.js');
  const packaged = {
    ...manifest,
    bin: { wardgate: main },
    scripts: { start: `node --max-semi-space-size=4 ${main} run` },
  };
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(packaged, null, 2)}\n`);
  chmodSync(join(out, main), 0o755);
}
