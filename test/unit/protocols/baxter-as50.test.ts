import { describe, expect, it } from 'vitest';
import { crc16 } from '../../../gateway/core/crc16.ts';
import protocol from '../../../gateway/protocols/baxter-as50.ts';
import { cut, run } from '../../support/protocol-run.ts';

function message(content: string): Buffer {
  const text = Buffer.from(`[${content}]`, 'latin1');
  const crc = crc16(text, 0);
  return Buffer.from([...text, crc >> 8, crc & 0xff]);
}

function fieldsOf(content: string) {
  return run(protocol, [message(content)]).records[0]?.fields;
}

describe('baxter-as50', () => {
  it.each([
    ['PRIRATE=2.5', { PRIRATE: { value: 2.5, unit: 'mL/h' } }],
    ['PRIRATE=.7', { PRIRATE: { value: 0.7, unit: 'mL/h' } }],
    ['PRIRATE=10.', { PRIRATE: { value: 10, unit: 'mL/h' } }],
    ['VINF=0', { VINF: { value: 0, unit: 'mL' } }],
    ['VINF= 12.5', { VINF: { value: 12.5, unit: 'mL' } }],
    ['STATUS=0140', { STATUS: '0140' }],
    ['PRIRATE=1,5', { PRIRATE: '1,5' }],
  ])('reads %s', (content, fields) => {
    expect(fieldsOf(content)).toEqual(fields);
  });

  it('never makes a zero of a blank', () => {
    for (const none of ['', ' ', '-', '---', '.']) {
      expect(fieldsOf(`PRIRATE=${none}`), none).toEqual({ PRIRATE: { absent: 'not-measured' } });
    }
  });

  it('takes no question, no refusal and no acknowledgement for a value, and drops none of them', () => {
    const others = ['PRIRATE?', 'REJECT', 'REJECT 5', 'RESEND', 'ACK', 'EXIT'];
    expect(run(protocol, others.map(message))).toMatchObject({ records: [], discardedBytes: 0 });
  });

  it('reads a CRC that looks like brackets', () => {
    // The CRC of some messages holds the byte of a bracket: it is found by place, not by look.
    let tried = 0;
    for (let rate = 0; rate < 2_000; rate += 1) {
      const bytes = message(`PRIRATE=${rate}`);
      if (!bytes.subarray(-2).some((byte) => byte === 0x5b || byte === 0x5d)) continue;
      tried += 1;
      expect(run(protocol, [bytes, message('VINF=1')]).records).toHaveLength(2);
    }
    expect(tried).toBeGreaterThan(5);
  });

  it('discards what is damaged and reads what follows', () => {
    const good = message('PRIRATE=2.5');
    const flipped = Buffer.from(good);
    flipped[9] = (flipped[9] ?? 0) ^ 1;
    for (const bytes of [flipped, good.subarray(0, 7), message('1=2'), Buffer.from('noise')]) {
      const { records, discardedBytes } = run(protocol, [bytes, good]);
      expect(records).toHaveLength(1);
      expect(discardedBytes).toBe(bytes.length);
    }
  });

  it('lets a message without end go in bounded memory', () => {
    const endless = Buffer.from(`[${'A'.repeat(90_000)}`);
    const { records, discardedBytes } = run(protocol, [
      ...cut(endless, Array(22).fill(4_000)),
      message('PRIRATE=2.5'),
    ]);
    expect(records).toHaveLength(1);
    expect(discardedBytes).toBe(endless.length);
  });
});
