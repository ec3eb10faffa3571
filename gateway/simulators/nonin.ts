import { pulseWave } from '../core/simulated-patient.ts';
import { defineSimulator } from '../core/simulator.ts';

const packetFrames = 25;
const samplePeriodMs = 1_000 / 75;
const sampleMax = 255;
const missingHeartRate = 511;
const missingSaturation = 127;
const restingRate = 72;
const softwareRevision = 30;

const statusAlways = 0x80;
const statusSync = 0x01;
const statusSensorFault = 0x08;

/** Frames that carry a value, counted from 1. A heart rate takes two: bits 8 and 7, then 6 to 0. */
const heartRateFrames = [1, 14, 20, 22];
const saturationFrames = [3, 9, 10, 11, 16, 17];
const revisionFrame = 4;

/**
 * A Nonin oximeter in data format 2: one packet of 25 frames, a third of a second. The format has
 * no alarm about the patient; without a value its sensor is off.
 */
export default defineSimulator({
  id: 'nonin',
  say({ values, at }) {
    const rate = values.MDC_PULS_OXIM_PULS_RATE;
    const saturation = values.MDC_PULS_OXIM_SAT_O2;
    const isOff = rate === undefined && saturation === undefined;
    const wave = pulseWave(rate ?? restingRate, at, packetFrames, samplePeriodMs);
    const floats = floatsOf(rate ?? missingHeartRate, saturation ?? missingSaturation);
    const bytes = wave.flatMap((sample, index) => {
      const status =
        statusAlways | (index === 0 ? statusSync : 0) | (isOff ? statusSensorFault : 0);
      const frame = [0x01, status, isOff ? 0 : Math.round(sample * sampleMax), floats[index] ?? 0];
      return [...frame, frame.reduce((sum, byte) => (sum + byte) & 0xff, 0)];
    });
    return [{ channel: 'line', bytes: Uint8Array.from(bytes) }];
  },
});

/** The fourth byte of each frame. */
function floatsOf(rate: number, saturation: number): readonly number[] {
  const floats = new Array<number>(packetFrames).fill(0);
  floats[revisionFrame - 1] = softwareRevision;
  for (const frame of heartRateFrames) {
    floats[frame - 1] = (rate >> 7) & 0x03;
    floats[frame] = rate & 0x7f;
  }
  for (const frame of saturationFrames) floats[frame - 1] = saturation & 0x7f;
  return floats;
}
