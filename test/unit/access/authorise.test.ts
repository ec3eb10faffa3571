import { describe, expect, it } from 'vitest';
import { authorise } from '../../../gateway/access/authorise.ts';
import type { ActionName, Principal, Role } from '../../../gateway/core/principal.ts';

const person = (role: Role, more: Partial<Principal> = {}): Principal => ({
  ...{ id: 'mara', role, by: 'session' },
  ...more,
});
const may = (principal: Principal | undefined, name: ActionName, owner?: string) => {
  const verdict = authorise(principal, { name, owner });
  return verdict.isAllowed || verdict.reason;
};

describe('the rights', () => {
  it('let nobody do more than ask whether it runs, whom to tell, and who he is', () => {
    expect(may(undefined, 'health.read')).toBe(true);
    expect(may(undefined, 'session.open')).toBe(true);
    expect(may(undefined, 'interface.read')).toBe('unknown');
    expect(may(undefined, 'device.read')).toBe('unknown');
  });

  it('show patients to the bedside only', () => {
    expect(may(person('clinical'), 'patient.read')).toBe(true);
    for (const role of ['viewer', 'admin', 'machine', 'consumer', 'flow'] as const) {
      expect(may(person(role), 'patient.read')).toBe('role');
    }
  });

  it('let a device publish to its own topics, read its own commands, and nothing else', () => {
    const device = person('device', { id: 'mon-1', by: 'certificate' });
    expect(may(device, 'topic.publish', 'mon-1')).toBe(true);
    expect(may(device, 'topic.publish', 'mon-2')).toBe('owner');
    expect(may(device, 'command.receive', 'mon-2')).toBe('owner');
    expect(may(device, 'topic.publish')).toBe('owner');
    expect(may(device, 'released.receive')).toBe('role');
    expect(may(device, 'device.read')).toBe('role');
  });

  it('hold until the first steps are done', () => {
    const confined = person('admin', { isConfined: true });
    expect(may(confined, 'user.manage')).toBe('first-steps');
    expect(may(confined, 'credential.own', 'mara')).toBe(true);
    // Whoever has shown nothing may ask as well.
    expect(may(confined, 'health.read')).toBe(true);
  });

  it('grow while the glass is broken, as far as the table says', () => {
    expect(may(person('security'), 'patient.read')).toBe('glass');
    expect(may(person('security', { isRaised: true }), 'patient.read')).toBe(true);
    expect(may(person('clinical', { isRaised: true }), 'outbox.retry')).toBe(true);
    expect(may(person('viewer', { isRaised: true }), 'patient.read')).toBe('role');
  });

  it('let nobody review himself', () => {
    expect(may(person('security'), 'break-glass.review', 'mara')).toBe('owner');
    expect(may(person('security'), 'break-glass.review', 'jon')).toBe(true);
    expect(may(person('security'), 'break-glass.review')).toBe('owner');
  });
});
