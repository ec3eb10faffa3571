import { describe, expect, it } from 'vitest';
import { hashPassword, verifyPassword } from '../../../gateway/pki/password.ts';
import { PasswordQueue } from '../../../gateway/pki/password-queue.ts';

describe('a password’s hash', () => {
  it('fits that password and no other, and is another one each time', async () => {
    const [first, second] = await Promise.all([hashPassword('lantern'), hashPassword('lantern')]);
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(first).not.toBe(second);
    expect(await verifyPassword('lantern', first)).toBe(true);
    expect(await verifyPassword('Lantern', first)).toBe(false);
    expect(await verifyPassword('', first)).toBe(false);
  });

  it('of another cost fits too: the cost of its day stands in it', async () => {
    // From the tests of the reference implementation (phc-winner-argon2, src/test.c).
    const phc =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
    expect(await verifyPassword('password', phc)).toBe(true);
    expect(await verifyPassword('Password', phc)).toBe(false);
  });

  it('of nobody fits nothing', async () => {
    expect(await verifyPassword('')).toBe(false);
    expect(await verifyPassword('lantern', undefined)).toBe(false);
  });
});

describe('the queue of passwords', () => {
  it('runs two at once, lets sixteen wait, and turns the rest away at once', async () => {
    const queue = new PasswordQueue();
    const gate = Promise.withResolvers<void>();
    let running = 0;
    let most = 0;
    const task = async () => {
      running += 1;
      most = Math.max(most, running);
      await gate.promise;
      running -= 1;
      return 'done';
    };
    const runs = Array.from({ length: 20 }, () => queue.run(task));
    expect(await Promise.all(runs.slice(18))).toEqual([undefined, undefined]);
    gate.resolve();
    expect(await Promise.all(runs.slice(0, 18))).toEqual(Array(18).fill('done'));
    expect(most).toBe(2);
    expect(await queue.run(async () => 'again')).toBe('again');
  });

  it('goes on after a task that failed', async () => {
    const queue = new PasswordQueue();
    const fail = () => Promise.reject(new RangeError('no memory'));
    const runs = Array.from({ length: 6 }, () => queue.run(fail));
    const outcomes = await Promise.allSettled(runs);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(6).fill('rejected'));
    expect(await queue.run(async () => 'done')).toBe('done');
  });
});
