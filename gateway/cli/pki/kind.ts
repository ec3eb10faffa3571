import { GatewayError } from '../../core/error.ts';
import type { SubscriberKind } from '../../pki/site-pki.ts';

const kinds = ['consumer', 'operator', 'flow', 'relay-client'] as const satisfies SubscriberKind[];

/** @throws GatewayError `usage` for any other word. */
export function otherKind(word: string): (typeof kinds)[number] {
  const kind = kinds.find((each) => each === word);
  if (kind) return kind;
  throw new GatewayError('usage', `kind ${word}: ${kinds.join(', ')}; a device has device enrol`);
}
