import { describe, expect, it } from 'vitest';
import { type Metric, metrics } from '../../gateway/core/metric.ts';
import type { Simulator } from '../../gateway/core/simulator.ts';
import { convert } from '../../gateway/core/unit.ts';
import { run, statedValues } from '../support/protocol-run.ts';
import { momentsOf, profilesOf, protocols, simulators } from '../support/simulated-stream.ts';

/** What a simulated device says, the protocol of the same name reads back. */
describe.each([...simulators.keys()])('the simulator %s', (id) => {
  const simulator = simulators.get(id) as Simulator;
  const protocol = protocols.get(id);

  it('has a protocol of the same id', () => {
    expect(protocol).toBeDefined();
  });

  describe.each(profilesOf(id).map((profile) => [profile.id, profile] as const))(
    'as %s',
    (_, profile) => {
      const moments = momentsOf(profile, 6);

      it('says the values of the moment and nothing else', () => {
        if (!protocol) return;
        for (const moment of moments) {
          const bytes = simulator.say(moment).map((write) => write.bytes);
          const { records, discardedBytes } = run(protocol, bytes);
          expect(discardedBytes).toBe(0);
          const read = records.flatMap(({ fields }) => Object.entries(fields));
          for (const { field, metric, unit } of profile.metrics) {
            const values = read
              .filter(([name]) => name === field)
              .flatMap(([, v]) => statedValues(v));
            const row: Metric = metrics[metric];
            if (row.shape === 'samples') expect(values.length).toBeGreaterThan(1);
            else if (unit === undefined) {
              expect(values.map(Number), field).toEqual([moment.values[metric]]);
            } else {
              // Another unit than the metric's: the same to what the device can print.
              const [value] = values.map((raw) =>
                Number(convert(Number(raw), unit, row.unit, row)),
              );
              const expected = moment.values[metric] ?? Number.NaN;
              expect(values, field).toHaveLength(1);
              expect(Math.abs((value ?? Number.NaN) / expected - 1), field).toBeLessThan(0.02);
            }
          }
        }
      });

      it('says in place of a missing value that it is absent, never a number', () => {
        if (!protocol) return;
        for (const moment of moments) {
          const empty = { ...moment, values: {} };
          const { records } = run(
            protocol,
            simulator.say(empty).map((write) => write.bytes),
          );
          const read = records.flatMap(({ fields }) => Object.entries(fields));
          for (const { field, metric } of profile.metrics) {
            const row: Metric = metrics[metric];
            if (row.shape === 'samples') continue;
            const stated = read.filter(([name]) => name === field);
            expect(
              stated.flatMap(([, value]) => statedValues(value)),
              field,
            ).toEqual([]);
          }
        }
      });

      it('says the same for the same moment', () => {
        for (const moment of moments) expect(simulator.say(moment)).toEqual(simulator.say(moment));
      });

      it('writes on channels that its link has', () => {
        const channels = moments.flatMap((moment) =>
          simulator.say(moment).map(({ channel }) => channel),
        );
        const isLine = profile.link.kind !== 'mqtt';
        expect(channels.every((channel) => (channel === 'line') === isLine)).toBe(true);
      });
    },
  );
});
