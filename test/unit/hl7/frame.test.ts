import { expect, it } from 'vitest';
import { framed, readFrame } from '../../../gateway/hl7/frame.ts';

const frame = framed('MSH|^~\\&|é\rMSA|AA|1\r');

it('is whole with its last byte and not before', () => {
  for (let length = 0; length < frame.length; length += 1) {
    expect(readFrame(frame.subarray(0, length)), `${length}`).toEqual({ state: 'incomplete' });
  }
  expect(readFrame(frame)).toEqual({
    state: 'whole',
    text: 'MSH|^~\\&|é\rMSA|AA|1\r',
    isAlone: true,
  });
});

it('says when something stands behind it', () => {
  const more = Buffer.concat([frame, Buffer.from('x')]);
  expect(readFrame(more)).toMatchObject({ state: 'whole', isAlone: false });
});

it.each([
  ['bytes before it', Buffer.concat([Buffer.from('\r'), frame])],
  ['an end that is none', Buffer.from('\x0bMSH\x1cx')],
  ['more than an answer has to say', Buffer.concat([Buffer.of(0x0b), Buffer.alloc(65_536, 0x41)])],
])('is broken by %s', (_, bytes) => {
  expect(readFrame(bytes)).toEqual({ state: 'broken' });
});
