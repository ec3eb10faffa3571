/** A payload the load program writes over: where the ten digits and the moment are. */
export interface Payload {
  readonly text: string;
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
  return { text, sequenceAt: text.indexOf(String(sequence)), timeAt: text.indexOf(moment) };
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
