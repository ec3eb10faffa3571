import { crc16 } from '../core/crc16.ts';
import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const noAlarm = '-';
/** Made up: the names the pump gives its alarms are not public. */
const someAlarm = 'AL_SIMULATED';

/** An Alaris GH that answers how its infusion is. */
export default defineSimulator({
  id: 'alaris-asena',
  say(moment) {
    const content = [
      'INF',
      serialOf(moment),
      moment.isAlarming ? someAlarm : noAlarm,
      'SET',
      printed(moment, 'RATE', 2),
      'ml/h',
      '',
      printed(moment, 'VI', 3),
      'ml',
      '17.91',
      'mmHg',
      '24+',
      'EVENT',
      `${moment.sequence}`,
    ].join('^');
    const crc = crc16(Buffer.from(content, 'latin1'), 0xffff).toString(16).toUpperCase();
    const bytes = Buffer.from(`!${content}|${crc.padStart(4, '0')}\r`, 'latin1');
    return [{ channel: 'line', bytes }];
  },
});

/** `8002-51740`: four digits for the model, five for the instrument. */
function serialOf({ serialNumber }: SimulatedMoment): string {
  return `8002-${serialNumber.replace(/\D/g, '').slice(-5).padStart(5, '0')}`;
}

function printed({ profile, values }: SimulatedMoment, field: string, decimals: number): string {
  const metric = profile.metrics.find((row) => row.field === field)?.metric;
  return (metric === undefined ? undefined : values[metric])?.toFixed(decimals) ?? '';
}
