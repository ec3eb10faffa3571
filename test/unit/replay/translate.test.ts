import { expect, it } from 'vitest';
import type { Packet } from '../../../replay/recording.ts';
import { devicesOf, framed, text, translator } from '../../../replay/translate.ts';

const packet = (type: string, bytes: Buffer = Buffer.alloc(0), t = 0, src = 'a'): Packet => ({
  ...{ t, conn: 1, src, type, bytes },
});
const connect = (id: string) =>
  packet('CONNECT', framed(0x10, Buffer.concat([text('MQTT'), Buffer.of(4, 2, 0, 60), text(id)])));
const publish = (topic: string, qos = 0) =>
  packet(
    'PUBLISH',
    framed(
      0x30 | (qos << 1),
      Buffer.concat([text(topic), Buffer.from(qos > 0 ? [0, 7] : []), Buffer.from('-42')]),
    ),
  );
const subscribe = (filter: string) =>
  packet('SUBSCRIBE', framed(0x82, Buffer.concat([Buffer.of(0, 1), text(filter), Buffer.of(0)])));

it('says what a source says first as its device, and what differs as it was recorded', () => {
  const say = translator('replay-1');
  expect(say(connect('x')).toString('latin1')).toContain('replay-1');
  expect(say(connect('y'))).toEqual(connect('y').bytes);
  expect(say(publish('Temperature')).toString()).toMatch(
    /devices\/replay-1\/waveforms\{"seq":1,"values"/,
  );
  const second = say(publish('Temperature', 1));
  expect(second[0]).toBe(0x32);
  expect(second.toString()).toContain('devices/replay-1/observations\0\x07{"seq":2');
  expect(say(publish('devices/other/observations'))).toEqual(
    publish('devices/other/observations').bytes,
  );
  expect(say(subscribe('#'))).toEqual(subscribe('#').bytes);
  expect(say(subscribe('Own')).toString()).toContain('devices/replay-1/commands/#');
  expect(say(subscribe('Foreign'))).toEqual(subscribe('Foreign').bytes);
});

it('takes packets that are cut anywhere as they are', () => {
  for (const whole of [connect('x'), publish('T', 1), subscribe('a')]) {
    for (let end = 0; end < whole.bytes.length; end += 1) {
      const cut = { ...whole, bytes: whole.bytes.subarray(0, end) };
      expect(() => translator('d')(cut)).not.toThrow();
    }
  }
});

it('frames bodies of any length as MQTT does', () => {
  expect([...framed(0x30, Buffer.alloc(127)).subarray(0, 2)]).toEqual([0x30, 127]);
  expect([...framed(0x30, Buffer.alloc(128)).subarray(0, 3)]).toEqual([0x30, 0x80, 1]);
  expect([...framed(0x30, Buffer.alloc(16_384)).subarray(0, 4)]).toEqual([0x30, 0x80, 0x80, 1]);
});

it('reads the habits of a source from its ordinary traffic alone', () => {
  const at = (t: number, src = 'a') => packet('PUBLISH', Buffer.alloc(0), t, src);
  const ordinary = [at(0), at(0.5), at(10)];
  const devices = devicesOf([...ordinary, at(11), at(11.1), at(12, 'b')], ordinary);
  expect(devices.get('a')).toMatchObject({ id: 'replay-1', perSecondMax: 2, silenceMax: 9.5 });
  expect(devices.get('b')).toMatchObject({ id: 'replay-2', perSecondMax: 1 });
});
