import { expect, it } from 'vitest';
import { type Alert, score } from '../../../replay/score.ts';

const alert = (t: number, src?: string): Alert => ({ t, src, threat: 'D10', detector: 'flood' });
const label = { name: 'one', from: 100, to: 200, srcs: ['bad'] };
const day = 86_400;

it('finds an attack by its first alert, from its begin until a minute after its end', () => {
  const found = (...alerts: Alert[]) => score(alerts, [label], ['bad', 'good'], day).episodes[0];
  expect(found(alert(150, 'bad'), alert(130, 'bad'))).toMatchObject({
    ...{ isDetected: true, seconds: 30, by: 'D10 flood' },
  });
  expect(found(alert(260, 'bad'))?.isDetected).toBe(true);
  expect(found(alert(99, 'bad'), alert(261, 'bad'))?.isDetected).toBe(false);
  // Of whom an address stands for, nobody can say that it was not him.
  expect(found(alert(150))?.isDetected).toBe(true);
  expect(found(alert(150, 'good'))?.isDetected).toBe(false);
});

it('counts what no attack explains as false, by the device and day of ordinary traffic', () => {
  const alerts = [alert(50, 'bad'), alert(150, 'good'), alert(150, 'bad'), alert(300)];
  const { falseAlarms, deviceDays, falseAlarmsPerDeviceDay } = score(
    alerts,
    [label],
    ['bad', 'good'],
    day,
  );
  expect(falseAlarms).toEqual({ flood: 3 });
  expect(deviceDays).toBeCloseTo(2 - 100 / day);
  expect(falseAlarmsPerDeviceDay).toBeCloseTo(3 / (2 - 100 / day));
});

it('says what share of the attacks was found', () => {
  const labels = [label, { name: 'two', from: 1_000, to: 1_100 }];
  expect(score([alert(150, 'bad')], labels, ['bad'], day).truePositiveRate).toBe(0.5);
  expect(score([], [], ['good'], day).truePositiveRate).toBeUndefined();
});
