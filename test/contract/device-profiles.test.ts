import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../gateway/catalogue.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import { DeviceProfile } from '../../gateway/core/device-profile.ts';
import { type MetricId, metricIds } from '../../gateway/core/metric.ts';
import type { Instant, Observation } from '../../gateway/core/observation.ts';
import type { Protocol } from '../../gateway/core/protocol.ts';
import { vitalSigns } from '../../gateway/core/simulated-patient.ts';
import type { SimulatedMoment, Simulator } from '../../gateway/core/simulator.ts';
import { check } from '../../gateway/stages/check.ts';
import { arrivalOf, date } from '../../gateway/stages/date.ts';
import { decode, planDecoding } from '../../gateway/stages/decode.ts';

/**
 * The promises every device profile makes. A file is under test from the moment it exists in
 * device-profiles; nobody registers it here.
 */
const root = join(import.meta.dirname, '../..');
const folder = join(root, 'device-profiles');
const profiles = await catalogue<DeviceProfile>(folder);
const protocols = await catalogue<Protocol>(join(root, 'gateway/protocols'));
const simulators = await catalogue<Simulator>(join(root, 'gateway/simulators'));

const device = 'device-7' as DeviceId;
const receivedAt = Date.UTC(2026, 10, 22, 10, 0, 0) as Instant;

describe.each([...profiles])('%s', (_, profile) => {
  it('is data of the schema, and the same after JSON', () => {
    expect(DeviceProfile.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  });

  it('names a protocol that exists, with a simulator', () => {
    expect([...protocols.keys()]).toContain(profile.link.protocol);
    expect([...simulators.keys()]).toContain(profile.link.protocol);
  });

  it('can be planned: each field once, each unit one that converts', () => {
    expect(planDecoding(profile).fields.size).toBe(profile.metrics.length);
    const fields = new Set(profile.metrics.map(({ field }) => field));
    expect(profile.omitted.filter((field) => fields.has(field))).toEqual([]);
  });

  it('publishes to topics of its own device only, one for each kind', () => {
    if (profile.link.kind !== 'mqtt') return;
    const topics = Object.values(profile.link.topics);
    expect(new Set(topics).size).toBe(topics.length);
    for (const topic of topics) {
      const levels = topic.split('/');
      expect(
        levels.filter((level) => level === '{id}'),
        topic,
      ).toHaveLength(1);
      // Nothing of ours, of the consumers’ or of the broker’s own.
      expect(['released', 'findings', '$SYS', '{id}'], topic).not.toContain(levels[0]);
      expect(levels, topic).not.toContain('commands');
      expect(levels, topic).not.toContain('');
    }
  });

  it('plays: what its simulated device says is read as every metric and nothing else', () => {
    const played = [0, 1, 2, 3].map((second) => play(profile, moment(profile, second)));
    for (const { observations, rejected, discardedBytes } of played) {
      expect(rejected).toEqual([]);
      expect(discardedBytes).toBe(0);
      const seen = new Set(observations.map(({ metric }) => metric));
      expect([...seen].sort()).toEqual([...new Set(profile.metrics.map(metricOf))].sort());
    }
  });

  it('plays the values of the patient, to the digit', () => {
    const { values } = moment(profile, 5);
    const { observations } = play(profile, moment(profile, 5));
    for (const observation of observations) {
      if (observation.kind !== 'numeric') continue;
      const { value, metric } = observation;
      const expected = values[metric];
      // In another unit than the metric's it is the same to what the device can print.
      const isConverted = profile.metrics.some((row) => row.metric === metric && row.unit);
      if (!isConverted) expect(value, metric).toBe(expected);
      else expect(Math.abs((value ?? 0) / (expected ?? 0) - 1), metric).toBeLessThan(0.02);
    }
  });

  it('gives each field its own observation id', () => {
    const ids = play(profile, moment(profile, 0)).observations.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

it('each profile stands in the folder of its vendor', () => {
  for (const path of globSync('**/*.ts', { cwd: folder })) {
    expect([...profiles.keys()]).toContain(`${dirname(path)}-${basename(path, '.ts')}`);
  }
});

it('no metric is in the nomenclature that no device speaks', () => {
  const spoken = new Set<MetricId>([...profiles.values()].flatMap((p) => p.metrics.map(metricOf)));
  expect(metricIds.filter((id) => !spoken.has(id))).toEqual([]);
});

function metricOf({ metric }: DeviceProfile['metrics'][number]): MetricId {
  return metric;
}

function moment(profile: DeviceProfile, second: number): SimulatedMoment {
  const at = (receivedAt + second * 1_000) as Instant;
  return {
    profile,
    serialNumber: '0000123456',
    sequence: second + 1,
    at,
    values: vitalSigns(11, at),
    isAlarming: false,
  };
}

/** From the simulated device's bytes to the observations that pass every check. */
function play(profile: DeviceProfile, said: SimulatedMoment) {
  const protocol = protocols.get(profile.link.protocol) as Protocol;
  const simulator = simulators.get(profile.link.protocol) as Simulator;
  const plan = planDecoding(profile);
  const observations: Observation[] = [];
  const rejected: unknown[] = [];
  let discardedBytes = 0;
  let { start: state } = protocol;
  for (const [index, { bytes }] of simulator.say(said).entries()) {
    const step = protocol.step(state, bytes);
    state = step.state;
    discardedBytes += step.discardedBytes;
    for (const [place, record] of step.records.entries()) {
      const dating = date(record, arrivalOf({ receivedAt }), undefined);
      const key = `${index}.${place}`;
      const decoded = decode({ key, device, plan, record, receivedAt, dating });
      const checked = check(decoded.observations);
      observations.push(...checked.observations);
      rejected.push(...decoded.rejected, ...checked.rejected);
    }
  }
  return { observations, rejected, discardedBytes };
}
