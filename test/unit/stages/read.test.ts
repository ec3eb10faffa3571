import { describe, expect, it } from 'vitest';
import monitor from '../../../device-profiles/generic/pcd01-monitor.ts';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { type Recollection, recollect } from '../../../gateway/core/memory.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import type { Protocol } from '../../../gateway/core/protocol.ts';
import protocol from '../../../gateway/protocols/hl7v2.ts';
import { read } from '../../../gateway/stages/read.ts';

const device = 'bed-4' as DeviceId;
const receivedAt = Date.UTC(2026, 10, 22, 10, 0, 0) as Instant;
const percent = '262688^MDC_DIM_PERCENT^MDC';

function framed(...segments: readonly string[]): Uint8Array {
  return Buffer.from(`\x0b${segments.join('\r')}\r\x1c\r`, 'latin1');
}

/** A monitor whose clock states no zone. */
function measurement(id: string, time = '20261122100000'): Uint8Array {
  return framed(
    `MSH|^~\\&|MON|WARD|||${time}||ORU^R01|${id}|P|2.6`,
    `OBR|1|||x|||${time}`,
    `OBX|1|NM|150456^^MDC|1|97|${percent}|||||R`,
  );
}

function receive(bytes: Uint8Array, memory: Recollection) {
  const intake = { device, channel: 'line', bytes, receivedAt } as const;
  return read(intake, monitor, protocol as Protocol, new Uint8Array(16), memory);
}

describe('a message that names itself', () => {
  const memory = () => recollect({ values: new Map(), seen: new Set() });

  it('counts once, though it is sent again and its clock has no zone', () => {
    const seen = memory();
    expect(receive(measurement('M-1'), seen).records).toHaveLength(1);
    const again = receive(measurement('M-1'), seen);
    expect(again.records).toEqual([]);
    expect(again.rejected).toMatchObject([{ reason: 'duplicate' }]);
    // The sender did not hear the first answer: it gets another.
    expect(Buffer.from(again.reply).toString()).toContain('MSA|AA|M-1');
  });

  it('counts once, wherever it stands among what comes with it', () => {
    const seen = memory();
    receive(measurement('M-2'), seen);
    const both = receive(Buffer.concat([measurement('M-1'), measurement('M-2')]), seen);
    expect(both.records.map(({ record }) => record.messageId)).toEqual(['M-1']);
    expect(both.rejected).toMatchObject([{ reason: 'duplicate' }]);
  });

  it('is another one with another name or another time', () => {
    const seen = memory();
    const messages = [measurement('M-1'), measurement('M-2'), measurement('M-1', '20261122100001')];
    for (const message of messages) expect(receive(message, seen).records).toHaveLength(1);
  });
});
