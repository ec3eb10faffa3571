import { describe, expect, it } from 'vitest';
import { maskCapture } from '../../gateway/capture.ts';
import type { DeviceProfile } from '../../gateway/core/device-profile.ts';
import type { DeviceRecord, Protocol } from '../../gateway/core/protocol.ts';
import {
  familyName,
  givenName,
  namedFrames,
  operator,
  patientId,
} from '../support/named-captures.ts';
import { run, statedValues } from '../support/protocol-run.ts';
import { profilesOf, protocols, said } from '../support/simulated-stream.ts';

/**
 * Formats without a mask: no capture of their devices is made. JSON comes over MQTT, which has no
 * line; a feed of admissions is nothing but names; 20601 has yet to be masked.
 */
const unmasked = ['hl7v2-adt', 'ieee11073-20601', 'senml-json', 'wardgate-json'];
const masked = [...protocols].filter(([, { mask }]) => mask);

it('every other wire format declares what it masks', () => {
  const without = [...protocols.keys()].filter((id) => !protocols.get(id)?.mask);
  expect(without.filter((id) => !unmasked.includes(id))).toEqual([]);
});

it('a device whose format declares no mask is refused', () => {
  const [profile] = profilesOf('wardgate-json');
  const capture = () =>
    maskCapture(
      new Uint8Array(),
      profile as DeviceProfile,
      protocols.get('wardgate-json') as Protocol,
    );
  expect(capture).toThrow(expect.objectContaining({ code: 'capture-not-masked' }));
});

it('a number that goes on in the next frame is masked as one, like everywhere else', () => {
  const [profile] = profilesOf('astm-e1381');
  const protocol = protocols.get('astm-e1381') as Protocol;
  const frames = namedFrames['astm-e1381']?.() ?? new Uint8Array();
  const { bytes } = maskCapture(frames, profile as DeviceProfile, protocol);
  const text = Buffer.from(bytes).toString('latin1');
  const [, patient] = /P\|1\|(\d{8})\|/.exec(text) ?? [];
  const [, front, back] = /O\|1\|(\d{4})\D[\s\S]*?\D4(\d{4})\|/.exec(text) ?? [];
  expect(patient).toBeDefined();
  expect(`${front}${back}`).toBe(patient);
});

describe.each(masked)('a masked capture of %s', (id, protocol) => {
  describe.each(profilesOf(id).map((profile) => [profile.id, profile] as const))(
    'of %s',
    (_, profile) => {
      const noise = Buffer.from(`\r\n${familyName} ${givenName} ${patientId} ${operator}\r\n`);
      const named = namedFrames[id]?.() ?? Buffer.alloc(0);
      const device = Buffer.concat(said(profile, 3));
      const recorded = Buffer.concat([device, named, noise, ...said(profile, 4)]);
      const capture = maskCapture(recorded, profile, protocol);

      it('holds no name, id, operator or serial number, in whatever form', () => {
        const serials = recordsOf(protocol, recorded).flatMap(
          ({ serialNumber }) => serialNumber ?? [],
        );
        expect(named).toBeDefined();
        for (const name of [familyName, givenName, patientId, operator, ...serials]) {
          for (const form of formsOf(name)) {
            expect(Buffer.from(capture.bytes).includes(form), name).toBe(false);
          }
        }
      });

      it('says what the device said, to the digit', () => {
        expect(valuesOf(protocol, capture.bytes, profile)).toEqual(
          valuesOf(protocol, recorded, profile),
        );
        expect(valuesOf(protocol, capture.bytes, profile).length).toBeGreaterThan(0);
        expect(run(protocol, [capture.bytes]).discardedBytes).toBe(0);
      });

      it('keeps every frame of the device, and withholds what is none', () => {
        expect(maskCapture(device, profile, protocol).withheldBytes).toBe(0);
        expect(capture.withheldBytes).toBeGreaterThan(0);
      });

      it('calls the same thing by the same name, and another capture by another', () => {
        const serialsOf = (bytes: Uint8Array) =>
          recordsOf(protocol, bytes).flatMap(({ serialNumber }) => serialNumber ?? []);
        const twice = maskCapture(Buffer.concat([device, device]), profile, protocol);
        const before = serialsOf(Buffer.concat([device, device]));
        const after = serialsOf(twice.bytes);
        expect(after).toHaveLength(before.length);
        expect(new Set(after).size).toBe(new Set(before).size);
        for (const [index, serial] of after.entries()) {
          expect(serial).not.toBe(before[index]);
          expect(serial).toHaveLength(before[index]?.length ?? 0);
        }
        if (after.length === 0) return;
        expect(serialsOf(maskCapture(device, profile, protocol).bytes)[0]).not.toBe(after[0]);
      });
    },
  );
});

function recordsOf(protocol: Protocol, bytes: Uint8Array): readonly DeviceRecord[] {
  return run(protocol, [bytes]).records;
}

function valuesOf(
  protocol: Protocol,
  bytes: Uint8Array,
  profile: DeviceProfile,
): readonly string[] {
  const fields = new Set(profile.metrics.map(({ field }) => field));
  return recordsOf(protocol, bytes).flatMap((record) =>
    Object.entries(record.fields)
      .filter(([field]) => fields.has(field))
      .flatMap(([field, value]) =>
        statedValues(value).map((one) => `${record.time} ${field}=${one}`),
      ),
  );
}

function formsOf(name: string): readonly Buffer[] {
  const wide = Buffer.from(name, 'utf16le');
  const plain = [Buffer.from(name), Buffer.from(name.toLowerCase()), wide];
  const isHex = /^(?:[0-9a-fA-F]{2})+$/.test(name);
  return [...plain, Buffer.from(wide).swap16(), ...(isHex ? [Buffer.from(name, 'hex')] : [])];
}
