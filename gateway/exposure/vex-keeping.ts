import type { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';
import type { VexStatus } from '../core/rama.ts';
import {
  gatewayModel,
  type VexJustification,
  type VexProduct,
  type VexStatement,
} from '../core/vulnerability.ts';
import { findProfile } from '../site/profiles.ts';
import type { Store } from '../store/store.ts';
import type { KeptVex } from '../store/vex-memory.ts';
import { parseCpe } from '../vulnerabilities/cpe.ts';
import { parsePackageUrl } from '../vulnerabilities/package-url.ts';
import { statesVersion } from '../vulnerabilities/vex.ts';

export interface VexOrder {
  readonly vulnerability: string;
  /** Package URL, CPE, or name with or without `@version`. */
  readonly component: string;
  readonly model: string;
  readonly status: VexStatus;
  readonly justification: VexJustification | undefined;
  readonly detail: string;
}

/**
 * What somebody of this site states, once: it holds for every device of that model, those of
 * tomorrow as well, until a later statement says otherwise or it is taken back.
 *
 * @throws GatewayError `vex-refused`, `profile-unknown`.
 */
export function stateVex(
  store: Store,
  profiles: ReadonlyMap<string, DeviceProfile>,
  order: VexOrder,
  actor: string,
  now: number,
): KeptVex {
  const { vulnerability, model, status, justification, detail } = order;
  if (model !== gatewayModel) findProfile(profiles, model);
  const product = productOf(order.component);
  const refuse = (why: string) => new GatewayError('vex-refused', why);
  if (!/^[A-Za-z]+-[A-Za-z0-9-]{3,60}$/.test(vulnerability)) {
    throw refuse(`${vulnerability} is no number of a vulnerability`);
  }
  if (status === 'not_affected' && justification === undefined) {
    throw refuse('not_affected needs a --justification');
  }
  if (status === 'fixed' && !statesVersion(product)) {
    throw refuse('fixed needs the version in which it is');
  }
  const statement: VexStatement = {
    vulnerability,
    model,
    product,
    status,
    justification,
    detail,
    at: now,
    author: actor,
    source: 'site',
  };
  return store.transact(() => {
    const sequence = store.vexMemory.add(statement, actor, now);
    if (sequence === undefined) throw refuse('this was just said');
    store.audit.add({
      at: now,
      actor,
      action: 'vulnerability.state',
      object: vulnerability,
      outcome: 'success',
      detail: `${sequence}: ${status} ${justification ?? ''} in ${order.component} of ${model}`,
    });
    return { ...statement, sequence, actor, recordedAt: now };
  });
}

/** @throws GatewayError `vex-unknown`. */
export function withdrawVex(store: Store, sequence: number, actor: string, now: number): KeptVex {
  return store.transact(() => {
    const gone = Number.isSafeInteger(sequence)
      ? store.vexMemory.withdraw(sequence, actor, now)
      : undefined;
    if (!gone) throw new GatewayError('vex-unknown', 'there is no such statement');
    store.audit.add({
      at: now,
      actor,
      action: 'vulnerability.withdraw',
      object: gone.vulnerability,
      outcome: 'success',
      detail: `${sequence}: ${gone.status}`,
    });
    return gone;
  });
}

function productOf(text: string): VexProduct {
  if (text.startsWith('pkg:')) {
    if (parsePackageUrl(text)) return { purl: text };
    throw new GatewayError('vex-refused', `${text} is no package URL`);
  }
  if (text.startsWith('cpe:')) {
    if (parseCpe(text)) return { cpe: text };
    throw new GatewayError('vex-refused', `${text} is no CPE`);
  }
  const cut = text.lastIndexOf('@');
  const [name, version] = cut > 0 ? [text.slice(0, cut), text.slice(cut + 1)] : [text, ''];
  if (name.trim() === '') throw new GatewayError('vex-refused', 'the component has no name');
  return version === '' ? { name } : { name, version };
}
