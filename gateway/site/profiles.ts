import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { catalogue } from '../catalogue.ts';
import { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';
import { findProtocol, loadProtocols } from '../policy-maker.ts';
import { planDecoding } from '../stages/decode.ts';

const shipped = join(import.meta.dirname, '../../device-profiles');

/** The profiles that come with the gateway and those the site wrote itself, by id. */
export async function loadProfiles(
  directory?: string,
): Promise<ReadonlyMap<string, DeviceProfile>> {
  const profiles = new Map(await catalogue<DeviceProfile>(shipped));
  if (directory === undefined) return profiles;
  const folder = join(directory, 'profiles');
  for (const file of globSync('*.json', { cwd: folder }).sort()) {
    const profile = await readProfile(join(folder, file));
    if (profiles.has(profile.id)) {
      throw new GatewayError('profile-invalid', `${file}: ${profile.id} exists already`);
    }
    profiles.set(profile.id, profile);
  }
  return profiles;
}

/**
 * A profile from a JSON file: data only, never code.
 *
 * @throws GatewayError `profile-invalid`, also for a protocol or a unit that nobody here knows.
 */
export async function readProfile(path: string): Promise<DeviceProfile> {
  const result = DeviceProfile.safeParse(readJson(path));
  if (!result.success) {
    throw new GatewayError('profile-invalid', `${path}: ${z.prettifyError(result.error)}`);
  }
  const protocols = await loadProtocols();
  try {
    findProtocol(protocols, result.data);
    planDecoding(result.data);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError('profile-invalid', `${path}: ${reason}`, { cause });
  }
  return result.data;
}

export function findProfile(
  profiles: ReadonlyMap<string, DeviceProfile>,
  id: string,
): DeviceProfile {
  const profile = profiles.get(id);
  if (profile) return profile;
  throw new GatewayError('profile-unknown', `there is no profile ${id}`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new GatewayError('profile-invalid', `${path}: ${String(cause)}`, { cause });
  }
}
