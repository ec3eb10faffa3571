import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { defineCommand, dirOption, type Invocation, jsonOption } from '../command.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import type { SimulatedWrite } from '../core/simulator.ts';
import { playLine } from '../players/line-player.ts';
import { playMqtt } from '../players/mqtt-player.ts';
import { findProfile, loadProfiles } from '../profiles.ts';
import { simulate } from '../simulation.ts';

const Options = z.strictObject({
  dir: dirOption,
  gateway: z
    .string()
    .regex(/^[^\s]+:\d{1,5}$/)
    .default('localhost:8883')
    .describe('MQTT devices: HOST:PORT of the gateway.'),
  cert: z
    .string()
    .optional()
    .describe(
      'MQTT devices: ID.pem of wardgate device enrol, with ID.key and ID.ca.pem beside it.',
    ),
  listen: z
    .int()
    .min(0)
    .max(65_535)
    .default(4001)
    .describe('Line devices: TCP port to serve the bytes on, as a serial device server does.'),
  rate: z.number().positive().max(1_000).default(1).describe('Messages a second, in Hz.'),
  count: z.int().positive().optional().describe('Ends after so many messages.'),
  seed: z.int().min(0).default(1).describe('Tells simulated patients apart.'),
  json: jsonOption,
});
type Options = z.output<typeof Options>;

export default defineCommand({
  name: 'simulate',
  summary: 'Plays a device of a profile against a gateway, over the real link.',
  arguments: ['<profile>'],
  options: Options,
  example: 'wardgate simulate generic-vital-signs-monitor --cert mon-1/mon-1.pem --rate 2',

  async run(invocation) {
    const { arguments: words, options, print } = invocation;
    const profile = findProfile(await loadProfiles(options.dir), words[0] ?? '');
    const say = await simulate(profile, options.seed);
    const play = profile.link.kind === 'mqtt' ? overMqtt : overLine;
    const { sent, acknowledged } = await play(profile, say, invocation);
    if (options.json) print(JSON.stringify({ profile: profile.id, sent, acknowledged }));
    else print(`${sent} messages sent, ${acknowledged} acknowledged.`);
    return acknowledged === sent ? 0 : 1;
  },
});

type Say = (sequence: number, at: Instant) => readonly SimulatedWrite[];

function overMqtt(profile: DeviceProfile, say: Say, { options, signal }: Invocation<Options>) {
  const { cert = '', gateway, rate, count } = options;
  if (!cert.endsWith('.pem')) {
    throw new GatewayError('usage', `${profile.id} speaks MQTT: give --cert ID.pem`);
  }
  const base = cert.slice(0, -'.pem'.length);
  const colon = gateway.lastIndexOf(':');
  return playMqtt({
    device: base.split('/').at(-1) ?? '',
    profile,
    gateway: { host: gateway.slice(0, colon), port: Number(gateway.slice(colon + 1)) },
    tls: { key: read(`${base}.key`), cert: read(cert), ca: read(`${base}.ca.pem`) },
    say,
    rateHz: rate,
    count,
    signal,
    now,
  });
}

async function overLine(
  profile: DeviceProfile,
  say: Say,
  { options, signal, remark }: Invocation<Options>,
) {
  const { listen, rate, count } = options;
  const player = await playLine({ port: listen, say, rateHz: rate, count, signal, now });
  remark(`${profile.id} listens on 127.0.0.1:${player.port}; set serial: [{ device, tcp }] to it.`);
  return player.played;
}

function read(path: string): Buffer {
  if (!existsSync(path)) throw new GatewayError('usage', `there is no ${path}`);
  return readFileSync(path);
}

function now(): Instant {
  return Date.now() as Instant;
}
