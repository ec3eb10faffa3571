import { expect, it } from 'vitest';
import { createMemory, strangerKey } from '../../../gateway/core/memory.ts';

const none = new Set<string>();

it('forgets addresses longest unheard of, and no device for their sake', () => {
  const memory = createMemory();
  memory.remember({ values: new Map([['replay/mon-1', 1]]), seen: none });
  const first = strangerKey('address-scan', '10.0.0.1');
  const second = strangerKey('address-scan', '10.0.0.2');
  memory.remember({ values: new Map([[first, 1]]), seen: none });
  memory.remember({ values: new Map([[second, 1]]), seen: none });
  memory.remember({ values: new Map([[first, 2]]), seen: none });
  const crowd = Array.from({ length: 19_999 }, (_, index) => [strangerKey('x', `${index}`), 1]);
  memory.remember({ values: new Map(crowd as [string, number][]), seen: none });
  expect(memory.values.has(second)).toBe(false);
  expect(memory.values.get(first)).toBe(2);
  for (let index = 0; index < 50_000; index += 1) {
    memory.remember({ values: new Map([[strangerKey('y', `${index}`), 1]]), seen: none });
  }
  expect(memory.values.size).toBe(20_001);
  expect(memory.values.get('replay/mon-1')).toBe(1);
});
