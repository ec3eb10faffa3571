import type { ClockStep } from '../clock.ts';

/** What admission saw in what devices said. */
export type DataSignal =
  | { readonly kind: 'rejected'; readonly reason: string; readonly detail: string }
  /** Another serial number is announced under this device’s name. */
  | { readonly kind: 'device-swapped' }
  /** The device’s clock did not just go on: set, another zone, or a counter that began anew. */
  | {
      readonly kind: 'clock-stepped';
      readonly cause: ClockStep['cause'];
      readonly stepMs: number;
    };
