import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectHeader, inspectPacket } from '../../../gateway/links/mqtt-packet.ts';
import {
  connect,
  field,
  packet,
  publish,
  subscribe,
  uint16,
  unsubscribe,
} from '../../../gateway/players/mqtt-packets.ts';

const will = [field('devices/oxi-12/status'), field('gone')];
const topic = field('devices/oxi-12/observations');
const nul = Buffer.from('a\0b');
const overlong = Buffer.of(0x61, 0xc0, 0xaf);
const surrogate = Buffer.of(0x61, 0xed, 0xa0, 0x80);
const beyondUnicode = Buffer.of(0xf4, 0x90, 0x80, 0x80);
const cut = Buffer.of(0x61, 0xe2, 0x82);

describe('a packet in order', () => {
  it.each<[string, Buffer]>([
    ['CONNECT', connect()],
    ['CONNECT without a keep-alive', connect({ keepAliveSeconds: 0 })],
    ['CONNECT of a session that stays', connect({ flags: 0 })],
    ['CONNECT without a client id', connect({ clientId: '' })],
    ['CONNECT with a will', connect({ flags: 0x06, more: will })],
    ['CONNECT with a retained will of QoS 2', connect({ flags: 0x36, more: will })],
    ['CONNECT with an empty will', connect({ flags: 0x06, more: [field('a'), field('')] })],
    ['CONNECT with a user name', connect({ flags: 0x82, more: [field('ward')] })],
    ['CONNECT with a password', connect({ flags: 0xc2, more: [field('ward'), field(nul)] })],
    ['CONNECT with everything', connect({ flags: 0xf6, more: [...will, field('u'), field('p')] })],
    ['CONNECT with a client id beyond ASCII', connect({ clientId: 'Überwachung-😀' })],
    ['PUBLISH of QoS 0', publish('a', 'x', { qos: 0 })],
    ['PUBLISH of QoS 1', publish('a', 'x', { qos: 1, id: 65_535 })],
    ['PUBLISH of QoS 2 again', publish('a', 'x', { qos: 2, flags: 8 })],
    ['PUBLISH retained', publish('a', 'x', { flags: 1 })],
    ['PUBLISH of nothing', publish('a', '')],
    ['PUBLISH of any bytes', publish('a', Buffer.from([0, 255, 0xc0, 0xaf]))],
    ['PUBLISH to empty levels', publish('/a//', 'x')],
    ['PUBLISH with letters next to control characters', publish(' ~\u00a0\ufdf0\ufffd', 'x')],
    ['PUBLISH with a byte order mark', publish('\ufeffa', 'x')],
    ['PUBLISH to eight levels', publish('1/2/3/4/5/6/7/8', 'x')],
    ['PUBLISH with a length of more bytes than needed', Buffer.from('30840000013178', 'hex')],
    ['PUBACK', packet(0x40, uint16(1))],
    ['PUBREC', packet(0x50, uint16(1))],
    ['PUBREL', packet(0x62, uint16(1))],
    ['PUBCOMP', packet(0x70, uint16(1))],
    ['SUBSCRIBE', subscribe('a/b', '+', '#', '+/b/#', '/', 'a/+')],
    ['UNSUBSCRIBE', unsubscribe('a/b', '+', '#', '/+/#')],
    ['PINGREQ', packet(0xc0)],
    ['DISCONNECT', packet(0xe0)],
  ])('passes: %s', (_name, bytes) => {
    expect(inspectPacket(bytes)).toBeUndefined();
  });
});

describe('a packet out of order', () => {
  it.each<[string, string, Buffer]>([
    ['MQTT-2.2.3', 'nothing after its type', Buffer.of(0xc0)],
    ['MQTT-2.2.3', 'a length of five bytes', Buffer.from('30ffffffff01', 'hex')],
    ['MQTT-2.2.3', 'a length that never ends', Buffer.from('3080808080', 'hex')],
    ['MQTT-2.2.3', 'fewer bytes than its length says', publish('a', 'xyz').subarray(0, -1)],
    ['MQTT-2.2.3', 'more bytes than its length says', Buffer.concat([packet(0xc0), Buffer.of(0)])],
    ['MQTT-2.2.1', 'type 0', packet(0x00)],
    ['MQTT-2.2.1', 'type 15', packet(0xf0)],
    ['MQTT-2.2.1', 'CONNACK from a client', packet(0x20, 0, 0)],
    ['MQTT-2.2.1', 'SUBACK from a client', packet(0x90, uint16(1), 0)],
    ['MQTT-2.2.1', 'UNSUBACK from a client', packet(0xb0, uint16(1))],
    ['MQTT-2.2.1', 'PINGRESP from a client', packet(0xd0)],
    ['MQTT-2.2.2-1', 'CONNECT with flags', Buffer.concat([Buffer.of(0x11), connect().subarray(1)])],
    ['MQTT-2.2.2-1', 'PUBACK with flags', packet(0x42, uint16(1))],
    ['MQTT-2.2.2-1', 'PUBREC with flags', packet(0x52, uint16(1))],
    ['MQTT-2.2.2-1', 'PUBCOMP with flags', packet(0x71, uint16(1))],
    ['MQTT-2.2.2-1', 'PINGREQ with flags', packet(0xc1)],
    ['MQTT-3.6.1-1', 'PUBREL without its flag', packet(0x60, uint16(1))],
    ['MQTT-3.8.1-1', 'SUBSCRIBE without its flag', packet(0x80, uint16(1), field('a'), 0)],
    ['MQTT-3.10.1-1', 'UNSUBSCRIBE without its flag', packet(0xa0, uint16(1), field('a'))],
    ['MQTT-3.14.1-1', 'DISCONNECT with flags', packet(0xe1)],
    ['MQTT-3.4.1', 'PUBACK with an excess byte', packet(0x40, uint16(1), 0)],
    ['MQTT-3.5.1', 'PUBREC without a packet id', packet(0x50)],
    ['MQTT-3.6.1', 'PUBREL with half a packet id', packet(0x62, 1)],
    ['MQTT-3.7.1', 'PUBCOMP with an excess byte', packet(0x70, uint16(1), 0)],
    ['MQTT-3.12.1', 'PINGREQ with a body', packet(0xc0, 0)],
    ['MQTT-3.14.1', 'DISCONNECT with a body', packet(0xe0, 0)],

    ['MQTT-3.1.2-1', 'a protocol of another name', connect({ name: 'MQTt' })],
    ['MQTT-3.1.2-1', 'a protocol name that does not end', packet(0x10, 0, 9, 0x4d)],
    ['MQTT-3.1.2-1', 'an empty CONNECT', packet(0x10)],
    ['MQTT-3.1.2-2', 'MQTT 3.1', connect({ name: 'MQIsdp', level: 3 })],
    ['MQTT-3.1.2-2', 'MQTT 5', connect({ level: 5 })],
    ['MQTT-3.1.2-2', 'level 0', connect({ level: 0 })],
    ['MQTT-3.1.2-2', 'the bridge bit of mosquitto', connect({ level: 0x84 })],
    ['MQTT-3.1.2', 'a CONNECT that ends at its name', packet(0x10, field('MQTT'))],
    ['MQTT-3.1.2', 'a CONNECT that ends at its level', packet(0x10, field('MQTT'), 4)],
    ['MQTT-3.1.2', 'a CONNECT that ends in its keep-alive', packet(0x10, field('MQTT'), 4, 2, 0)],
    ['MQTT-3.1.2-3', 'the reserved flag', connect({ flags: 0x03 })],
    ['MQTT-3.1.2-14', 'a will of QoS 3', connect({ flags: 0x1e, more: will })],
    ['MQTT-3.1.2-13', 'the QoS of no will', connect({ flags: 0x0a })],
    ['MQTT-3.1.2-15', 'the retain of no will', connect({ flags: 0x22 })],
    ['MQTT-3.1.2-22', 'a password without a user', connect({ flags: 0x42, more: [field('p')] })],
    ['MQTT-3.1.3-3', 'no client id field', packet(0x10, field('MQTT'), 4, 2, uint16(9))],
    ['MQTT-3.1.3-8', 'no client id for a session that stays', connect({ clientId: '', flags: 0 })],
    ['MQTT-3.1.2-9', 'no will where one is announced', connect({ flags: 0x06 })],
    ['MQTT-3.1.2-9', 'a will without a message', connect({ flags: 0x06, more: [field('a')] })],
    ['MQTT-3.1.2-19', 'no user name where one is announced', connect({ flags: 0x82 })],
    ['MQTT-3.1.2-21', 'no password', connect({ flags: 0xc2, more: [field('u')] })],
    ['MQTT-3.1.3-1', 'excess bytes', connect({ more: [field('u')] })],
    ['MQTT-1.5.3-2', 'U+0000 in the client id', connect({ clientId: nul })],
    ['MQTT-1.5.3-1', 'a surrogate in the client id', connect({ clientId: surrogate })],
    ['MQTT-4.7.1-1', 'a wildcard will', connect({ flags: 6, more: [field('a/#'), field('')] })],
    ['MQTT-4.7.3-1', 'a will to nowhere', connect({ flags: 6, more: [field(''), field('')] })],
    ['MQTT-1.5.3-2', 'U+0000 in a will', connect({ flags: 6, more: [field(nul), field('')] })],
    ['MQTT-1.5.3-1', 'an overlong user name', connect({ flags: 0x82, more: [field(overlong)] })],

    ['MQTT-3.3.1-4', 'PUBLISH of QoS 3', packet(0x36, topic, uint16(1))],
    ['MQTT-3.3.1-2', 'a second delivery of QoS 0', packet(0x38, topic)],
    ['MQTT-3.3.2-1', 'PUBLISH without a topic', packet(0x30)],
    ['MQTT-3.3.2-1', 'a topic that does not end', packet(0x30, 0, 9, 0x61)],
    ['MQTT-3.3.2-2', 'PUBLISH to #', publish('devices/#', 'x')],
    ['MQTT-3.3.2-2', 'PUBLISH to +', publish('devices/+/observations', 'x')],
    ['MQTT-4.7.3-1', 'PUBLISH to an empty topic', publish('', 'x')],
    ['MQTT-1.5.3-2', 'U+0000 in a topic', publish(nul, 'x')],
    ['MQTT-1.5.3', 'a line break in a topic', publish('a\nb', 'x')],
    ['MQTT-1.5.3', 'U+007F in a topic', publish('a\u007f', 'x')],
    ['MQTT-1.5.3', 'U+0080 in a filter', subscribe('a\u0080')],
    ['MQTT-1.5.3', 'U+009F in a filter', unsubscribe('a\u009f')],
    ['MQTT-1.5.3', 'U+001F in the client id', connect({ clientId: 'a\u001f' })],
    ['MQTT-1.5.3', 'U+FFFF in a user', connect({ flags: 0x82, more: [field('a\uffff')] })],
    ['MQTT-1.5.3', 'U+FDD0 in a will', connect({ flags: 6, more: [field('\ufdd0'), field('')] })],
    ['MQTT-1.5.3', 'U+1FFFE in a topic', publish('a\u{1fffe}', 'x')],
    ['MQTT-1.5.3-1', 'an overlong topic', publish(overlong, 'x')],
    ['MQTT-1.5.3-1', 'a surrogate in a topic', publish(surrogate, 'x')],
    ['MQTT-1.5.3-1', 'a topic beyond Unicode', publish(beyondUnicode, 'x')],
    ['MQTT-1.5.3-1', 'a topic that ends within a character', publish(cut, 'x')],
    ['MQTT-2.3.1-1', 'packet id 0', publish('a', 'x', { id: 0 })],
    ['MQTT-2.3.1-1', 'PUBLISH without a packet id', packet(0x32, topic)],
    ['topic-levels', 'a topic of nine levels', publish('1/2/3/4/5/6/7/8/9', 'x')],
    ['MQTT-2.3.1-1', 'PUBACK of packet id 0', packet(0x40, uint16(0))],
    ['MQTT-2.3.1-1', 'PUBREL of packet id 0', packet(0x62, uint16(0))],

    ['MQTT-2.3.1-1', 'SUBSCRIBE with packet id 0', packet(0x82, uint16(0), field('a'), 0)],
    ['MQTT-2.3.1-1', 'an empty SUBSCRIBE', packet(0x82)],
    ['MQTT-3.8.3-3', 'SUBSCRIBE without a filter', packet(0x82, uint16(1))],
    ['MQTT-3.8.3-1', 'a filter that does not end', packet(0x82, uint16(1), 0, 9, 0x61)],
    ['MQTT-3.8.3-4', 'a filter without a QoS', packet(0x82, uint16(1), field('a'))],
    ['MQTT-3.8.3-4', 'a filter of QoS 3', packet(0x82, uint16(1), field('a'), 3)],
    ['MQTT-3.8.3-4', 'an option of MQTT 5', packet(0x82, uint16(1), field('a'), 4)],
    ['MQTT-4.7.3-1', 'an empty filter', subscribe('')],
    ['MQTT-4.7.1-2', '# before the end', subscribe('a/#/b')],
    ['MQTT-4.7.1-2', '# within a level', subscribe('a/b#')],
    ['MQTT-4.7.1-2', 'two #', subscribe('##')],
    ['MQTT-4.7.1-3', '+ after a letter', subscribe('a+')],
    ['MQTT-4.7.1-3', '+ before a letter', subscribe('a/+b/c')],
    ['MQTT-4.7.1-3', 'two +', subscribe('++')],
    ['MQTT-1.5.3-2', 'U+0000 in a filter', subscribe(nul)],
    ['MQTT-1.5.3-1', 'a surrogate in a filter', subscribe('good', surrogate)],
    ['topic-levels', 'a filter of nine levels', subscribe('1/2/3/4/5/6/7/8/#')],
    ['MQTT-2.3.1-1', 'UNSUBSCRIBE with packet id 0', packet(0xa2, uint16(0), field('a'))],
    ['MQTT-3.10.3-2', 'UNSUBSCRIBE without a filter', packet(0xa2, uint16(1))],
    ['MQTT-3.10.3-1', 'half a filter', packet(0xa2, uint16(1), 0, 9, 0x61)],
    ['MQTT-4.7.1-2', 'UNSUBSCRIBE from a broken filter', unsubscribe('a#')],
  ])('breaks %s: %s', (clause, _name, bytes) => {
    expect(inspectPacket(bytes)).toBe(clause);
  });
});

it('reads a packet in the midst of a stream as it reads it alone', () => {
  const before = connect();
  const stream = Buffer.concat([before, publish('a', 'x', { id: 0 }), packet(0xc0)]);
  const end = stream.length - 2;
  expect(inspectPacket(stream, before.length, end)).toBe('MQTT-2.3.1-1');
  expect(inspectPacket(stream, 0, before.length)).toBeUndefined();
});

it('refuses by the header alone what no body can mend', () => {
  expect(inspectHeader(0x36, 9)).toBe('MQTT-3.3.1-4');
  expect(inspectHeader(0xc0, 268_435_455)).toBe('MQTT-3.12.1');
  expect(inspectHeader(0x32, 9)).toBeUndefined();
});

it('answers any bytes without throwing', () => {
  const types = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 64 }), (first, body) => {
      const verdict = inspectPacket(packet(first, body));
      expect(verdict === undefined || /^(MQTT-\d|topic-levels)/.test(verdict)).toBe(true);
      inspectPacket(body);
    }),
    { numRuns: 2_000 },
  );
});

it('never passes a packet that lost its last byte', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 20 });
  fc.assert(
    fc.property(texts, fc.uint8Array({ maxLength: 40 }), fc.integer(), (name, payload, at) => {
      const whole = [
        connect({
          clientId: name,
          flags: 0xc6,
          more: [field('t'), field(payload), field(name), field(payload)],
        }),
        publish('a', payload),
        subscribe('a', 'b/+'),
        unsubscribe('a', 'b/#'),
      ];
      const bytes = whole[Math.abs(at) % whole.length] ?? whole[0];
      if (bytes === undefined || inspectPacket(bytes) !== undefined) return;
      expect(inspectPacket(bytes.subarray(0, -1))).toBe('MQTT-2.2.3');
    }),
  );
});
