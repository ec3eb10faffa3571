import { setTimeout as delay } from 'node:timers/promises';
import type { FhirFault } from '../gateway/hospital/fhir-hospital.ts';
import { between } from './chance.ts';
import type { Fault, Outcome, Stage } from './stage.ts';
import type { WireFault } from './wire.ts';

const fhirFaults: readonly FhirFault[] = [
  'down',
  '500',
  '503-retry-after',
  'slow',
  'html',
  'truncated',
  'cut-after-store',
];

/** What befalls the hospital and the way to it. */
export const hospitalFaults: readonly Fault[] = [
  ...fhirFaults.map((fault) => ({
    name: `hospital: ${fault}`,
    run: (stage: Stage) => failHospital(stage, fault),
  })),
  { name: 'hospital: half-open', run: (stage) => failWire(stage, 'hospital', 'half-open') },
  { name: 'hospital: answers lost', run: (stage) => failWire(stage, 'hospital', 'deaf') },
  { name: 'hospital: line cut', run: (stage) => cutWire(stage, 'hospital') },
];

/** What befalls the way to the devices. */
export const deviceFaults: readonly Fault[] = (['mqtt', 'mllp'] as const).flatMap((wire) => [
  { name: `${wire}: lines cut`, run: (stage: Stage) => cutWire(stage, wire) },
  { name: `${wire}: half-open`, run: (stage: Stage) => failWire(stage, wire, 'half-open') },
  {
    name: `${wire}: acknowledgements lost`,
    run: (stage: Stage) => failWire(stage, wire, 'deaf'),
  },
]);

async function failHospital({ hospital, chance }: Stage, fault: FhirFault): Promise<Outcome> {
  hospital.setFault(fault);
  await delay(between(1_000, 5_000, chance));
  hospital.setFault('none');
  return {};
}

async function failWire(
  { wires, chance }: Stage,
  name: keyof Stage['wires'],
  fault: WireFault,
): Promise<Outcome> {
  wires[name].setFault(fault);
  await delay(between(500, 4_000, chance));
  wires[name].setFault('none');
  return {};
}

async function cutWire({ wires }: Stage, name: keyof Stage['wires']): Promise<Outcome> {
  return { detail: `${wires[name].cut()} connections` };
}

const outageSteps = 3;
/** Without a time service the gateway follows at most a day. */
const outageStepMs = 20 * 3_600_000;
const outageWaitMs = 2_500;

/** The hospital is away for days: time passes for the gateway and for every device. */
export const daysOfOutage: Fault = {
  name: 'hospital: away for 2.5 days',
  async run({ hospital, clock }) {
    hospital.setFault('down');
    for (let step = 0; step < outageSteps; step += 1) {
      clock.pass(outageStepMs);
      await delay(outageWaitMs);
    }
    hospital.setFault('none');
    return {};
  },
};
