import { setTimeout as delay } from 'node:timers/promises';
import { between } from './chance.ts';
import type { Destination } from './destinations.ts';
import type { Fault, Outcome, Stage } from './stage.ts';
import type { Wire, WireFault } from './wire.ts';

/** How a way fails, as people call it. */
const wireFaults: readonly (readonly [name: string, fault: WireFault])[] = [
  ['half-open', 'half-open'],
  ['answers lost', 'deaf'],
];

/** What befalls a destination and the way to it. */
export function destinationFaults({ id, wire, faults, setFault }: Destination): readonly Fault[] {
  return [
    ...faults.map((fault) => ({
      name: `${id}: ${fault}`,
      async run({ chance }: Stage) {
        setFault(fault);
        await delay(between(1_000, 5_000, chance));
        setFault('none');
        return {};
      },
    })),
    ...wayFaults(id, () => wire),
    { name: `${id}: down`, run: (stage) => failWire(wire, 'down', stage) },
  ];
}

/** What befalls the way to the devices. */
export const deviceFaults: readonly Fault[] = (['mqtt', 'mllp'] as const).flatMap((line) =>
  wayFaults(`devices by ${line}`, ({ wires }) => wires[line]),
);

function wayFaults(name: string, wireOf: (stage: Stage) => Wire): readonly Fault[] {
  return [
    ...wireFaults.map(([word, fault]) => ({
      name: `${name}: ${word}`,
      run: (stage: Stage) => failWire(wireOf(stage), fault, stage),
    })),
    {
      name: `${name}: lines cut`,
      run: async (stage: Stage) => ({ detail: `${wireOf(stage).cut()} connections` }),
    },
  ];
}

async function failWire(wire: Wire, fault: WireFault, { chance }: Stage): Promise<Outcome> {
  wire.setFault(fault);
  await delay(between(500, 4_000, chance));
  wire.setFault('none');
  return {};
}

const outageSteps = 3;
/** Without a time service the gateway follows at most a day. */
const outageStepMs = 20 * 3_600_000;
const outageWaitMs = 2_500;

/** No destination can be reached for days: time passes for the gateway and for every device. */
export const daysOfOutage: Fault = {
  name: 'all destinations: away for 2.5 days',
  async run({ destinations, clock, life }) {
    for (const { wire } of destinations) wire.setFault('down');
    for (let step = 0; step < outageSteps; step += 1) {
      await clock.pass(outageStepMs, () => life.noticesTime());
      await delay(outageWaitMs);
    }
    for (const { wire } of destinations) wire.setFault('none');
    return {};
  },
};
