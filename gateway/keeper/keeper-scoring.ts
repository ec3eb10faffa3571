import type { DeviceId } from '../core/device.ts';
import type { Instant, Observation } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import { createScoring } from '../modelling/model-scoring.ts';
import { openTrafficLog } from '../modelling/traffic-log.ts';
import { createVitalsScoring } from '../modelling/vitals-scoring.ts';
import type { Admission } from '../pipeline/admission.ts';
import type { Policy } from '../pipeline/policy.ts';
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
  const countShadow = (id: string, what: string) =>
    store.transact(() => store.counters.add(`model-shadow-${what}/${id}`, 1));
  const scoring = createScoring({
    directory,
    perSecondMaxOf: (device) =>
      devices.get(device)?.profile.messagesPerSecondMax ?? unknownPerSecondMax,
    onShadow: (id) => countShadow(id, 'seconds'),
    onTick: (tick, scores, threshold) => log.take(tick, scores?.scores, threshold),
  });
  const vitals = createVitalsScoring(directory, (id) => countShadow(id, 'seconds'));
  return {
    onKept({ signals, observed }, policy) {
      devices = policy.devices;
      scoring.see(signals);
      for (const record of observed) seeRecord(record);
    },
    tick: async (now) => [...(await scoring.tick(now)), ...(await vitals.tick(now))],
    async close() {
      await scoring.close();
      await vitals.close();
      log.close();
    },
  };

  /** What was admitted under its own name, of one device each. */
  function seeRecord(record: readonly Observation[]): void {
    const [first] = record;
    if (!first) return;
    const device = first.device as DeviceId;
    const [latest] = devices.get(device)?.associations ?? [];
    vitals.see(device, latest?.until ?? latest?.since ?? 0, record);
  }
}
