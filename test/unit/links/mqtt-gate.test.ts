import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MqttGate } from '../../../gateway/links/mqtt-gate.ts';
import { defaultMqttLimits } from '../../../gateway/links/mqtt-limits.ts';

const gateOf = (limits: Partial<typeof defaultMqttLimits>) =>
  new MqttGate({ ...defaultMqttLimits, ...limits });

it('lets a thousand clients of one address in at once', () => {
  const gate = gateOf({});
  const refusals = Array.from({ length: 1_000 }, () => gate.enter('10.0.0.1', 0));
  expect(refusals.filter((refusal) => refusal !== undefined)).toEqual([]);
});

it('refills the rate of an address with time, to its burst and no further', () => {
  const gate = gateOf({ connectBurst: 2, connectsPerSecond: 1 });
  const enter = (at: number) => gate.enter('a', at);
  expect([enter(0), enter(0), enter(0)]).toEqual([undefined, undefined, 'connect-rate']);
  expect([enter(1_000), enter(1_000)]).toEqual([undefined, 'connect-rate']);
  expect([enter(60_000), enter(60_000), enter(60_000)]).toEqual([
    undefined,
    undefined,
    'connect-rate',
  ]);
});

it('counts each address for itself', () => {
  const gate = gateOf({ connectionsPerAddressMax: 1 });
  expect(gate.enter('a', 0)).toBeUndefined();
  expect(gate.enter('b', 0)).toBeUndefined();
  expect(gate.enter('a', 0)).toBe('connections-per-address');
  gate.shakenHands('a');
  gate.leave('a');
  expect(gate.enter('a', 0)).toBeUndefined();
});

it('remembers no more addresses than it may, and forgets those that are gone', () => {
  const gate = gateOf({ addressesMax: 2, connectBurst: 10, connectsPerSecond: 1 });
  for (const name of ['a', 'b']) {
    gate.enter(name, 0);
    gate.shakenHands(name);
  }
  expect(gate.enter('c', 0)).toBe('addresses');
  gate.leave('a');
  gate.sweep(500);
  expect(gate.enter('c', 500)).toBe('addresses');
  gate.sweep(1_000);
  expect(gate.enter('c', 1_000)).toBeUndefined();
  // `b` is still connected, so it is remembered however long ago it came.
  gate.sweep(1_000_000);
  expect(gate.enter('d', 1_000_000)).toBe('addresses');
});

it('never lets more in than its limits, whatever comes and goes', () => {
  const limits = { connectionsMax: 5, connectionsPerAddressMax: 3, handshakesMax: 4 };
  const step = fc.record({ name: fc.constantFrom('a', 'b', 'c'), leaves: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const gate = gateOf(limits);
      const inside: string[] = [];
      for (const { name, leaves } of steps) {
        const index = inside.indexOf(name);
        if (leaves && index >= 0) {
          inside.splice(index, 1);
          gate.shakenHands(name);
          gate.leave(name);
        } else if (!leaves && gate.enter(name, 0) === undefined) inside.push(name);
        expect(inside.length).toBeLessThanOrEqual(4);
        expect(inside.filter((other) => other === name).length).toBeLessThanOrEqual(3);
      }
      // Everybody leaves: everything is free again.
      for (const name of inside) {
        gate.shakenHands(name);
        gate.leave(name);
      }
      expect([1, 2, 3].map(() => gate.enter('a', 0))).toEqual([undefined, undefined, undefined]);
    }),
  );
});
