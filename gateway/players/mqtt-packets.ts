/** Builds MQTT 3.1.1 control packets by hand, right ones and wrong ones alike. */

export function packet(first: number, ...body: readonly (number | Uint8Array)[]): Buffer {
  const bytes = Buffer.concat(
    body.map((part) => (typeof part === 'number' ? Buffer.of(part) : part)),
  );
  return Buffer.concat([Buffer.of(first), length(bytes.length), bytes]);
}

/** MQTT-2.2.3: seven bits a byte, the lowest first. */
export function length(bytes: number): Buffer {
  const digits: number[] = [];
  let rest = bytes;
  do {
    digits.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(digits);
}

/** Two bytes of length, then the text or the bytes themselves. */
export function field(content: string | Uint8Array): Buffer {
  const bytes = bytesOf(content);
  return Buffer.concat([uint16(bytes.length), bytes]);
}

export function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

export interface ConnectOptions {
  readonly name?: string | Uint8Array;
  readonly level?: number;
  readonly flags?: number;
  readonly keepAliveSeconds?: number;
  readonly clientId?: string | Uint8Array;
  /** What follows the client id: will topic and message, user name, password. */
  readonly more?: readonly Uint8Array[];
}

export function connect(options: ConnectOptions = {}): Buffer {
  return packet(
    0x10,
    field(options.name ?? 'MQTT'),
    options.level ?? 4,
    options.flags ?? 0x02,
    uint16(options.keepAliveSeconds ?? 60),
    field(options.clientId ?? 'oxi-12'),
    ...(options.more ?? []),
  );
}

export function publish(
  topic: string | Uint8Array,
  payload: string | Uint8Array,
  options: { readonly qos?: 0 | 1 | 2; readonly id?: number; readonly flags?: number } = {},
): Buffer {
  const qos = options.qos ?? 1;
  return packet(
    0x30 | (qos << 1) | (options.flags ?? 0),
    field(topic),
    ...(qos > 0 ? [uint16(options.id ?? 1)] : []),
    bytesOf(payload),
  );
}

export function subscribe(...filters: readonly (string | Uint8Array)[]): Buffer {
  return packet(0x82, uint16(1), ...filters.flatMap((filter) => [field(filter), Buffer.of(1)]));
}

export function unsubscribe(...filters: readonly (string | Uint8Array)[]): Buffer {
  return packet(0xa2, uint16(1), ...filters.map((filter) => field(filter)));
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}
