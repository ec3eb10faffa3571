import type { Chance } from './chance.ts';
import type { WardClock } from './clock.ts';
import type { Destination } from './destinations.ts';
import type { Disk } from './disk.ts';
import type { GatewayLife } from './gateway-life.ts';
import type { PowerCut } from './power-cut.ts';
import type { Wire } from './wire.ts';

/** All that faults may lay hands on. */
export interface Stage {
  readonly directory: string;
  readonly life: GatewayLife;
  readonly disk: Disk;
  readonly clock: WardClock;
  readonly destinations: readonly Destination[];
  /** To the devices. */
  readonly wires: Readonly<Record<'mqtt' | 'mllp', Wire>>;
  readonly chance: Chance;
  /** The run is over; a fault still ends what it began. */
  readonly signal: AbortSignal;
}

/** What became of a fault. */
export interface Outcome {
  /** Where the process stood when it died. */
  readonly phase?: string;
  readonly powerCut?: PowerCut;
  readonly detail?: string;
}

export interface Fault {
  readonly name: string;
  run(stage: Stage): Promise<Outcome>;
}

/** One fault of the run, in milliseconds since its start. */
export interface DiaryEntry extends Outcome {
  readonly fault: string;
  readonly fromMs: number;
  readonly untilMs: number;
}
