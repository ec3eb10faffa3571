import { apduBytesMax, apduHeaderBytes, apduLengthAt } from '../core/phd/apdu.ts';
import { configurationJsonMax } from '../core/phd/configuration.ts';
import { type PhdAssociation, readApdu } from '../core/phd/session.ts';
import { segmentsJsonMax } from '../core/phd/store.ts';
import { type DeviceRecord, defineProtocol, noBytes, readOn } from '../core/protocol.ts';

interface State {
  readonly held: Uint8Array;
  readonly association: PhdAssociation | undefined;
}

/**
 * Personal health devices: ISO/IEEE 11073-20601 over any stream of bytes, the gateway as manager.
 * An agent associates, sends its configuration where it is not a standard one, and reports; each
 * confirmed report is confirmed once its records are on disk. What a device keeps in its stores is
 * fetched segment by segment and stays there. Fields are called by their context-free code. Nothing
 * is ever set on a device, neither its clock nor a scanner, and no store is cleared.
 *
 * There is no checksum: USB, Bluetooth and TCP have one. Every length and every time is checked,
 * and an APDU counts whole or not at all.
 */
export default defineProtocol<State>({
  id: 'ieee11073-20601',
  start: { held: noBytes, association: undefined },
  stateBytesMax: apduHeaderBytes + apduBytesMax + configurationJsonMax + segmentsJsonMax + 2_048,
  transmits: {
    associationResponse:
      /e300002c000[03]507900268000000080008000000000000000800000000008[0-9a-f]{16}0{20}/,
    associationRejected: /e30000060{3}[45]0{8}/,
    configurationAccepted: /e70000160014[0-9a-f]{4}0201000e[0-9a-f]{4}f{8}0d1c0004[0-9a-f]{4}0000/,
    eventConfirmation: /e70000120010[0-9a-f]{4}0201000a[0-9a-f]{4}f{8}0d(?:1[d-f]|2[02-9a-d])0000/,
    getAttributes: /e700000e000c000[12]01030006[0-9a-f]{4}0{8}/,
    segmentInformation: /e7000014001200020107000c[0-9a-f]{4}0c0d0006000100020000/,
    segmentTransfer: /e7000010000e000201070008[0-9a-f]{4}0c1c0002[0-9a-f]{4}/,
    storedConfirmation:
      /e700001e001c[0-9a-f]{4}02010016[0-9a-f]{4}f{8}0d21000c[0-9a-f]{20}[048c]080/,
    releaseResponse: /e50000020000/,
    abort: /e60000020000/,
  },

  step({ held, association: before }, chunk) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const records: DeviceRecord[] = [];
    const replies: string[] = [];
    let association = before;
    let discardedBytes = 0;
    let clockTime: string | undefined;
    let offset = 0;
    while (offset < bytes.length) {
      const length = apduLengthAt(bytes, offset);
      if (length === 'more') break;
      const apdu = length === 'no' ? undefined : bytes.subarray(offset, offset + length);
      const reading = apdu && readApdu(apdu, association);
      if (!apdu || !reading) {
        // From the next byte on: an APDU may begin inside what a lost byte made of this one.
        discardedBytes += 1;
        offset += 1;
        continue;
      }
      association = reading.association;
      records.push(...(reading.records ?? []));
      replies.push(reading.reply ?? '');
      clockTime = reading.clockTime ?? clockTime;
      if (reading.isUnread) discardedBytes += apdu.length;
      offset += apdu.length;
    }
    return {
      state: { held: Uint8Array.from(bytes.subarray(offset)), association },
      records,
      reply: Buffer.from(replies.join(''), 'hex'),
      discardedBytes,
      clockTime,
    };
  },

  finish(state) {
    return readOn(this.step, state);
  },
});
