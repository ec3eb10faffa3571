import { expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { createMqttSessions } from '../../../gateway/links/mqtt-sessions.ts';

interface Storage {
  addSubscriptions(client: object, subscriptions: readonly object[]): Promise<void>;
  removeSubscriptions(client: object, filters: readonly string[]): Promise<void>;
  subscriptionsByClient(client: object): Promise<readonly object[]>;
  cleanSubscriptions(client: object): Promise<void>;
  subscriptionsByTopic(topic: string): Promise<readonly object[]>;
}

const oxi = { id: 'oxi-12' };
const device = 'oxi-12' as DeviceId;
const own = (name: string) => ({ topic: `devices/oxi-12/commands/${name}`, qos: 1 });

function open(sessionsMax = 10, subscriptionsMax = 2) {
  const sessions = createMqttSessions(sessionsMax, subscriptionsMax);
  return { sessions, storage: sessions.persistence as Storage };
}

it('remembers what a device subscribed to, until it asks for a clean session', async () => {
  const { storage } = open();
  await storage.addSubscriptions(oxi, [own('a'), own('b')]);
  await storage.removeSubscriptions(oxi, ['devices/oxi-12/commands/a']);
  expect(await storage.subscriptionsByClient(oxi)).toEqual([own('b')]);
  await storage.cleanSubscriptions(oxi);
  expect(await storage.subscriptionsByClient(oxi)).toEqual([]);
});

it('does not remember a filter that was refused, nor more than it may', async () => {
  const { storage } = open();
  for (let index = 0; index < 1_000; index++)
    await storage.addSubscriptions(oxi, [{ topic: `devices/vent-2/${index}`, qos: 1 }]);
  await storage.addSubscriptions(oxi, [own('a'), own('b'), own('c')]);
  expect(await storage.subscriptionsByClient(oxi)).toEqual([own('a'), own('b')]);
});

it('forgets the oldest session when there are too many', async () => {
  const { storage } = open(2);
  for (const id of ['oxi-12', 'vent-2', 'pump-9'])
    await storage.addSubscriptions({ id }, [{ topic: `devices/${id}/commands`, qos: 1 }]);
  expect(await storage.subscriptionsByClient(oxi)).toEqual([]);
  expect(await storage.subscriptionsByClient({ id: 'vent-2' })).toHaveLength(1);
});

it('shares the packet ids of a session that stays, and gives a clean one fresh ones', () => {
  const { sessions } = open();
  sessions.exactlyOnce(device, false).set(3, { kept: Promise.resolve(), isKept: true });
  expect([...sessions.exactlyOnce(device, false).keys()]).toEqual([3]);
  expect([...sessions.exactlyOnce(device, true).keys()]).toEqual([]);
  expect([...sessions.exactlyOnce(device, false).keys()]).toEqual([]);
});

it('queues no message for anybody', async () => {
  const { storage } = open();
  await storage.addSubscriptions(oxi, [own('a')]);
  expect(await storage.subscriptionsByTopic('devices/oxi-12/commands/a')).toEqual([]);
});
