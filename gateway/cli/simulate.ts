import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { defineCommand, dirOption, type Invocation, jsonOption } from '../command.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import { type FaultPlan, type Say, simulatedFaults, withFaults } from '../core/simulated-fault.ts';
import {
  type Address,
  answerByUdp,
  type Certificate,
  connectToGateway,
  type DeviceEnd,
  listenForGateway,
} from '../players/device-end.ts';
import { playLine } from '../players/line-player.ts';
import { playMqtt } from '../players/mqtt-player.ts';
import { layPseudoTerminal, plugIntoPort } from '../players/serial-cable.ts';
import { findSimulator, serialNumberOf, simulate } from '../simulation.ts';
import { findProfile, loadProfiles } from '../site/profiles.ts';

const hostAndPort = z.string().regex(/^[^\s]+:\d{1,5}$/, 'must be HOST:PORT');
const faultNames = Object.keys(simulatedFaults).join('|');

const Options = z.strictObject({
  dir: dirOption,
  gateway: hostAndPort
    .optional()
    .describe('With --cert, the gateway: localhost:8883 for MQTT, localhost:2575 for a line.'),
  cert: z
    .string()
    .optional()
    .describe('ID.pem of wardgate device enrol, with ID.key and ID.ca.pem beside it.'),
  listen: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('Port on which a line (4001) or a UDP device (its own) waits for the gateway.'),
  host: z.string().default('127.0.0.1').describe('Address of this machine to listen on.'),
  connect: hostAndPort
    .optional()
    .describe('Lines: the listen address of the gateway, as a device server that dials in.'),
  pty: z.string().optional().describe('Lines: makes a pseudo-terminal at this path (socat).'),
  port: z.string().optional().describe('Lines: a real serial port of this machine (socat).'),
  announce: hostAndPort
    .optional()
    .describe('UDP: where the device announces itself, such as 224.0.23.63:24005.'),
  rate: z.number().positive().max(1_000).default(1).describe('Messages a second, in Hz.'),
  count: z.int().positive().optional().describe('Ends after so many messages.'),
  fault: z
    .array(z.string().regex(new RegExp(`^(${faultNames})(:(0?\\.\\d+|0|1))?$`)))
    .default([])
    .describe(`${faultNames}, with its probability: flip:0.1. Without one, 0.05.`),
  seed: z.int().min(0).default(1).describe('Tells simulated patients and rows of faults apart.'),
  json: jsonOption,
});
type Options = z.output<typeof Options>;

const faultProbability = 0.05;
const linePort = 4_001;

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
    const faulty = withFaults(say, faultPlan(options.fault), options.seed);
    const { sent, acknowledged } = await play(profile, faulty, invocation);
    if (options.json) print(JSON.stringify({ profile: profile.id, sent, acknowledged }));
    else print(`${sent} messages sent, ${acknowledged} acknowledged.`);
    return acknowledged === sent ? 0 : 1;
  },
});

function faultPlan(faults: readonly string[]): FaultPlan {
  return Object.fromEntries(
    faults.map((fault) => {
      const [name = '', probability] = fault.split(':');
      return [name, probability === undefined ? faultProbability : Number(probability)];
    }),
  );
}

interface Faulty {
  readonly say: Say;
  readonly isUnplugged: () => boolean;
}

async function play(profile: DeviceProfile, faulty: Faulty, invocation: Invocation<Options>) {
  const { options, signal } = invocation;
  const { cert, rate: rateHz, count } = options;
  const common = { ...faulty, rateHz, count, signal, now };
  if (profile.link.kind === 'mqtt') {
    const tls = certificateOf(cert, profile);
    const gateway = addressOf(options.gateway ?? 'localhost:8883');
    return playMqtt({ device: tls.device, profile, gateway, tls, ...common });
  }
  const { end, unplug } = await openEnd(profile, invocation);
  try {
    return await playLine({ end, ...common });
  } finally {
    await unplug?.();
  }
}

interface OpenedEnd {
  readonly end: DeviceEnd;
  readonly unplug?: (() => Promise<void>) | undefined;
}

/** Where the options and the profile say that the gateway finds the device, or the device it. */
async function openEnd(
  profile: DeviceProfile,
  { options, remark }: Invocation<Options>,
): Promise<OpenedEnd> {
  const { link, id } = profile;
  const { gateway, cert, connect, host, pty, port: path, announce, listen, seed } = options;
  if (link.kind === 'udp') {
    const end = await answerByUdp({
      simulator: await findSimulator(profile),
      serialNumber: serialNumberOf(seed),
      now,
      host,
      port: listen ?? link.port,
      announce: announce === undefined ? undefined : addressOf(announce),
    });
    remark(`${id} answers on UDP ${host}:${end.port}; set serial: [{ device, udp, local }].`);
    return { end };
  }
  if (gateway !== undefined || cert !== undefined) {
    const tls = certificateOf(cert, profile);
    return { end: connectToGateway(addressOf(gateway ?? 'localhost:2575'), tls) };
  }
  if (connect !== undefined) return { end: connectToGateway(addressOf(connect)) };
  const isCabled = pty !== undefined || path !== undefined;
  const end = await listenForGateway({ host, port: listen ?? (isCabled ? 0 : linePort) });
  if (pty !== undefined) {
    const { unplug } = await layPseudoTerminal(pty, end.port);
    remark(`${id} is at ${pty}; set serial: [{ device, path }] to it.`);
    return { end, unplug };
  }
  if (path !== undefined && link.kind === 'line') {
    return { end, unplug: plugIntoPort(path, link, end.port).unplug };
  }
  remark(`${id} listens on ${host}:${end.port}; set serial: [{ device, tcp }] to it.`);
  return { end };
}

function addressOf(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

function certificateOf(
  cert: string | undefined,
  { id }: DeviceProfile,
): Certificate & { readonly device: string } {
  if (!cert?.endsWith('.pem')) throw new GatewayError('usage', `${id}: give --cert ID.pem`);
  const base = cert.slice(0, -'.pem'.length);
  const device = base.split('/').at(-1) ?? '';
  return { device, key: read(`${base}.key`), cert: read(cert), ca: read(`${base}.ca.pem`) };
}

function read(path: string): Buffer {
  if (!existsSync(path)) throw new GatewayError('usage', `there is no ${path}`);
  return readFileSync(path);
}

function now(): Instant {
  return Date.now() as Instant;
}
