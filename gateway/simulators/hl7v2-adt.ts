import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

/** Ends the answer that a message waits for. */
const FS = 0x1c;
const ward = 'SIM';
const bedCount = 4;

/** One stay, message by message; the bed is counted on from the patient's own. */
const course = [
  ['A01', 0],
  ['A08', 0],
  ['A02', 1],
  ['A03', 1],
] as const;

/**
 * A hospital's patient administration: one message a moment. A patient is admitted to a bed of the
 * ward SIM, has the data corrected, moves to the next bed and goes home; then comes the next one.
 */
export default defineSimulator({
  id: 'hl7v2-adt',
  say(moment) {
    return [
      {
        channel: 'line',
        bytes: Buffer.from(`\x0b${segmentsOf(moment).join('\r')}\r\x1c\r`, 'latin1'),
        awaits: FS,
      },
    ];
  },
});

function segmentsOf({ at, serialNumber, sequence }: SimulatedMoment): readonly string[] {
  const stay = Math.floor((sequence - 1) / course.length);
  const [trigger, moved] = course[(sequence - 1) % course.length] ?? course[0];
  const bed = ((stay + moved) % bedCount) + 1;
  const time = `${new Date(at).toISOString().replace(/[-:T]|\..*$/g, '')}+0000`;
  const structure = trigger === 'A08' ? 'A01' : trigger;
  const patient = `SIM-${serialNumber}-${stay + 1}`;
  return [
    `MSH|^~\\&|ADT|HOSPITAL|||${time}||ADT^${trigger}^ADT_${structure}|${serialNumber}-${sequence}|P|2.6`,
    `EVN||${time}`,
    `PID|1||${patient}^^^HOSPITAL^MR||^^^^^^S`,
    `PV1|1|I|${ward}^^${bed}|||||||||||||||V${patient}`,
  ];
}
