import { GatewayError } from '../core/error.ts';
import { choiceOf, firstChoices, type ModelKind } from '../core/model-state.ts';
import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import type { Strangeness } from '../features/strangeness.ts';
import { type OpenModel, openModel } from '../inference/model-file.ts';
import { featuresOf } from './model-kind.ts';
import { modelStateStamp, readModel, readModelState, trustedKeys } from './model-store.ts';

/** What a model is there for: its findings count, or it is only watched. */
export type Role = 'active' | 'shadow';

/** A model that runs, and how strange it found each identity. */
export interface ModelSlot {
  readonly id: string;
  readonly model: OpenModel;
  readonly strangeness: Map<string, Strangeness>;
}

/**
 * The models of one kind that run at a site. Where one is refused, the one before goes on, or the shipped one; where
 * that is refused too, the rules go on without.
 */
export interface ModelSlots {
  get(role: Role): ModelSlot | undefined;
  /** Loads what the site has chosen, where that has changed. Tells what was refused. */
  refresh(at: Instant): Promise<readonly Signal[]>;
  close(): Promise<void>;
}

export function createSlots(directory: string, kind: ModelKind): ModelSlots {
  const slots = new Map<Role, ModelSlot>();
  let stamp: string | undefined;

  /** What runs goes on running until another one was found good. */
  async function fill(role: Role, id: string | undefined): Promise<void> {
    const before = slots.get(role);
    if (before?.id === id) return;
    if (id === undefined) slots.delete(role);
    else {
      const file = readModel(directory, id);
      const model = await openModel(file, trustedKeys(directory), featuresOf[kind]);
      slots.set(role, { id, model, strangeness: new Map() });
    }
    await before?.model.close();
  }

  return {
    get: (role) => slots.get(role),
    async refresh(at) {
      const now = modelStateStamp(directory);
      if (now === stamp) return [];
      stamp = now;
      const refused: Signal[] = [];
      const attempt = async (what: string, change: () => Promise<void>) => {
        try {
          await change();
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          const reason = error.message;
          refused.push({ kind: 'model-refused', at, model: what, reason });
        }
      };
      await attempt('state', async () => {
        const { active, shadow } = choiceOf(readModelState(directory), kind);
        await attempt(active, () => fill('active', active));
        await attempt(shadow ?? '', () => fill('shadow', shadow));
      });
      // Whoever spoils the choice of a model must not thereby blind the gateway.
      const { active: shipped } = firstChoices[kind];
      if (!slots.has('active')) await attempt(shipped, () => fill('active', shipped));
      return refused;
    },
    async close() {
      for (const { model } of slots.values()) await model.close();
      slots.clear();
    },
  };
}
