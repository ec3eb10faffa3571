/** Kinds of control packets (MQTT-2.2.1). */
const packetTypes = 14;
const tcpFlags = { fin: 1, syn: 2, rst: 4 } as const;

export const windowColumns: readonly string[] = [
  ...['gap-mean-s', 'gap-deviation-s', 'tcp-bytes-mean', 'tcp-bytes-deviation'],
  ...['mqtt-bytes-mean', 'mqtt-bytes-deviation', 'keep-alive-mean-s'],
  ...['user-names', 'refusals', 'duplicates', 'retained', 'acknowledged'],
  ...Object.keys(tcpFlags),
  ...Array.from({ length: packetTypes }, (_, index) => `type-${index + 1}`),
];

/** One packet of MQTTset: its fields by the names of tshark; what it does not have is 0 there. */
export type PacketFields = (name: string) => number;

/**
 * What packets in a row are like together. Alone they are hardly ever different from each other: a
 * judge of single rows learns a handful of rows by heart.
 */
export function windowOf(packets: readonly PacketFields[]): Float32Array {
  const share = (is: (packet: PacketFields) => boolean) =>
    packets.filter(is).length / packets.length;
  const both = (name: string) => {
    const mean = packets.reduce((sum, packet) => sum + packet(name), 0) / packets.length;
    const square = packets.reduce((sum, packet) => sum + (packet(name) - mean) ** 2, 0);
    return [mean, Math.sqrt(square / packets.length)] as const;
  };
  return Float32Array.from([
    ...both('tcp.time_delta'),
    ...both('tcp.len'),
    ...both('mqtt.len'),
    both('mqtt.kalive')[0],
    share((packet) => packet('mqtt.conflag.uname') > 0),
    share((packet) => packet('mqtt.conack.val') > 0),
    share((packet) => packet('mqtt.dupflag') > 0),
    share((packet) => packet('mqtt.retain') > 0),
    share((packet) => packet('mqtt.qos') > 0),
    ...Object.values(tcpFlags).map((flag) => share((packet) => (packet('tcp.flags') & flag) !== 0)),
    ...Array.from({ length: packetTypes }, (_, index) =>
      share((packet) => packet('mqtt.msgtype') === index + 1),
    ),
  ]);
}
