import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { catalogue } from '../../gateway/catalogue.ts';
import type { Association } from '../../gateway/core/association.ts';
import type { Detector } from '../../gateway/core/detector.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { DeviceProfile } from '../../gateway/core/device-profile.ts';
import type { Channel, Intake } from '../../gateway/core/intake.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { lanes } from '../../gateway/core/relay.ts';
import { defaultResponses } from '../../gateway/core/response.ts';
import type { SanitizerRule } from '../../gateway/core/sanitizer.ts';
import { planLanes } from '../../gateway/pipeline/depart.ts';
import type { KnownDevice, Policy } from '../../gateway/pipeline/policy.ts';
import { findProtocol, loadProtocols } from '../../gateway/policy-maker.ts';
import { findProfile, loadProfiles } from '../../gateway/site/profiles.ts';
import { planDecoding } from '../../gateway/stages/decode.ts';
import { planWatches } from '../../gateway/stages/detect.ts';

const folder = (name: string) => join(import.meta.dirname, '../../gateway', name);

export const noon = Date.UTC(2026, 10, 22, 12) as Instant;

const protocols = await loadProtocols();
export const profiles = await loadProfiles();
export const detectors = await catalogue<Detector>(folder('detectors'));
export const rules = [...(await catalogue<SanitizerRule>(folder('sanitizers'))).values()].sort(
  (a, b) => a.order - b.order,
);

export const bound = (subject: string, since = 0, until?: number): Association => ({
  subject: new Phi(subject),
  since,
  ...(until !== undefined && { until }),
});

/** A site of these devices with one destination. */
export function policyOf(
  devices: Readonly<Record<string, { profile: string; associations: readonly Association[] }>>,
): Policy {
  const known = Object.entries(devices).map(([id, { profile: name, associations }]) => {
    const profile: DeviceProfile = findProfile(profiles, name);
    const protocol = findProtocol(protocols, profile);
    const device: KnownDevice = {
      profile,
      protocol,
      plan: planDecoding(profile),
      lanes: planLanes(profile),
      associations,
      function: profile.function,
    };
    return [id, device] as const;
  });
  const keys = { pseudonymKey: createSecretKey(Buffer.alloc(32, 7)) };
  return {
    devices: new Map(known),
    stays: new Map(),
    destinations: [{ relay: 'ehr', lanes: new Set(lanes), rules, keys }],
    watches: planWatches(detectors.values()),
    responses: defaultResponses,
    salt: Buffer.alloc(32, 9),
  };
}

export function intake(
  device: string,
  message: unknown,
  { at = noon, channel = 'observations' as Channel } = {},
): Intake {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  return { device: device as DeviceId, channel, bytes: Buffer.from(text), receivedAt: at };
}
