import type { ActionName } from '../principal.ts';

/** What people and machines did, or tried, at the gateway’s own interface. */
export type PersonSignal =
  /** Somebody did not sign in: a wrong name, password or code, whoever’s. */
  | { readonly kind: 'sign-in-refused'; readonly isLocked: boolean }
  /** Somebody who must wait tried to sign in all the same: it was not looked at. */
  | { readonly kind: 'sign-in-early' }
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
