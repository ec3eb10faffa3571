import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '../../gateway/catalogue.ts';
import { type DeviceProfile, defineDeviceProfile } from '../../gateway/core/device-profile.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import type { Protocol } from '../../gateway/core/protocol.ts';
import { vitalSigns } from '../../gateway/core/simulated-patient.ts';
import type { SimulatedMoment, Simulator } from '../../gateway/core/simulator.ts';

const root = join(import.meta.dirname, '../..');

export const protocols = await catalogue<Protocol>(join(root, 'gateway/protocols'));
export const simulators = await catalogue<Simulator>(join(root, 'gateway/simulators'));

const line = { kind: 'line', baudRate: 9_600 } as const;
const common = {
  manufacturer: 'Test',
  model: 'Test',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIb',
  function: 'monitor',
  silentAfterMs: 10_000,
  messagesPerSecondMax: 10,
  security: { authenticates: false, encrypts: false, updatable: false },
} as const;
const sources = ['test'];
const saturation = 'MDC_PULS_OXIM_SAT_O2';
const pulse = 'MDC_PULS_OXIM_PULS_RATE';

/** A profile of our own for each format, so that no test here waits for a vendor's. */
const ownProfiles: readonly DeviceProfile[] = [
  defineDeviceProfile({
    ...common,
    sources,
    id: 'test-wardgate-json',
    link: { kind: 'mqtt', protocol: 'wardgate-json' },
    metrics: [saturation, pulse, 'MDC_PULS_OXIM_PLETH', 'MDC_TEMP_BODY'].map((metric) => ({
      field: metric,
      metric: metric as typeof saturation,
    })),
  }),
  defineDeviceProfile({
    ...common,
    sources,
    id: 'test-senml-json',
    link: { kind: 'mqtt', protocol: 'senml-json' },
    metrics: [
      { field: 'temperature', metric: 'MDC_TEMP_BODY' },
      { field: 'spo2', metric: saturation },
      { field: 'pulse', metric: pulse },
    ],
  }),
  defineDeviceProfile({
    ...common,
    sources,
    id: 'test-masimo-ascii',
    link: { ...line, protocol: 'masimo-ascii' },
    metrics: [
      { field: 'SPO2', metric: saturation },
      { field: 'BPM', metric: pulse },
      { field: 'PI', metric: 'MDC_PULS_OXIM_PERF_REL' },
    ],
  }),
  defineDeviceProfile({
    ...common,
    sources,
    id: 'test-nonin',
    link: { ...line, protocol: 'nonin' },
    metrics: [
      { field: 'HR', metric: pulse },
      { field: 'SPO2', metric: saturation },
      { field: 'PLETH', metric: 'MDC_PULS_OXIM_PLETH' },
    ],
  }),
  defineDeviceProfile({
    ...common,
    sources,
    id: 'test-philips-intellivue',
    link: { ...line, protocol: 'philips-intellivue' },
    metrics: [
      { field: 'PLETH_PULS_RATE', metric: pulse },
      { field: 'PULS_OXIM_SAT_O2', metric: saturation },
      { field: 'TEMP', metric: 'MDC_TEMP_BODY' },
      { field: 'PLETH', metric: 'MDC_PULS_OXIM_PLETH' },
    ],
  }),
];

const profileFolder = join(root, 'device-profiles');
const shipped = existsSync(profileFolder)
  ? [...(await catalogue<DeviceProfile>(profileFolder)).values()]
  : [];

export function profilesOf(protocol: string): readonly DeviceProfile[] {
  return [...ownProfiles, ...shipped].filter((profile) => profile.link.protocol === protocol);
}

const firstInstant = Date.UTC(2026, 10, 22, 10, 0, 0) as Instant;

/** One moment of a device every 7 s, each with other values than the one before. */
export function momentsOf(profile: DeviceProfile, count: number): readonly SimulatedMoment[] {
  return Array.from({ length: count }, (_, index) => {
    const at = (firstInstant + index * 7_000) as Instant;
    return {
      profile,
      serialNumber: '0000123456',
      sequence: index + 1,
      at,
      values: vitalSigns(7 + index, at),
      isAlarming: index % 2 === 1,
    };
  });
}

/** What a simulated device of that profile writes, moment by moment. */
export function said(profile: DeviceProfile, count: number): readonly Uint8Array[] {
  const simulator = simulators.get(profile.link.protocol);
  if (!simulator) return [];
  return momentsOf(profile, count).map((moment) =>
    Buffer.concat(simulator.say(moment).map(({ bytes }) => bytes)),
  );
}
