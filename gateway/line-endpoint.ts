import type { SerialLine } from './config.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import { GatewayError } from './core/error.ts';
import type { Protocol } from './core/protocol.ts';
import type { LineEndpoint } from './links/line.ts';

/**
 * Where the line of a device is, as its settings say and its profile allows.
 *
 * @throws GatewayError `config-invalid` when the two do not fit.
 */
export function endpointOf(
  settings: SerialLine,
  { id, link, association }: DeviceProfile,
  protocol: Protocol,
): LineEndpoint {
  const refuse = (reason: string) =>
    new GatewayError('config-invalid', `serial: ${settings.device} (${id}) ${reason}`);
  // Whoever says who lies where proves who it is.
  if (association === 'feed') throw refuse('moves patients: let it connect to mllp.port');
  if ('udp' in settings) {
    if (link.kind !== 'udp') throw refuse('does not speak UDP');
    const { announcements: group, local, udp } = settings;
    const port = link.announcesPort;
    if (group !== undefined && port === undefined) throw refuse('does not announce itself');
    const announces = group !== undefined && port !== undefined ? { group, port } : undefined;
    return { kind: 'udp', ...split(udp), local, announces };
  }
  if (link.kind !== 'line') throw refuse('is no line');
  if ('path' in settings) return { kind: 'serial', path: settings.path, settings: link };
  if ('tcp' in settings) return { kind: 'tcp', ...split(settings.tcp) };
  if (protocol.needsTls) throw refuse('can speak TLS: let it connect to mllp.port');
  return { kind: 'tcp-listener', ...split(settings.listen), from: settings.from };
}

function split(hostAndPort: string): { host: string; port: number } {
  const colon = hostAndPort.lastIndexOf(':');
  return { host: hostAndPort.slice(0, colon), port: Number(hostAndPort.slice(colon + 1)) };
}
