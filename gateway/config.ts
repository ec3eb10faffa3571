import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { userRoles } from './core/account.ts';
import { DeviceId } from './core/device.ts';
import { GatewayError } from './core/error.ts';
import { defaultResponses, responseModes } from './core/response.ts';
import { threatIds } from './core/threat.ts';

/** 0 picks a free port. */
const port = z.int().min(0).max(65_535);

/** Digits and dots, and not the one that means every interface: a cable has two ends. */
const address = z.ipv4().refine((text) => text !== '0.0.0.0', 'name one interface');
const addressAndPort = z.string().refine((text) => {
  const [host, digits = '', ...more] = text.split(':');
  const isPort = /^\d{1,5}$/.test(digits) && Number(digits) >= 1 && Number(digits) <= 65_535;
  return more.length === 0 && isPort && address.safeParse(host).success;
}, 'must be an IPv4 address and a port, such as 10.0.0.9:4001');

/** Below the site directory. */
const pemFile = z.string().min(1).optional();

const SerialLine = z.union([
  z.strictObject({
    device: DeviceId.describe('The device at the other end, as registered.'),
    path: z
      .string()
      .startsWith('/')
      .describe('The port, best by its stable name under /dev/serial/by-id/.'),
  }),
  z.strictObject({
    device: DeviceId,
    tcp: z
      .string()
      .regex(/^[^\s:]+:\d{1,5}$/)
      .describe('host:port of a serial device server that carries the same bytes.'),
  }),
  z.strictObject({
    device: DeviceId,
    listen: addressAndPort.describe(
      'address:port of this gateway to which a serial device server connects. No TLS: a cable.',
    ),
    from: address.describe('With listen: the address of that device server; no other is served.'),
  }),
  z.strictObject({
    device: DeviceId,
    udp: addressAndPort.describe('address:port of a device that speaks UDP. No TLS: a cable.'),
    local: address.describe('With udp: the address of this gateway on the device’s segment.'),
    announcements: address
      .optional()
      .describe(
        'With udp: the multicast or broadcast address to which the device announces itself.',
      ),
  }),
]);

function isEachPortOnce(lines: readonly z.output<typeof SerialLine>[]): boolean {
  return isEachOnce(lines.flatMap((line) => ('listen' in line ? [line.listen] : [])));
}

function isEachOnce(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

/** Besides the budget of all lanes. */
const laneBytes = z.int().min(100_000).optional();

const RelaySettings = z.looseObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .describe('Names this destination in the outbox and in the audit.'),
  use: z.string().describe('The kind of destination: a file name of gateway/relays.'),
  backlogPerSecondMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(20_000)
    .describe('Records of a backlog that may leave in a second; alerts and live data always may.'),
});

const httpsAddress = z.url({ protocol: /^https$/ }).max(2_000);

const SignOnSettings = z.strictObject({
  issuer: httpsAddress.describe('The provider, exactly as it calls itself (OpenID Connect).'),
  clientId: z.string().min(1).max(200).describe('What the provider calls this gateway.'),
  redirectUri: httpsAddress
    .endsWith('/api/v1/sign-on/callback')
    .describe('https://HOST:PORT/api/v1/sign-on/callback, exactly as the provider knows it.'),
  scope: z
    .string()
    .regex(/^openid( [\w:./-]+)*$/)
    .default('openid')
    .describe('What the provider is asked for, such as openid groups.'),
  nameClaim: z
    .string()
    .min(1)
    .default('sub')
    .describe('The claim that names the person in the audit. It must never pass to another one.'),
  rolesClaim: z
    .string()
    .min(1)
    .default('roles')
    .describe('The claim that lists the roles or groups; dots lead into it.'),
  roles: z
    .record(z.string(), z.enum(userRoles))
    .refine((roles) => Object.keys(roles).length > 0, 'nobody could sign on')
    .describe('Role of this gateway by role there; the first one the person has decides.'),
  ca: z
    .string()
    .optional()
    .describe('PEM file in the site directory: who signed the provider’s TLS certificate.'),
});

/** Every setting of the gateway, each with its default. docs/configuration.md is made from this. */
export const Config = z.strictObject({
  $schema: z.string().optional().describe('Where an editor finds config.schema.json.'),
  site: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/)
    .describe('The name of this gateway’s site, such as ward-3b.'),
  host: z.string().default('0.0.0.0').describe('The address the gateway listens on.'),
  mqtt: z
    .strictObject({
      port: port.default(8883).describe('MQTT over TLS. There is no port without TLS.'),
      connectionsMax: z
        .int()
        .positive()
        .max(20_000)
        .default(5_000)
        .describe('Connections at once, of all devices.'),
      connectionsPerAddressMax: z
        .int()
        .positive()
        .max(20_000)
        .default(2_000)
        .describe('Connections at once from one address.'),
    })
    .prefault({}),
  https: z
    .strictObject({
      port: port.default(8443).describe('HTTPS: the interface; docs/interface.md.'),
      securityContacts: z
        .array(z.string().regex(/^(mailto:|https:\/\/|tel:)[\x21-\x7e]{3,200}$/))
        .max(4)
        .default([])
        .describe('Whom to tell of a weakness: URIs for /.well-known/security.txt (RFC 9116).'),
      oidc: SignOnSettings.optional().describe('The hospital’s sign-on; docs/users.md.'),
    })
    .prefault({}),
  mllp: z
    .strictObject({
      port: port.describe('Lines over mutual TLS: HL7 v2 by MLLP, and any other line.'),
    })
    .optional()
    .describe('Listens only when it is set.'),
  serial: z
    .array(SerialLine)
    .max(64)
    .refine((lines) => isEachOnce(lines.map(({ device }) => device)), 'two lines of one device')
    .refine(isEachPortOnce, 'two lines listen on one address and port')
    .default([])
    .describe('One entry for each serial line.'),
  relays: z
    .array(RelaySettings)
    .max(8)
    .refine((relays) => isEachOnce(relays.map(({ id }) => id)), 'two relays of one id')
    .default([])
    .describe('Where released data goes.'),
  flows: z
    .strictObject({ enabled: z.literal(false).default(false) })
    .prefault({})
    .describe('Node-RED flows are not part of this version.'),
  retention: z
    .strictObject({
      days: z
        .int()
        .positive()
        .max(3_650)
        .default(7)
        .describe('Held observations, rejections and findings are kept this long.'),
      auditDays: z
        .int()
        .min(30)
        .max(3_650)
        .default(2_190)
        .describe('Entries of the audit trail are kept this long; six years (45 CFR 164.316).'),
      bytesMax: z
        .int()
        .min(1_000_000)
        .default(2_000_000_000)
        .describe('Bytes the outbox may hold. Beyond it waveforms are shed first, alerts never.'),
      laneBytesMax: z
        .strictObject({
          waveform: laneBytes.describe('Bytes of waveforms the outbox may hold.'),
          trend: laneBytes.describe('Bytes of periodic values the outbox may hold.'),
          numeric: laneBytes.describe('Bytes of episodic measurements the outbox may hold.'),
        })
        .prefault({}),
    })
    .prefault({}),
  audit: z
    .strictObject({
      syslog: z
        .strictObject({
          host: z.string().min(1).describe('Name or address of the log collector.'),
          port: port.default(6514).describe('Syslog over TLS (RFC 5425). There is none without.'),
          ca: pemFile.describe('PEM file in the site directory: who signs the collector.'),
          clientCertificate: pemFile.describe('PEM file in the site directory: mutual TLS.'),
          clientKey: pemFile.describe('PEM file, mode 600: the client certificate’s key.'),
          findings: z.boolean().default(false).describe('Findings are sent there too, in CEF.'),
        })
        .optional()
        .describe('Each entry of the audit trail is sent there when it is set.'),
    })
    .prefault({}),
  responses: z
    .strictObject({
      mode: z
        .enum(responseModes)
        .default(defaultResponses.mode)
        .describe(
          'automatic: do what care allows about a finding. observe: write down what it was.',
        ),
      threats: z
        .partialRecord(z.enum(threatIds), z.enum(responseModes))
        .default(defaultResponses.threats)
        .describe('Where one threat differs, such as D10: observe. docs/responses.md'),
    })
    .prefault({}),
  housing: z
    .strictObject({
      caseSwitch: z
        .string()
        .startsWith('/')
        .optional()
        .describe('A file that reads 1 while the case is open, such as a GPIO’s value.'),
    })
    .prefault({})
    .describe('What tells that somebody handles the machine; docs/host.md.'),
  store: z
    .strictObject({
      commitPauseMs: z
        .int()
        .min(0)
        .max(20)
        .default(5)
        .describe('Longest wait for company before a small batch is committed (SD-card wear).'),
    })
    .prefault({}),
});

export type Config = z.output<typeof Config>;
export type RelaySettings = z.output<typeof RelaySettings>;
export type GivenRelay = z.input<typeof RelaySettings>;
export type SerialLine = z.output<typeof SerialLine>;

export const configFile = 'wardgate.yaml';

/** Aliases may be used, but not to blow a small file up. */
const aliasCountMax = 50;

export function loadConfig(directory: string): Config {
  return parseConfig(readSettings(directory), join(directory, configFile));
}

/** Settings beside the defaults, checked as they will be read. */
export type GivenSettings = z.input<typeof Config>;

/** Writes the settings of a site, whole or not at all. */
export function saveConfig(directory: string, settings: GivenSettings): void {
  const path = join(directory, configFile);
  const text = `# The settings of this gateway. All keys: docs/configuration.md\n${stringify(settings)}`;
  parseConfig(text, path);
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function parseConfig(text: string, path: string): Config {
  const document = parseDocument(text, { uniqueKeys: true });
  const [problem] = document.errors;
  if (problem) throw new GatewayError('config-invalid', `${path}: ${problem.message}`);
  const result = Config.safeParse(toPlain(document, path));
  if (result.success) return result.data;
  throw new GatewayError('config-invalid', `${path}: ${z.prettifyError(result.error)}`);
}

function toPlain(document: ReturnType<typeof parseDocument>, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasCountMax });
  } catch (cause) {
    throw new GatewayError('config-invalid', `${path}: ${String(cause)}`, { cause });
  }
}

/** @throws GatewayError `site-missing`. */
export function readSettings(directory: string): string {
  const path = join(directory, configFile);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('site-missing', `there is no ${path}`, { cause });
  }
}
