import type { DeviceProfile } from './device-profile.ts';
import type { Channel } from './intake.ts';
import type { MetricId } from './metric.ts';
import type { Instant } from './observation.ts';

/** One moment in the life of a simulated device. */
export interface SimulatedMoment {
  readonly profile: DeviceProfile;
  readonly serialNumber: string;
  /** Counts the device's own messages from 1. */
  readonly sequence: number;
  readonly at: Instant;
  /** What the simulated patient has now, in each metric's own unit. */
  readonly values: Readonly<Partial<Record<MetricId, number>>>;
  /** The line was opened anew: a device that introduces itself does so. */
  readonly isOpening?: boolean;
  /** The device is in alarm: a value of the patient passed a limit. */
  readonly isAlarming: boolean;
}

/** One write of the device. */
export interface SimulatedWrite {
  readonly channel: Channel;
  readonly bytes: Uint8Array;
  /** The device waits for this byte before its next write (ASTM: ACK). */
  readonly awaits?: number | undefined;
}

/** What the device makes of something that was said to it. */
export interface SimulatedAnswer {
  /** `begin`: it speaks from now on. `end`: no more, until it is asked again. */
  readonly turn?: 'begin' | 'end';
  readonly reply: Uint8Array;
}

/**
 * The other side of a protocol: what a device of that wire format says. Pure: the same moment
 * gives the same bytes. The id is the protocol's.
 */
export interface Simulator {
  readonly id: string;
  say(moment: SimulatedMoment): readonly SimulatedWrite[];
  /** Of a device that keeps silent until it is asked, and ends when it is told to. */
  hear?(said: Uint8Array): SimulatedAnswer;
  /** What the device broadcasts while nobody has asked it. */
  announce?(moment: Pick<SimulatedMoment, 'serialNumber' | 'at'>): Uint8Array;
}

export function defineSimulator(simulator: Simulator): Simulator {
  return simulator;
}
