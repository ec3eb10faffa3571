/** Why a line is not open. The operator reads it in the log, detectors in the signal. */
export const lineCauses = {
  missing: 'The path is not there: nothing is plugged in.',
  'not-a-port': 'The path is there, but it is not a character device.',
  'open-refused': 'Another program holds the port, or the port does not take the settings.',
  'open-timeout': 'The port or the device server did not answer in time.',
  unreachable: 'The device server refused the connection or could not be found.',
  awaited: 'The device server that dials in has not connected yet.',
  'not-listening': 'The local port is in use, or no interface has the local address.',
  'adapter-changed': 'Another adapter answers on this path; its bytes may be another patient’s.',
  'node-changed': 'The path leads to another node than the one that was opened.',
  unplugged: 'The adapter is gone.',
  'cable-pulled': 'The lines that the device held up are down: its cable is out, or it is off.',
  ended: 'The device server closed the connection.',
  reset: 'The connection or the port broke.',
  silent: 'Nothing arrived for too long.',
  'write-stalled': 'The device did not take what it was owed.',
  replaced: 'The same device connected anew.',
  distrusted: 'The device’s certificate was revoked, or its grace is over.',
  quarantined: 'The device was put in quarantine.',
  stopped: 'The gateway closed the line.',
} as const satisfies Record<string, string>;

export type LineCause = keyof typeof lineCauses;

/** Every wait of a line. All in milliseconds. */
export interface LineTiming {
  /** How often the path is looked at; node-serialport reports no unplugging until a write fails. */
  readonly pollPresenceMs: number;
  readonly reopenMinMs: number;
  readonly reopenMaxMs: number;
  /** A line that stood this long starts over with the shortest back-off. */
  readonly stableAfterMs: number;
  readonly silentCloseMs: number;
  readonly openTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Bounds each step of closing: the replies still owed, then the port itself. */
  readonly closeTimeoutMs: number;
}

/** What a wire tells whoever opened it. */
export interface WireEvents {
  /** The bytes are only valid during the call: copy them. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** At most the first call counts. */
  readonly onClosed: (cause: LineCause) => void;
}

/** One opening of a line, from open to close. It is born paused. */
export interface Wire {
  resume(): void;
  pause(): void;
  /** Resolves when the operating system took the bytes; rejects when the wire broke. */
  write(bytes: Uint8Array): Promise<void>;
  /** Releases the port or socket; nothing is heard of it afterwards. Never rejects. */
  close(): Promise<void>;
}

export type Opening =
  | { readonly wire: Wire; readonly cause?: undefined }
  | { readonly wire?: undefined; readonly cause: LineCause };

/** Knows how to open one endpoint, again and again. */
export interface WireOpener {
  /** One attempt. Never rejects: what went wrong is a cause. */
  open(events: WireEvents, signal: AbortSignal): Promise<Opening>;
  /** Resolves when another attempt is worth it before the back-off is over, or at the abort. */
  awaitChange(signal: AbortSignal): Promise<void>;
}
