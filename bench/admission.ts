import { loadConfig } from '../gateway/config.ts';
import type { Intake } from '../gateway/core/intake.ts';
import { createMemory } from '../gateway/core/memory.ts';
import type { Instant } from '../gateway/core/observation.ts';
import { destinationOf } from '../gateway/delivery/relay-settings.ts';
import { admit } from '../gateway/pipeline/admit.ts';
import type { Policy } from '../gateway/pipeline/policy.ts';
import { openPolicyMaker } from '../gateway/policy-maker.ts';
import { loadProfiles } from '../gateway/site/profiles.ts';
import { openSiteStore } from '../gateway/site/site.ts';
import { arrivalOf, date } from '../gateway/stages/date.ts';
import { decode } from '../gateway/stages/decode.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import { type Payload, vitalSigns } from './payload.ts';
import type { Question, Row } from './question.ts';
import { idOf } from './ward.ts';

const batchSizes = [1, 32, 256, 2_048];
const wards = [50, 500, 1_000];
export const valuesPerMessage = 4;
const payloadBytes = 200;
/** What one device sends in a second, so that time goes on as it does in a ward. */
const messagesPerSecond = 10;

export const admission: Question = {
  name: 'admission',
  summary: 'admit() on one core, without sockets or disk: observations a second.',

  async ask(bench) {
    const policy = await openPolicy(bench.ward.site('admission'));
    const load = loadNow();
    const works: Work[] = [
      ...batchSizes.map((size) => ({ name: 'admit', devices: 50, size })),
      ...wards.slice(1).map((devices) => ({ name: 'admit', devices, size: 256 })),
      { name: 'read and decode only', devices: 50, size: 256 },
    ];
    const rates = new Map(works.map((work) => [work, [] as number[]]));
    for (let round = 1; round <= bench.rounds; round += 1) {
      bench.remark(`  round ${round} of ${bench.rounds}`);
      for (const [work, each] of rates) each.push(messagesASecond(work, policy, bench.seconds));
    }
    return [
      {
        title: `admit(), ${valuesPerMessage} values in ${payloadBytes} bytes of wardgate-json, one core`,
        rows: [...rates].map(([work, each]) => row(work, median(each))),
        notes: [
          `load average before: ${load}; median of ${bench.rounds} rounds of ${bench.seconds} s, in turn`,
        ],
      },
    ];
  },
};

interface Work {
  readonly name: string;
  readonly devices: number;
  /** Messages in a batch. */
  readonly size: number;
}

function row({ name, devices, size }: Work, messages: number): Row {
  return {
    what: name,
    devices,
    'batch of': size,
    'observations/s': Math.round(messages * valuesPerMessage),
    'messages/s': Math.round(messages),
    'µs/message': rounded(1e6 / messages),
  };
}

/** By which a site admits. */
export async function openPolicy(site: string): Promise<Policy> {
  const maker = await openPolicyMaker({
    directory: site,
    relays: await Promise.all(loadConfig(site).relays.map(destinationOf)),
    profiles: await loadProfiles(site),
  });
  const { store } = openSiteStore(site);
  const policy = maker.make(store);
  store.close();
  return policy;
}

/** Half as long to warm up, then for `seconds`. Only the work itself is timed, not its making. */
export function messagesASecond(work: Work, policy: Policy, seconds: number): number {
  const payload = vitalSigns(payloadBytes);
  const run = work.name === 'admit' ? admitting(policy) : decoding(policy);
  const end = performance.now() + seconds * 1_500;
  const measureFrom = performance.now() + seconds * 500;
  let messages = 0;
  let tookMs = 0;
  for (let sequence = 0, now = 0; now < end; sequence += work.size) {
    const batch = batchOf(work, payload, sequence);
    const began = performance.now();
    run(batch);
    now = performance.now();
    if (began < measureFrom) continue;
    messages += batch.length;
    tookMs += now - began;
  }
  return (messages * 1_000) / tookMs;
}

const epoch = Date.now();

/** `size` messages in the order of their numbers, of each device in turn. */
export function batchOf(
  { devices, size }: Pick<Work, 'devices' | 'size'>,
  payload: Payload,
  first: number,
): Intake[] {
  return Array.from({ length: size }, (_, index) => {
    const sequence = first + index;
    const at = epoch + Math.floor((sequence * 1_000) / (devices * messagesPerSecond));
    const bytes = Buffer.from(payload.text);
    bytes.write(String(1_000_000_000 + sequence), payload.sequenceAt, 'latin1');
    bytes.write(new Date(at).toISOString(), payload.timeAt, 'latin1');
    const device = idOf(sequence % devices);
    return { device, channel: 'observations', bytes, receivedAt: at as Instant };
  });
}

/** What the worker does with each batch, but for the disk. Fails unless everything is released. */
function admitting(policy: Policy): (batch: readonly Intake[]) => void {
  const memory = createMemory();
  return (batch) => {
    const { departures, rejected, changes } = admit(batch, [], policy, memory);
    memory.remember(changes);
    if (departures.length !== batch.length) {
      throw new Error(`${departures.length} of ${batch.length} released: ${rejected[0]?.detail}`);
    }
  };
}

function decoding(policy: Policy): (batch: readonly Intake[]) => void {
  return (batch) => {
    let values = 0;
    for (const { device, bytes, receivedAt } of batch) {
      const known = policy.devices.get(device);
      const read = known?.protocol.readMessage?.(bytes);
      if (!known || !read || !('length' in read)) throw new Error(`${device}: not read`);
      for (const record of read) {
        const { plan } = known;
        const dating = date(record, arrivalOf({ receivedAt }), undefined);
        values += decode({ key: '', device, plan, record, receivedAt, dating }).observations.length;
      }
    }
    if (values !== batch.length * valuesPerMessage) throw new Error(`${values} values decoded`);
  };
}
