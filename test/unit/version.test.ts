import { expect, it } from 'vitest';
import { version } from '../../gateway/version.ts';
import manifest from '../../package.json' with { type: 'json' };

it('the version is that of package.json', () => {
  expect(version).toBe(manifest.version);
});
