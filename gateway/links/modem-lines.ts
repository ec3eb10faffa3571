/** What the other end of a serial cable holds up, as long as it is there and switched on. */
export interface ModemLines {
  /** Data set ready. */
  readonly dsr: boolean;
  /** Clear to send. */
  readonly cts: boolean;
  /** Data carrier detect. */
  readonly dcd: boolean;
}

/** What was seen of them since the line was opened. */
export interface ModemWatch {
  /** Those that stood for a while: only they can be missed. A cable of three wires has none. */
  readonly stood: ModemLines;
  readonly before: ModemLines;
  /** Looks in a row in which all that stood were down. */
  readonly downLooks: number;
}

const none: ModemLines = { dsr: false, cts: false, dcd: false };
export const noModemWatch: ModemWatch = { stood: none, before: none, downLooks: 0 };

/** A plug that is touched bounces; a device that is restarted lets its lines down for a moment. */
const downLooksMin = 3;

/** One look. CTS alone says nothing: it comes and goes with a device that controls the flow. */
export function followModemLines(
  watch: ModemWatch,
  now: ModemLines,
): { readonly watch: ModemWatch; readonly isLost: boolean } {
  const { before } = watch;
  const stood = {
    dsr: watch.stood.dsr || (before.dsr && now.dsr),
    cts: watch.stood.cts || (before.cts && now.cts),
    dcd: watch.stood.dcd || (before.dcd && now.dcd),
  };
  const hasAny = stood.dsr || stood.dcd;
  const isDown = hasAny && !now.dsr && !now.dcd && !now.cts;
  const downLooks = isDown ? Math.min(watch.downLooks + 1, downLooksMin) : 0;
  return { watch: { stood, before: now, downLooks }, isLost: downLooks >= downLooksMin };
}
