import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import { createScoring } from '../modelling/model-scoring.ts';
import { openTrafficLog } from '../modelling/traffic-log.ts';
import type { Admission, Policy } from '../pipeline.ts';
import type { Store } from '../store/store.ts';

/** The models in the keeper thread: fed with what is committed, asked once a second. */
export interface KeeperScoring {
  readonly onKept: (admission: Admission, policy: Policy) => void;
  tick(now: Instant): Promise<readonly Signal[]>;
  close(): Promise<void>;
}

/** Nobody who is not registered should send anything. */
const unknownPerSecondMax = 1;

export function keeperScoring(directory: string, store: Store): KeeperScoring {
  let devices: Policy['devices'] = new Map();
  const log = openTrafficLog(directory);
  const scoring = createScoring({
    directory,
    perSecondMaxOf: (device) =>
      devices.get(device)?.profile.messagesPerSecondMax ?? unknownPerSecondMax,
    onShadow: (id) => store.transact(() => store.counters.add(`model-shadow-seconds/${id}`, 1)),
    onTick: (tick, scores, threshold) => log.take(tick, scores?.scores, threshold),
  });
  return {
    onKept({ signals }, policy) {
      devices = policy.devices;
      scoring.see(signals);
    },
    tick: (now) => scoring.tick(now),
    async close() {
      await scoring.close();
      log.close();
    },
  };
}
