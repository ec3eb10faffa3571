import { expect, it } from 'vitest';
import homeBp from '../../../device-profiles/a-and-d/home-bp.ts';
import vitalSigns from '../../../device-profiles/generic/vital-signs-monitor.ts';
import radical7 from '../../../device-profiles/masimo/radical-7.ts';
import { devicePrincipal, mayReceive, publishChannels } from '../../../gateway/access/topics.ts';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { DeviceProfile } from '../../../gateway/core/device-profile.ts';
import { type Role, roles } from '../../../gateway/core/principal.ts';

const oxi = 'oxi-12' as DeviceId;

function withTopics(topics: Readonly<Record<string, string>>): DeviceProfile {
  if (vitalSigns.link.kind !== 'mqtt') throw new Error('the profile changed');
  const link = { ...vitalSigns.link, topics: { ...vitalSigns.link.topics, ...topics } };
  return { ...vitalSigns, link };
}

it('gives a device its own four topics', () => {
  expect(Object.fromEntries(publishChannels(vitalSigns, oxi))).toEqual({
    'devices/oxi-12/alerts': 'alerts',
    'devices/oxi-12/observations': 'observations',
    'devices/oxi-12/status': 'status',
    'devices/oxi-12/waveforms': 'waveforms',
  });
});

it('gives a device the topics its profile declares', () => {
  expect(publishChannels(homeBp, oxi).get('home/oxi-12/blood-pressure')).toBe('observations');
});

it('gives a device on a serial line no topic', () => {
  expect(publishChannels(radical7, oxi).size).toBe(0);
});

it('never lets a profile publish commands', () => {
  const profile = withTopics({ observations: 'devices/{id}/commands/set' });
  expect([...publishChannels(profile, oxi).values()]).not.toContain('observations');
});

it('reads a topic of two meanings as the alert', () => {
  const profile = withTopics({ alerts: 'ward/{id}', waveforms: 'ward/{id}' });
  expect(publishChannels(profile, oxi).get('ward/oxi-12')).toBe('alerts');
});

it.each([
  'devices/oxi-12/commands',
  'devices/oxi-12/commands/set',
  'devices/oxi-12/commands/#',
  'devices/oxi-12/commands/+',
  'devices/oxi-12/commands/',
])('lets a device read %s', (filter) => {
  expect(mayReceive(devicePrincipal(oxi), filter)).toBe(true);
});

it.each([
  '#',
  '+/#',
  '$SYS/#',
  'devices/#',
  'devices/+/commands',
  'devices/+/commands/#',
  'devices/vent-2/commands/#',
  'devices/oxi-12',
  'devices/oxi-12/#',
  'devices/oxi-12/+',
  'devices/oxi-12/commandsX',
  'devices/oxi-123/commands',
  'devices/oxi-12/observations',
  '/devices/oxi-12/commands',
  `devices/oxi-12/commands${'/a'.repeat(6)}`,
  '',
])('does not let a device read %s', (filter) => {
  expect(mayReceive(devicePrincipal(oxi), filter)).toBe(false);
});

/** Who may receive what over MQTT: every role, and a filter for each kind of topic. */
const receivers: Readonly<Record<string, readonly Role[]>> = {
  'devices/oxi-12/commands/#': ['device'],
  'devices/oxi-13/commands/#': [],
  'devices/+/commands/#': [],
  'devices/oxi-12/observations': [],
  'released/_abc/observations': ['consumer', 'flow'],
  'released/#': ['consumer', 'flow'],
  'findings/#': ['consumer', 'viewer', 'clinical', 'security', 'admin', 'machine', 'flow'],
  '#': [],
  '+/#': [],
  '$SYS/broker': [],
};

it.each(Object.entries(receivers))('lets only those who may receive %s', (filter, may) => {
  const names = Object.keys(roles) as Role[];
  const receiving = names.filter((role) => mayReceive({ id: 'oxi-12', role, by: 'token' }, filter));
  expect(receiving).toEqual(names.filter((role) => may.includes(role)));
});
