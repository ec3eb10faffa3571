import type { Policy } from '../pipeline/policy.ts';
import type { PolicyMaker } from '../policy-maker.ts';
import type { Store } from '../store/store.ts';
import { freedDevices } from '../ward/held-release.ts';
import type { HeldTurns } from './held-turns.ts';

/** The policy in force. What it lets go anew is looked at between batches. */
export interface PolicyKeeping {
  readonly policy: Policy;
  readonly maker: PolicyMaker;
  /** What this process changes itself raises no version: it says so. */
  remake(): void;
  /** Made anew where another process changed the database. */
  refresh(): void;
  /** @throws GatewayError `profile-unknown`: nothing changed. */
  use(maker: PolicyMaker): void;
}

export function keepPolicy(store: Store, first: PolicyMaker, turns: HeldTurns): PolicyKeeping {
  let maker = first;
  let policy = maker.make(store);
  let version = store.version();
  turns.lookAtAll(store);

  function remake(): void {
    const before = policy;
    policy = maker.make(store);
    turns.look(freedDevices(before, policy));
  }

  return {
    get policy() {
      return policy;
    },
    get maker() {
      return maker;
    },
    remake,
    refresh() {
      const now = store.version();
      if (now === version) return;
      remake();
      version = now;
    },
    use(next) {
      // Throws before anything is changed, where a device has no profile any more.
      policy = next.make(store);
      maker = next;
      turns.lookAtAll(store);
    },
  };
}
