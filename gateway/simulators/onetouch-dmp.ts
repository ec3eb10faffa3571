import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const beforeMeal = 'B';
const noComment = '00';

/** A OneTouch Ultra2 that was asked for its memory: it holds one result, or none. */
export default defineSimulator({
  id: 'onetouch-dmp',
  say(moment) {
    const { values } = moment;
    const metric = moment.profile.metrics.find(({ field }) => field === 'GLU')?.metric;
    const glucose = metric === undefined ? undefined : values[metric];
    const lines = [
      `P ${glucose === undefined ? '000' : '001'},"${serialOf(moment)}","MG/DL "`,
      ...(glucose === undefined ? [] : [resultOf(moment, glucose)]),
    ];
    const text = lines.map((line) => `${line} ${checksumOf(line)}\r\n`).join('');
    return [{ channel: 'line', bytes: Buffer.from(text, 'latin1') }];
  },
});

/** The meter's clock runs in UTC. */
function resultOf({ at }: SimulatedMoment, glucose: number): string {
  const when = new Date(at);
  const [date = '', time = ''] = when.toISOString().slice(0, 19).split('T');
  const [year = '', month, day] = date.split('-');
  const value = glucose.toFixed(0).padStart(3, '0');
  return [
    `P "${weekdays[when.getUTCDay()]}"`,
    `"${month}/${day}/${year.slice(2)}"`,
    `"${time}   "`,
    `"  ${value} "`,
    `"${beforeMeal}"`,
    `"${noComment}"`,
    ' 00',
  ].join(',');
}

/** Nine characters; the last one names the model. */
function serialOf({ serialNumber }: SimulatedMoment): string {
  return `${serialNumber.replace(/\D/g, '').slice(-8).padStart(8, '0')}Y`;
}

function checksumOf(line: string): string {
  const sum = Buffer.from(line, 'latin1').reduce((total, byte) => (total + byte) & 0xffff, 0);
  return sum.toString(16).toUpperCase().padStart(4, '0');
}
