import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Channel } from '../core/intake.ts';

/** Levels of a topic name or filter. No topic of ours has more than four. */
export const topicLevelsMax = 8;

/**
 * Should a profile name one topic twice, the earlier channel of this list owns it: an alert must
 * never be read as a waveform, which may be shed.
 */
const channelsByCare = ['alerts', 'observations', 'status', 'waveforms'] as const;

/** Every topic a device may publish to, and what it carries. A topic that is not here is refused. */
export function publishChannels(
  profile: DeviceProfile,
  id: DeviceId,
): ReadonlyMap<string, Channel> {
  const channels = new Map<string, Channel>();
  if (profile.link.kind !== 'mqtt') return channels;
  for (const channel of channelsByCare) {
    const topic = fillIn(profile.link.topics[channel], id);
    // Commands come from the gateway alone, whatever a profile says.
    if (!channels.has(topic) && !isCommand(id, topic)) channels.set(topic, channel);
  }
  return channels;
}

/** True for a topic or a filter that can only match commands to this very device. */
export function isCommand(id: DeviceId, topic: string): boolean {
  const own = `devices/${id}/commands`;
  if (topic !== own && !topic.startsWith(`${own}/`)) return false;
  return topic.split('/').length <= topicLevelsMax;
}

function fillIn(topic: string, id: DeviceId): string {
  return topic
    .split('/')
    .map((level) => (level === '{id}' ? id : level))
    .join('/');
}
