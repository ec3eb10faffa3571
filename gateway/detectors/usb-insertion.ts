import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
const idCharsMax = 16;

/** Something was plugged into the gateway that was not there when it started. */
export default defineDetector<Tally>({
  id: 'usb-insertion',
  threat: 'D18',
  watches: ['usb-attached'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'usb-attached' || state.count > 1) return { state };
    const { vendor, product, use } = signal;
    return {
      state,
      finding: {
        // A keyboard types, a disk copies; an adapter is what a technician brings.
        severity: use === 'other' ? 'medium' : 'high',
        confidence: 0.9,
        outcome: 'detected',
        evidence: {
          vendor: vendor.slice(0, idCharsMax),
          product: product.slice(0, idCharsMax),
          use,
        },
      },
    };
  },
});
