import { join } from 'node:path';
import { type Config, configFile, parseConfig } from '../config.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import { loadProfiles } from './profiles.ts';
import { digestSettings, type SettingsDigest } from './settings-digest.ts';

/** What a site decides by its files. */
export interface SiteSettings {
  readonly config: Config;
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
}

/** Settings, and the text they were made of. */
export interface LoadedSite extends SiteSettings {
  readonly text: string;
}

/** @throws GatewayError `config-invalid`, `profile-invalid`. */
export async function loadSite(directory: string, text: string): Promise<LoadedSite> {
  const config = parseConfig(text, join(directory, configFile));
  return { text, config, profiles: await loadProfiles(directory) };
}

/** One path a profile: whether it changed says enough. */
export function digestOfSite({ config, profiles }: SiteSettings): SettingsDigest {
  const texts = [...profiles].map(([id, profile]) => [id, JSON.stringify(profile)]);
  return digestSettings({ ...config, profiles: Object.fromEntries(texts) });
}
