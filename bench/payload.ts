import type { Instant } from '../gateway/core/observation.ts';
import { vitalSigns as signsOf } from '../gateway/core/simulated-patient.ts';

/** Payloads the load program writes over: where the ten digits and the moment are in each. */
export interface Payload {
  /** One, or several of the same length in a row. */
  readonly text: string;
  /** Of one. */
  readonly bytes: number;
  readonly sequenceAt: number;
  readonly timeAt: number;
}

/** Ten digits, so that the number stays as long as it is while it counts up. */
const sequence = 1_000_000_000;
const moment = '2026-01-01T00:00:00.000Z';
const serialCharsMax = 64;

const values = {
  MDC_PULS_OXIM_SAT_O2: 97,
  MDC_ECG_HEART_RATE: 72,
  MDC_RESP_RATE: 16,
  MDC_TEMP_BODY: 36.8,
};

/**
 * What a `generic-vital-signs-monitor` says in `wardgate-json`: four values, in exactly `bytes`
 * bytes. What four values leave free is a longer serial number, or a pulse wave beside them.
 */
export function vitalSigns(bytes: number): Payload {
  const message = { seq: sequence, at: moment, serial: 'S', values };
  const free = bytes - JSON.stringify(message).length;
  if (free < 0) throw new RangeError(`four values do not fit into ${bytes} bytes`);
  const text =
    free < serialCharsMax
      ? JSON.stringify({ ...message, serial: 'S'.padEnd(free + 1, '0') })
      : withWave(message, bytes);
  return placed(text, bytes);
}

function placed(text: string, bytes: number): Payload {
  return { text, bytes, sequenceAt: text.indexOf(String(sequence)), timeAt: text.indexOf(moment) };
}

const metrics = Object.keys(values) as readonly (keyof typeof values)[];
const courseEveryMs = 1_000;

/** The four values of a simulated patient, one after the other as they move by the second. */
export function patientSigns(patient: number, second: number): Readonly<Record<string, number>> {
  const signs = signsOf(patient, (epochMs + second * courseEveryMs) as Instant);
  return Object.fromEntries(metrics.map((metric) => [metric, signs[metric] ?? 0]));
}

const epochMs = Date.parse(moment);

/** The same message of `bytes` bytes, again and again with the values of one patient for `count` seconds. */
export function movingVitalSigns(bytes: number, count: number, patient: number): Payload {
  const texts = Array.from({ length: count }, (_, second) =>
    messageText(sequence, moment, patientSigns(patient, second)).padEnd(bytes),
  );
  return placed(texts.join(''), bytes);
}

/** Serial number as long as a device has one; what is free behind it is white space. */
export function messageText(
  seq: number,
  at: string,
  signs: Readonly<Record<string, number>>,
): string {
  return JSON.stringify({ seq, at, serial: 'S0000123456', values: signs });
}

const periodMs = 8;

function withWave(message: { readonly serial: string }, bytes: number): string {
  const sample = (index: number) => Math.round(500 + 400 * Math.sin(index / 9));
  const write = (samples: readonly number[], serial: string) =>
    JSON.stringify({
      ...message,
      serial,
      waveforms: { MDC_PULS_OXIM_PLETH: { periodMs, samples } },
    });
  const samples: number[] = [sample(0)];
  while (write([...samples, sample(samples.length)], 'S').length <= bytes) {
    samples.push(sample(samples.length));
  }
  return write(samples, 'S'.padEnd(1 + bytes - write(samples, 'S').length, '0'));
}
