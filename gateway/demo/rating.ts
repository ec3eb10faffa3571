import type { RamaGrade } from '../core/rama.ts';
import { rateDevice, rateSite } from '../scoring/rama-site.ts';
import { loadProfiles } from '../site/profiles.ts';
import { openSiteStore } from '../site/site.ts';

/** The security scores of the ward, as they were when it ended. */
export interface DemoRama {
  readonly score: number;
  readonly grade: RamaGrade;
  readonly devices: Readonly<Record<string, number>>;
}

export async function rateWard(
  directory: string,
  ids: readonly string[],
  now: Parameters<typeof rateDevice>[3],
): Promise<DemoRama> {
  const profiles = await loadProfiles(directory);
  const { config, store } = openSiteStore(directory);
  try {
    const material = { profiles, serial: config.serial };
    const rated = store.devices
      .list()
      .filter(({ id }) => ids.includes(id))
      .map((device) => rateDevice(store, material, device, now));
    const { local } = rateSite(rated, 'ward');
    if (!local) throw new RangeError('a ward without devices');
    const scores = rated.map(({ id, rama }) => [id, tenth(rama.score)]);
    return {
      score: tenth(local.score),
      grade: local.grade,
      devices: Object.fromEntries(scores),
    };
  } finally {
    store.close();
  }
}

function tenth(score: number): number {
  return Math.round(score * 10) / 10;
}
