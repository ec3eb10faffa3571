import type { Intake } from '../core/intake.ts';
import type { Memory } from '../core/memory.ts';
import type { Signal } from '../core/signal.ts';
import type { Admission } from '../pipeline/admission.ts';
import { admit } from '../pipeline/admit.ts';
import type { Policy } from '../pipeline/policy.ts';

/** An intake and its place in the batch. */
export interface Placed {
  readonly intake: Intake;
  readonly index: number;
}

/**
 * Admits the batch. Where a fault of ours stops it, what cannot be admitted even alone is left out:
 * one message must not stop a ward, nor come again and stop it again. Admission is pure, so a trial
 * leaves nothing behind.
 */
export function admitSound(
  placed: readonly Placed[],
  signals: readonly Signal[],
  policy: Policy,
  memory: Memory,
): { readonly admission: Admission; readonly admitted: readonly Placed[] } {
  const admitAll = (some: readonly Placed[], seen: readonly Signal[]) =>
    admit(
      some.map(({ intake }) => intake),
      seen,
      policy,
      memory,
    );
  try {
    return { admission: admitAll(placed, signals), admitted: placed };
  } catch (fault) {
    const admitted = placed.filter((each) => {
      try {
        admitAll([each], []);
        return true;
      } catch {
        return false;
      }
    });
    // No single one is to blame: whoever supervises the process must know.
    if (admitted.length === placed.length) throw fault;
    return { admission: admitAll(admitted, signals), admitted };
  }
}

export function without(all: readonly Placed[], some: readonly Placed[]): readonly Placed[] {
  if (some.length === all.length) return [];
  const left = new Set(some);
  return all.filter((each) => !left.has(each));
}
