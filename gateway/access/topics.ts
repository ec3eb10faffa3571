import { isCommandTopic } from '../core/command-topic.ts';
import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Channel } from '../core/intake.ts';
import type { Action, Principal } from '../core/principal.ts';
import { authorise } from './authorise.ts';

/** Levels of a topic name or filter. No topic of ours has more than four. */
export const topicLevelsMax = 8;

/**
 * Should a profile name one topic twice, the earlier channel of this list owns it: an alert must
 * never be read as a waveform, which may be shed.
 */
const channelsByCare = ['alerts', 'observations', 'status', 'waveforms'] as const;

/** A device as its certificate names it. */
export function devicePrincipal(id: DeviceId): Principal {
  return { id, role: 'device', by: 'certificate' };
}

/** A consumer as its certificate names it. */
export function consumerPrincipal(id: string): Principal {
  return { id, role: 'consumer', by: 'certificate' };
}

/**
 * Every topic a device may publish to, and what it carries. A topic that is not here is refused.
 * Asked once a connection: a publish is then a look at this map.
 */
export function publishChannels(
  profile: DeviceProfile,
  id: DeviceId,
): ReadonlyMap<string, Channel> {
  const channels = new Map<string, Channel>();
  if (profile.link.kind !== 'mqtt') return channels;
  const publishing: Action = { name: 'topic.publish', owner: id };
  if (!authorise(devicePrincipal(id), publishing).isAllowed) return channels;
  for (const channel of channelsByCare) {
    const topic = fillIn(profile.link.topics[channel], id);
    // Commands come from the gateway alone, whatever a profile says.
    const isCommand = receiving(topic)?.name === 'command.receive';
    if (!channels.has(topic) && !isCommand) channels.set(topic, channel);
  }
  return channels;
}

/** Whether whoever it is may receive what a topic, or a filter with its wildcards, stands for. */
export function mayReceive(principal: Principal, filter: string): boolean {
  const action = receiving(filter);
  return action !== undefined && authorise(principal, action).isAllowed;
}

/**
 * What a filter asks for. A wildcard in the place of a device is no device’s own, and one in the
 * place of a kind asks for more than one right gives: undefined, and nobody may.
 */
function receiving(filter: string): Action | undefined {
  const levels = filter.split('/');
  const [root, owner] = levels;
  if (levels.length > topicLevelsMax) return undefined;
  if (isCommandTopic(filter)) return { name: 'command.receive', owner };
  if (root === 'released' && owner !== undefined) return { name: 'released.receive' };
  if (root === 'findings') return { name: 'finding.read' };
  return undefined;
}

function fillIn(topic: string, id: DeviceId): string {
  return topic
    .split('/')
    .map((level) => (level === '{id}' ? id : level))
    .join('/');
}
