import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCapture, signalsOf } from '../../../gateway/datasets/mqtt-packets.ts';
import { inspectPacket } from '../../../gateway/links/mqtt-packet.ts';
import { connect, publish, subscribe } from '../../../gateway/players/mqtt-packets.ts';

const line = (t: number, type: string, bytes?: Buffer, src = 'a') =>
  JSON.stringify({ t, conn: 0, src, type, ...(bytes && { hex: bytes.toString('hex') }) });
const inspection = { violationOf: inspectPacket, entropyOf: () => 4 };

function kindsOf(...lines: readonly string[]) {
  const { packets } = readCapture(lines.join('\n'));
  return [...signalsOf(packets, 0, inspection).values()].flatMap(({ signals }) => signals);
}

describe('a capture of packets', () => {
  it('becomes what the gateway would have seen', () => {
    expect(
      kindsOf(
        line(0, 'OPEN'),
        line(0.1, 'CONNECT', connect()),
        line(1, 'PUBLISH', publish('own', 'hello')),
        line(2, 'PINGREQ', Buffer.of(0xc0, 0)),
        line(700, 'PUBLISH', publish('own', 'again', { qos: 0 })),
        line(701, 'PUBLISH', publish('foreign', 'x')),
        line(702, 'CLOSE'),
      ),
    ).toMatchObject([
      { kind: 'connected', device: 'a', at: 100 },
      { kind: 'message', at: 1_000, bytes: 5, entropyBits: 4 },
      { kind: 'pinged' },
      { kind: 'message', bytes: 5 },
      { kind: 'topic-refused', topic: 'foreign' },
      { kind: 'disconnected' },
    ]);
  });

  it('knows a client by its client id: another one is refused, and whoever was not let in cannot leave', () => {
    expect(
      kindsOf(
        line(0, 'CONNECT', connect({ clientId: 'own' })),
        line(5, 'CLOSE'),
        line(5.1, 'CLOSE'),
        line(700, 'CONNECT', connect({ clientId: '' })),
        line(701, 'CLOSE'),
      ),
    ).toMatchObject([{ kind: 'connected' }, { kind: 'disconnected' }, { kind: 'refused' }]);
  });

  it('knows a client by what it subscribed to: another filter is refused', () => {
    expect(
      kindsOf(
        line(0, 'CONNECT', connect()),
        line(1, 'SUBSCRIBE', subscribe('own/command')),
        line(700, 'SUBSCRIBE', subscribe('own/command')),
        line(701, 'SUBSCRIBE', subscribe('#')),
      ),
    ).toMatchObject([
      { kind: 'connected' },
      { kind: 'subscribed' },
      { kind: 'subscribed', topic: 'own/command' },
      { kind: 'topic-refused', action: 'subscribe', topic: '#' },
    ]);
  });

  it('skips and counts what is no packet, and never throws', () => {
    const { packets, unreadable } = readCapture(
      [line(0, 'OPEN'), '{"t":', '{"t":-1,"src":"a","type":"X"}', '7', '{"hex":"zz"}'].join('\n'),
    );
    expect([packets.length, unreadable]).toEqual([1, 4]);
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 60 }), (text, bytes) => {
        kindsOf(
          text,
          line(0, 'PUBLISH', Buffer.from(bytes)),
          line(1, 'CONNECT', Buffer.from(bytes)),
        );
      }),
    );
    const whole = publish('own', 'hello');
    for (let end = 0; end <= whole.length; end += 1) {
      kindsOf(line(0, 'PUBLISH', whole.subarray(0, end)));
    }
  });
});
