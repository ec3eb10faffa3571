import { pulseWave } from '../core/simulated-patient.ts';
import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const head = '\xffANSAR-B ';
const frameEnd = 0xfe;
/** Samples of a second: ECG, respiration, pleth and two pressures. */
const waveSamples = [200, 50, 50, 50, 50];
/** Samples stay below the bytes that begin and end a frame. */
const sampleMax = 250;
const flat = 251;

/** An Ivy 450C with its output in the format ANSAR-B: a frame a second. */
export default defineSimulator({
  id: 'ivy-ansar',
  say(moment) {
    const { values, at, isAlarming } = moment;
    const rate = values.MDC_ECG_HEART_RATE;
    const waves = waveSamples.flatMap((count) =>
      rate === undefined
        ? Array<number>(count).fill(flat)
        : pulseWave(rate, at, count, 1_000 / count).map((sample) => Math.round(sample * sampleMax)),
    );
    const text = [
      `HR=1;${printed(moment, 'HR')};ECG-II-DIAG;${isAlarming ? 'HR ALARM' : ''}`,
      `RR=1;${printed(moment, 'RR')};APNEA: 20 SEC;`,
      'ETCO2=1;;;',
      `SPO2=1;${printed(moment, 'SPO2')};PR=${printed(moment, 'PR').padEnd(3)};`,
      `NIBP=4;${['SYS', 'DIA', 'MEAN', 'PR'].map((of) => printed(moment, `NIBP-${of}`)).join(';')};;`,
      'P1=3;;;;NO TRANSDUCER;',
      'P2=3;;;;NO TRANSDUCER;',
      'T1=1;;;',
      'T2=1;;;',
    ];
    const bytes = Buffer.concat([
      Buffer.from(head, 'latin1'),
      Uint8Array.from(waves),
      Buffer.from(`${text.join('\r')}\r`, 'latin1'),
      Uint8Array.of(frameEnd),
    ]);
    return [{ channel: 'line', bytes }];
  },
});

/** Blank where there is no value. */
function printed({ profile, values }: SimulatedMoment, field: string): string {
  const metric = profile.metrics.find((row) => row.field === field)?.metric;
  return (metric === undefined ? undefined : values[metric])?.toFixed(0) ?? '';
}
