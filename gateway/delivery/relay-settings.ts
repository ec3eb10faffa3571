import { join } from 'node:path';
import { z } from 'zod';
import { catalogue } from '../catalogue.ts';
import type { RelaySettings } from '../config.ts';
import { GatewayError } from '../core/error.ts';
import { lanes, type Relay, type RelayConnection, type RelayContext } from '../core/relay.ts';
import type { OwedRelay } from '../policy-maker.ts';

const folder = join(import.meta.dirname, '../relays');

/** A relay with the options its site gave it, ready to connect. */
export interface Destination extends OwedRelay {
  readonly batchMax: number;
  readonly backlogPerSecondMax: number;
  connect(context: RelayContext): RelayConnection;
}

/** @throws GatewayError `config-invalid` when the site's options are not the relay's. */
export async function destinationOf({
  id,
  use,
  backlogPerSecondMax,
  ...given
}: RelaySettings): Promise<Destination> {
  const relays = await catalogue<Relay>(folder);
  const relay = relays.get(use);
  if (!relay) {
    const known = [...relays.keys()].join(', ');
    throw new GatewayError('config-invalid', `relays.${id}: use ${use} is none of ${known}`);
  }
  const options = relay.options.safeParse(given);
  if (!options.success) {
    throw new GatewayError('config-invalid', `relays.${id}: ${z.prettifyError(options.error)}`);
  }
  return {
    id,
    lanes: relay.lanes ?? lanes,
    batchMax: relay.batchMax,
    backlogPerSecondMax,
    connect: (context) => relay.connect(options.data, context),
  };
}
