import type { DeviceId } from '../core/device.ts';
import type { Channel } from '../core/intake.ts';
import { uint16 } from './mqtt-packet.ts';
import type { ExactlyOnce } from './mqtt-sessions.ts';
import type { Sighting } from './mqtt-sighting.ts';

/** A CONNECT packet (MQTT 3.1.1, 3.1). User name and password are not read: the certificate counts. */
export interface ConnectPacket {
  readonly clientId: string;
  readonly isClean: boolean;
  /** 0 when the client asks for no limit. */
  readonly keepAliveSeconds: number;
  readonly will?: { readonly topic: string; readonly qos: number } | undefined;
  /** The same packet with a keep-alive of 0: the guard keeps that clock, the broker need not. */
  readonly forwarded: Buffer;
}

/** MQTT 3.1.1, table 3.1. */
export const returnCode = {
  level: 1,
  clientId: 2,
  unavailable: 3,
  unauthorized: 5,
} as const;

/** What an admitted client may do. */
export interface Admission {
  readonly device: DeviceId;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly exactlyOnce: ExactlyOnce;
}

/** A CONNECT that is answered with a return code, and why. */
export interface Denial {
  readonly returnCode: number;
  readonly sighting: Sighting;
}

/** Where the keep-alive stands, counted from the protocol name: name (6), level, flags. */
const keepAliveOffset = 8;

/** Reads a CONNECT packet that `inspectPacket` found in order. `body` is where its name begins. */
export function readConnect(
  bytes: Buffer,
  start: number,
  body: number,
  end: number,
): ConnectPacket {
  const flags = bytes.readUInt8(body + keepAliveOffset - 1);
  const clientId = body + keepAliveOffset + 2;
  const willTopic = clientId + 2 + uint16(bytes, clientId);
  const forwarded = Buffer.from(bytes.subarray(start, end));
  forwarded.writeUInt16BE(0, body - start + keepAliveOffset);
  return {
    clientId: text(bytes, clientId),
    isClean: (flags & 0x02) !== 0,
    keepAliveSeconds: uint16(bytes, body + keepAliveOffset),
    will:
      (flags & 0x04) === 0 ? undefined : { topic: text(bytes, willTopic), qos: (flags >> 3) & 3 },
    forwarded,
  };
}

function text(bytes: Buffer, from: number): string {
  return bytes.toString('utf8', from + 2, from + 2 + uint16(bytes, from));
}
