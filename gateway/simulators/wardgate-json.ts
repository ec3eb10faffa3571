import { type Metric, metrics } from '../core/metric.ts';
import { pulseWave } from '../core/simulated-patient.ts';
import { defineSimulator, type SimulatedMoment, type SimulatedWrite } from '../core/simulator.ts';

const samplePeriodMs = 20;
const samplesPerMessage = 50;
/** Steps of the simulated converter. */
const sampleMax = 1_000;
const restingRate = 72;

/** A device that speaks the gateway's own payload: values, and alerts and waveforms beside them. */
export default defineSimulator({
  id: 'wardgate-json',
  say(moment) {
    const writes = [write('observations', { seq: moment.sequence, ...observationsOf(moment) })];
    const waveforms = waveformsOf(moment);
    if (waveforms) writes.push(write('waveforms', { at: timeOf(moment), waveforms }));
    if (moment.isAlarming) {
      writes.push(write('alerts', { at: timeOf(moment), alerts: [alertOf(moment)] }));
    }
    return writes;
  },
});

function write(channel: SimulatedWrite['channel'], body: object): SimulatedWrite {
  return { channel, bytes: Buffer.from(JSON.stringify(body)) };
}

function timeOf({ at }: SimulatedMoment): string {
  return new Date(at).toISOString();
}

function observationsOf(moment: SimulatedMoment): object {
  const values = moment.profile.metrics
    .filter(({ metric }) => !isWaveform(metrics[metric]))
    .map(({ field, metric, unit }) => {
      const value = moment.values[metric];
      if (value === undefined) return [field, { absent: 'not-measured' }];
      // Where the profile expects another unit than the metric's own, the payload says which it is.
      return [field, unit === undefined ? value : { value, unit: metrics[metric].unit }];
    });
  return { at: timeOf(moment), serial: moment.serialNumber, values: Object.fromEntries(values) };
}

function waveformsOf({ profile, values, at }: SimulatedMoment): object | undefined {
  const waveforms = profile.metrics.filter(({ metric }) => isWaveform(metrics[metric]));
  if (waveforms.length === 0) return undefined;
  const rate = values.MDC_PULS_OXIM_PULS_RATE ?? restingRate;
  const samples = pulseWave(rate, at, samplesPerMessage, samplePeriodMs).map((sample) =>
    Math.round(sample * sampleMax),
  );
  return Object.fromEntries(
    waveforms.map(({ field }) => [field, { periodMs: samplePeriodMs, samples }]),
  );
}

/** About the saturation where the device measures it: what a ward hears most. */
function alertOf({ profile }: SimulatedMoment): object {
  const measured = profile.metrics.filter(({ metric }) => !isWaveform(metrics[metric]));
  const about = measured.find(({ metric }) => metric === 'MDC_PULS_OXIM_SAT_O2') ?? measured[0];
  return {
    event: 'MDC_EVT_LO_VAL_LT_LIM',
    metric: about?.field,
    phase: 'continue',
    priority: 'high',
  };
}

function isWaveform(metric: Metric): boolean {
  return metric.shape === 'samples';
}
