import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const linesPerHeading = 25;
const heading = [
  'N-595    VERSION 1.60.00    CRC:XXXX  SpO2 Limit: 90-100%    PR Limit: 50-170BPM',
  '                             ADULT            0SAT-S ',
  'TIME                 %SpO2   BPM     PA     Status',
];
const pulseAmplitude = '41';
const none = '---';
/** Pulse search and sensor off stand in the first place for codes, alarms behind them. */
const sensorOff = 'SO';
const saturationLow = 'SL';

/** A Nellcor oximeter with its data port in ASCII format: a line every 2 s. Its clock runs in UTC. */
export default defineSimulator({
  id: 'nellcor-ascii',
  say(moment) {
    const lines = [...((moment.sequence - 1) % linesPerHeading === 0 ? heading : []), row(moment)];
    return [{ channel: 'line', bytes: Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1') }];
  },
});

function row(moment: SimulatedMoment): string {
  const { profile, values, isAlarming } = moment;
  const measured = (field: string) => {
    const metric = profile.metrics.find((row) => row.field === field)?.metric;
    return metric === undefined ? undefined : values[metric];
  };
  const saturation = measured('SPO2');
  const isOff = saturation === undefined;
  const isLow = isAlarming && !isOff;
  const columns = [
    column(saturation, isLow),
    column(measured('BPM'), false),
    (isOff ? none : pulseAmplitude).padStart(3),
  ];
  const codes = isOff ? sensorOff : isLow ? `   ${saturationLow}` : '';
  return `${clockOf(moment)}   ${columns.join('    ')}     ${codes}`.padEnd(61);
}

function column(value: number | undefined, isBeyondLimit: boolean): string {
  return `${(value?.toFixed(0) ?? none).padStart(3)}${isBeyondLimit ? '*' : ' '}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function clockOf({ at }: SimulatedMoment): string {
  const [date = '', time = ''] = new Date(at).toISOString().slice(0, 19).split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${day}-${months[Number(month) - 1]}-${year.slice(2)} ${time}`;
}
