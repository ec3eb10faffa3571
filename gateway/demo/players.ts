import { createSecretKey } from 'node:crypto';
import type { Instant, Observation } from '../core/observation.ts';
import { pseudonymOf } from '../core/pseudonym.ts';
import type { SimulatedWrite } from '../core/simulator.ts';
import { ensureSecret } from '../pki/secrets.ts';
import { listenForGateway } from '../players/device-end.ts';
import { playLine } from '../players/line-player.ts';
import { type Played, playMqtt } from '../players/mqtt-player.ts';
import { findProtocol, loadProtocols } from '../policy-maker.ts';
import { simulate } from '../simulation.ts';
import { arrivalOf, date } from '../stages/date.ts';
import { decode, planDecoding } from '../stages/decode.ts';
import type { Ledger } from './ledger.ts';
import type { Bed, Credentials } from './ward.ts';

export interface Stage {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly now: () => Instant;
}

/** A bed’s device over mutual TLS. What the gateway acknowledges is written into each ledger. */
export async function playBed(
  bed: Bed,
  tls: Credentials,
  gateway: { readonly host: string; readonly port: number },
  stage: Stage,
  ledgers: ReadonlyMap<string, Ledger>,
): Promise<Played> {
  const { id, profile, rateHz, seed } = bed;
  const say = await simulate(profile, seed);
  const observationsOf = await openReader(bed);
  const promises = [...ledgers].map(([relay, ledger]) => {
    const name = pseudonymIn(relay, stage, bed);
    return (observation: Observation) => ledger.promise(name, observation);
  });
  return playMqtt({
    device: id,
    profile,
    gateway,
    tls,
    say,
    rateHz,
    signal: stage.signal,
    now: stage.now,
    onAcknowledged(sequence, at) {
      for (const write of say(sequence, at)) {
        // QoS 0 is promised to nobody.
        if (write.channel === 'waveforms') continue;
        for (const observation of observationsOf(write, at)) {
          for (const promise of promises) promise(observation);
        }
      }
    },
  });
}

/** A bed’s device behind a serial device server. Resolves with its TCP port. */
export async function playBedLine(
  { profile, rateHz, seed }: Bed,
  { signal, now }: Stage,
): Promise<number> {
  const say = await simulate(profile, seed);
  const end = await listenForGateway({ host: '127.0.0.1', port: 0 });
  void playLine({ end, say, rateHz, signal, now });
  return end.port;
}

/** What one write of the device means, read as the profile says. */
async function openReader({ id, profile }: Bed) {
  const protocol = findProtocol(await loadProtocols(), profile);
  const plan = planDecoding(profile);
  return ({ bytes }: SimulatedWrite, receivedAt: Instant) => {
    const { records } = protocol.step(protocol.start, bytes);
    const arrival = arrivalOf({ receivedAt });
    return records.flatMap((record) => {
      const dating = date(record, arrival, undefined);
      return decode({ key: '', device: id, plan, record, receivedAt, dating }).observations;
    });
  };
}

/** The name under which a destination knows the bed’s device. */
function pseudonymIn(relay: string, { directory }: Stage, { id }: Bed): string {
  const key = createSecretKey(ensureSecret(directory, `pseudonym-${relay}.key`));
  return pseudonymOf('device', id, key);
}
