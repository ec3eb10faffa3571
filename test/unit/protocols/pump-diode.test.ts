import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc16 } from '../../../gateway/core/crc16.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Protocol } from '../../../gateway/core/protocol.ts';
import alaris from '../../../gateway/protocols/alaris-asena.ts';
import baxter from '../../../gateway/protocols/baxter-as50.ts';
import bbraun from '../../../gateway/protocols/bbraun-bcc.ts';

/**
 * A pump is a therapy device: the gateway may ask it, and nothing else. Here is every command of the
 * three pumps that a public source names, framed as the pump would take it.
 */
const pumps = {
  alaris: {
    protocol: alaris as Protocol,
    frame: (content: string) => {
      const crc = crc16(Buffer.from(content), 0xffff).toString(16).toUpperCase().padStart(4, '0');
      return Buffer.from(`!${content}|${crc}\r`);
    },
    questions: ['INF'],
    others: [
      'INF_START',
      'INF_STOP',
      'INF_RATE^3.50^ml/h',
      'INF_RATE^0.10^ml/h',
      'INF_RATE',
      'INF_VTBI',
      'INF_VTBI^ACTIV^11.000^ml^STOP',
      'INF_VTBI^DEACT',
      'INF_VI',
      'INF_VI_CLEAR',
      'INF_BOLUS^ENABLED',
      'INF_BOLUS_CAP_RATE^1.356^ml/h',
      'INF_PURGE_RATE^1.356^ml/h',
      'INF_CAP_RATE^1.356^ml',
      'INF_RATE_MAX_SYRINGE',
      'REMOTE_CTRL^ENABLED^3CC1',
      'REMOTE_CTRL^DISABLED',
      'REMOTE_CFG^ENABLED^3CC1',
      'REMOTE_CFG^DISABLED',
      'REMQUERY^DEACT',
      'COMMS_PROTOCOL',
      'COMMS_RESPONSE_MAX',
      'SYRINGE_STATUS',
      'INST_SERIALNO',
      'ALARM',
    ],
  },
  baxter: {
    protocol: baxter as Protocol,
    frame: (content: string) => {
      const text = Buffer.from(`[${content}]`);
      const crc = crc16(text, 0);
      return Buffer.from([...text, crc >> 8, crc & 0xff]);
    },
    questions: ['PRIRATE?', 'VINF?'],
    others: [
      'INFUSE=ON',
      'INFUSE=OFF',
      'PRIRATE=5.0',
      'PRIVTBI=10',
      'BOLSIZ=2',
      'BOLRAT=100',
      'BOLST',
      'VINF=0',
      'PCMODE=PUMP',
      'EXIT',
      'RESEND',
      'STATUS?',
      'DEV?',
      'DEVADDR?',
      'BOLRAT?',
      'BOLSIZ?',
      'LBOLUS?',
      'INFUSTYP?;MODEL?;REV?;ACCMODE?;MODE?;ECD?',
      'PRIRATE?;PRIRATE=5',
    ],
  },
  bbraun: {
    protocol: bbraun as Protocol,
    frame: (content: string) => {
      const text = `1/1/1>${content}`;
      const front = Buffer.from(`\x01${String(text.length + 14).padStart(5, '0')}\x02${text}\x03`);
      const sum = front.reduce((total, byte) => (total + byte) & 0xff, 0);
      return Buffer.concat([front, Buffer.from(`${String(sum).padStart(5, '0')}\x04`)]);
    },
    questions: ['ADMIN:ALIVE', 'MEM:GET'],
    others: [
      'ADMIN:VERSION',
      'MEM:GETSLOT#11',
      'MEM:SET',
      'MEM:PUT',
      '0,50111,INRT,5',
      '0,50111,INSTBY,1',
    ],
  },
};

function isAllowed({ transmits }: Protocol, bytes: Uint8Array): boolean {
  const hex = Buffer.from(bytes).toString('hex');
  return Object.values(transmits).some(({ source }) => new RegExp(`^(?:${source})$`).test(hex));
}

describe.each(Object.entries(pumps))('%s', (_, { protocol, frame, questions, others }) => {
  it.each(questions)('may be asked %s', (command) => {
    expect(isAllowed(protocol, frame(command))).toBe(true);
  });

  it.each(others)('may never be told %s', (command) => {
    expect(isAllowed(protocol, frame(command))).toBe(false);
  });

  it('may not be told two things at once', () => {
    const [question = ''] = questions;
    for (const command of others) {
      expect(isAllowed(protocol, Buffer.concat([frame(question), frame(command)]))).toBe(false);
      expect(isAllowed(protocol, Buffer.concat([frame(command), frame(question)]))).toBe(false);
    }
  });

  it('hears nothing but its questions, whatever it and others on the wire say', () => {
    const words = fc.constantFrom(...[...questions, ...others].map(frame), Buffer.from('\x06!['));
    const wire = fc.array(fc.oneof(words, fc.uint8Array({ maxLength: 20 })), { maxLength: 12 });
    const allowed = [...questions.map((question) => frame(question).toString('hex'))];
    const spelled = Object.values(protocol.transmits).map(({ source }) => source);
    fc.assert(
      fc.property(
        wire,
        fc.array(fc.nat(20_000), { minLength: 1, maxLength: 12 }),
        (said, waits) => {
          let { state } = protocol.step(protocol.start, Buffer.concat(said));
          let at = 1_000_000;
          for (const wait of waits) {
            at += wait;
            const spoken = protocol.speak?.(state, at as Instant);
            if (!spoken) throw new Error('does not speak');
            state = spoken.state;
            if (spoken.bytes.length === 0) continue;
            const hex = Buffer.from(spoken.bytes).toString('hex');
            const isSpelled = spelled.some((source) => new RegExp(`^(?:${source})$`).test(hex));
            expect(allowed.includes(hex) || isSpelled).toBe(true);
            for (const command of others) expect(hex).not.toBe(frame(command).toString('hex'));
          }
        },
      ),
    );
  });
});
