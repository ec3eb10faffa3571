/** Every bound of the MQTT link. Bytes are of MQTT, before TLS; times are in milliseconds. */
export interface MqttLimits {
  /** A whole packet, from its first byte on. Judged by the fixed header, before the body is kept. */
  readonly packetBytesMax: number;
  /** A CONNECT, and every other packet but PUBLISH. */
  readonly controlBytesMax: number;
  readonly payloadBytesMax: number;
  /** Begun but unfinished packets of all connections together. */
  readonly heldBytesMax: number;
  /** From TCP accept to the finished TLS handshake. */
  readonly handshakeMs: number;
  /** From the handshake to a whole CONNECT, and again from there to its answer. */
  readonly connectMs: number;
  /** From the first byte of a packet to its last. */
  readonly packetMs: number;
  /** How long a connection that was ended in order may take to close. */
  readonly closeMs: number;
  /** Silence after which a client is gone, whatever keep-alive it asked for. */
  readonly silenceMs: number;
  /** How long a client may leave what it is owed unread. */
  readonly unreadMs: number;
  /** How often the times above are looked at. */
  readonly sweepMs: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly handshakesMax: number;
  readonly handshakesPerAddressMax: number;
  /** New connections of one address: a bucket of `connectBurst` that refills at this rate. */
  readonly connectsPerSecond: number;
  readonly connectBurst: number;
  /** Addresses remembered at once. */
  readonly addressesMax: number;
  /** Topic filters of one client. */
  readonly subscriptionsMax: number;
  /** Publishes of one client that wait for the commit; beyond it, its socket is not read. */
  readonly inflightMax: number;
  readonly inflightBytesMax: number;
  /** QoS 2 publishes of one client that wait for their PUBREL. */
  readonly exactlyOnceMax: number;
  /** What one client has not read yet. */
  readonly outputBytesMax: number;
  /** Lines about refused connections between two sweeps; the rest is counted. */
  readonly refusalLinesMax: number;
}

export const defaultMqttLimits: MqttLimits = {
  packetBytesMax: 262_144,
  controlBytesMax: 4_096,
  payloadBytesMax: 65_536,
  heldBytesMax: 33_554_432,
  handshakeMs: 5_000,
  connectMs: 5_000,
  packetMs: 10_000,
  closeMs: 1_000,
  silenceMs: 1_800_000,
  unreadMs: 10_000,
  sweepMs: 500,
  connectionsMax: 5_500,
  connectionsPerAddressMax: 2_000,
  handshakesMax: 1_500,
  handshakesPerAddressMax: 1_200,
  connectsPerSecond: 200,
  connectBurst: 2_000,
  addressesMax: 10_000,
  subscriptionsMax: 20,
  inflightMax: 1_024,
  inflightBytesMax: 1_048_576,
  exactlyOnceMax: 64,
  outputBytesMax: 262_144,
  refusalLinesMax: 10,
};
