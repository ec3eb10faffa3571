import type { ActionName } from '../principal.ts';

/** What people and machines did, or tried, at the gateway’s own interface. */
export type PersonSignal =
  /** Somebody did not sign in: a wrong name, password or code, whoever’s. */
  | {
      readonly kind: 'sign-in-refused';
      readonly isLocked: boolean;
      /** What was tried is a secret that makers ship their devices with. */
      readonly isDefault: boolean;
    }
  /** Somebody who must wait tried to sign in all the same: it was not looked at. */
  | { readonly kind: 'sign-in-early' }
  /** A person wanted to see more patients in an hour than anybody needs; who they are was left out. */
  | { readonly kind: 'patients-beyond'; readonly actor: string }
  /** An act out of the audit trail that takes data out of the gateway, or takes rights. */
  | {
      readonly kind: 'acted';
      readonly act: 'export' | 'emergency-override';
      readonly actor: string;
    }
  /** Somebody broke the glass, and nobody looked at it in time. */
  | { readonly kind: 'glass-unreviewed'; readonly actor: string }
  /** What somebody of known habits did, and how rare it is for them, in bits; `hour` is UTC. */
  | {
      readonly kind: 'deed';
      readonly actor: string;
      readonly action: string;
      readonly hour: number;
      readonly patients?: number | undefined;
      readonly bits: number;
      readonly actionBits: number;
      readonly hourBits: number;
      readonly patientsBits: number;
      readonly days: number;
    }
  /** Somebody asked over HTTPS for what is not there. */
  | { readonly kind: 'unknown-path'; readonly path: string }
  /** A request that is no HTTP, or not of the shape its route declares; answered by this status. */
  | { readonly kind: 'malformed-request'; readonly status: number }
  /** Somebody asked over HTTPS for what the rights refuse; `actor` as in the audit trail. */
  | {
      readonly kind: 'access-refused';
      readonly action: ActionName;
      readonly actor?: string | undefined;
    };
