import { defineRule } from '../core/rule.ts';

const idCharsMax = 16;

/** Something was plugged into the gateway that was not there when it started. */
export default defineRule({
  id: 'usb-insertion',
  threat: 'D18',
  watches: ['usb-attached'],

  judge(signal) {
    const { vendor, product, use } = signal;
    return {
      // A keyboard types, a disk copies; an adapter is what a technician brings.
      severity: use === 'other' ? 'medium' : 'high',
      confidence: 0.9,
      outcome: 'detected',
      evidence: {
        vendor: vendor.slice(0, idCharsMax),
        product: product.slice(0, idCharsMax),
        use,
      },
    };
  },
});
