import { isUnusual, patientsSeen } from '../access/habit.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import type { Admission } from '../keeper/admission.ts';
import type { RareDeed } from './deed-keeping.ts';

export interface DeedWatchOptions {
  readonly call: Admission['call'];
  readonly queue: Pick<IntakeQueue, 'signal'>;
  readonly now: () => Instant;
  readonly log: Log;
}

/** Tells of a person who was shown so many patients within an hour. Returns whether that is unusual. */
export function watchPatientsSeen({
  call,
  queue,
  now,
  log,
}: DeedWatchOptions): (actor: string, patients: number) => Promise<boolean> {
  return async (actor, patients) => {
    try {
      const at = now();
      const rare = await call('noteDeeds', [{ actor, action: patientsSeen, at, patients }]);
      for (const each of rare) queue.signal(deedSignal(each, at));
      return rare.some(isUnusual);
    } catch (error) {
      // The store is full or locked for now: nothing is known of it, and nothing is withheld.
      if (!(error instanceof GatewayError)) throw error;
      log('gateway.failed', { code: error.code, task: 'habits' });
      return false;
    }
  };
}

export function deedSignal({ deed, ...rarity }: RareDeed, at: Instant): Signal {
  const { actor, action, patients } = deed;
  const hour = new Date(deed.at).getUTCHours();
  return { kind: 'deed', at, actor, action, hour, patients, ...rarity };
}
