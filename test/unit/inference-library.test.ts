import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('runs models by a library that reports to nobody', () => {
  const cwd = join(import.meta.dirname, '../../node_modules/onnxruntime-node');
  const libraries = globSync('bin/*/linux/*/{*.so*,*.node}', { cwd });
  expect(libraries.length).toBeGreaterThanOrEqual(4);
  for (const library of libraries) {
    const bytes = readFileSync(join(cwd, library));
    expect(bytes.includes('OneCollector'), library).toBe(false);
    expect(bytes.includes('.data.microsoft.com'), library).toBe(false);
  }
});
