import type { DeviceId } from '../gateway/core/device.ts';
import { registerWard } from '../gateway/demo/ward.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { defineAttack } from './attack.ts';
import { beRestless } from './restless-device.ts';
import { now } from './ward.ts';

const profile = 'generic-vital-signs-monitor';
/** Others of the ward that the same thing got into. */
const infected = Array.from({ length: 6 }, (_, index) => `monitor-${20 + index}`);
/** A gateway that has just started sees all come at once, and tells nothing of it for half a minute. */
const lastsMs = 45_000;

export default defineAttack({
  threat: 'D16',
  detector: 'fleet-drift',
  title: 'Something goes round: six devices come and go, and try topics that are not theirs',

  async setUp({ directory }) {
    const monitor = findProfile(await loadProfiles(directory), profile);
    const { store } = openSiteStore(directory);
    const beds = infected.map((id, index) => ({
      ...{ id: id as DeviceId, profile: monitor, rateHz: 1, seed: 20 + index },
    }));
    registerWard(store, beds, now());
    store.close();
    return {};
  },

  async run(ward) {
    const beganMs = performance.now();
    let [answered, visits] = [0, 0];
    while (performance.now() - beganMs < lastsMs && !ward.signal.aborted) {
      for (const done of await Promise.all(infected.map((id) => beRestless(ward, id)))) {
        answered += done.answered;
        visits += done.visits;
      }
    }
    return {
      measured: `publishes answered: ${answered} of ${visits}, by ${infected.length} devices`,
    };
  },
});
