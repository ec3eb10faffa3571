import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Whole systems take minutes: begun first, none of them is waited for at the end. */
class SystemsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSystem = ({ moduleId }: TestSpecification) => moduleId.includes('/test/system/');
    const sorted = await super.sort(files);
    return [...sorted.filter(isSystem), ...sorted.filter((file) => !isSystem(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/compile-cache.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores, as a Pi's tests have; most tests wait more than they compute.
    maxWorkers: 2,
    sequence: { sequencer: SystemsFirst },
  },
});
