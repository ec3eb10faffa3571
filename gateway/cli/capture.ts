import { existsSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { maskCapture, type Recording, recordLine } from '../capture.ts';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import type { SerialLine } from '../config.ts';
import type { DeviceId } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import { endpointOf } from '../line-endpoint.ts';
import { findProtocol, loadProtocols } from '../policy-maker.ts';
import { findProfile, loadProfiles } from '../site/profiles.ts';
import { openSiteStore } from '../site/site.ts';
import { lockSite } from '../store/database.ts';

const Options = z.strictObject({
  dir: dirOption,
  path: z.string().startsWith('/').optional().describe('Instead of a device: its serial port.'),
  tcp: z
    .string()
    .regex(/^[^\s:]+:\d{1,5}$/)
    .optional()
    .describe('Instead of a device: HOST:PORT of its serial device server.'),
  profile: z.string().optional().describe('With --path or --tcp: an id of wardgate profile list.'),
  out: z.string().describe('The file to write. Beside it, FILE.json says when each frame came.'),
  seconds: z.number().positive().max(3_600).default(30).describe('How long to listen, in seconds.'),
  json: jsonOption,
});
type Options = z.output<typeof Options>;

const unnamed = 'capture' as DeviceId;

export default defineCommand({
  name: 'capture',
  summary: 'Records a line for a bug report, with what names a person or a device masked.',
  arguments: ['[device]'],
  options: Options,
  example: 'wardgate capture --path /dev/ttyUSB0 --profile masimo-radical-7 --out report.bin',

  async run({ arguments: [word], options, print, remark, signal }) {
    const { line, profile: id } = word === undefined ? lineGiven(options) : lineOf(word, options);
    const profile = findProfile(await loadProfiles(options.dir), id);
    const protocol = findProtocol(await loadProtocols(), profile);
    if (!protocol.mask) {
      throw new GatewayError('capture-not-masked', `${protocol.id} declares no mask`);
    }
    for (const path of [options.out, `${options.out}.json`]) {
      if (existsSync(path)) throw new GatewayError('usage', `${path} is there already`);
    }
    let isOpened = false;
    const recording = await recordLine({
      profile,
      protocol,
      endpoint: endpointOf(line, profile, protocol),
      seconds: options.seconds,
      signal,
      now: () => Date.now() as Instant,
      log(event, { cause } = {}) {
        isOpened ||= event === 'line.opened';
        remark(JSON.stringify({ event, cause }));
      },
    });
    const recorded = Buffer.concat(recording.chunks.map(({ bytes }) => bytes));
    if (!isOpened || recorded.length === 0) {
      throw new GatewayError('capture-empty', isOpened ? 'nothing was said' : 'it did not open');
    }
    const masked = maskCapture(recorded, profile, protocol);
    const frames = timeline(masked.frames, recording);
    const { isFull } = recording;
    const about = { profile: profile.id, protocol: protocol.id, isFull };
    const counts = { recordedBytes: recorded.length, withheldBytes: masked.withheldBytes };
    write(options.out, masked.bytes);
    write(`${options.out}.json`, `${JSON.stringify({ ...about, ...counts, frames })}\n`);
    const result = { file: options.out, bytes: masked.bytes.length, ...counts, isFull };
    if (options.json) print(JSON.stringify(result));
    else {
      print(`${result.bytes} bytes in ${options.out}; ${counts.withheldBytes} bytes withheld.`);
      print(
        `Look at it before you send it: wardgate decode --profile ${profile.id} ${options.out}`,
      );
    }
    return 0;
  },
});

interface Given {
  readonly line: SerialLine;
  readonly profile: string;
}

function lineGiven({ path, tcp, profile }: Options): Given {
  if (profile === undefined || (path === undefined) === (tcp === undefined)) {
    throw new GatewayError('usage', 'give a device, or --profile with --path or --tcp');
  }
  const line = path === undefined ? { device: unnamed, tcp: tcp ?? '' } : { device: unnamed, path };
  return { line, profile };
}

/** The line of a device as the site has it. Its gateway must not run: the line is one. */
function lineOf(word: string, { dir, path, tcp, profile }: Options): Given {
  if (path !== undefined || tcp !== undefined || profile !== undefined) {
    throw new GatewayError('usage', 'a device has its line and its profile from the site');
  }
  const { config, store } = openSiteStore(dir);
  const device = store.devices.find(word);
  store.close();
  if (!device) throw new GatewayError('device-unknown', `there is no device ${word}`);
  const line = config.serial.find((each) => each.device === device.id);
  if (!line) throw new GatewayError('config-invalid', `serial: ${word} has no line`);
  lockSite(dir).close();
  return { line, profile: device.profile };
}

/** When each frame began: its place in the file, and milliseconds since the recording began. */
function timeline(
  frames: readonly (readonly [masked: number, recorded: number])[],
  { chunks }: Recording,
): readonly (readonly [offset: number, atMs: number])[] {
  let index = 0;
  let end = chunks[0]?.bytes.length ?? 0;
  return frames.map(([masked, recorded]) => {
    while (recorded >= end && index + 1 < chunks.length) {
      index += 1;
      end += chunks[index]?.bytes.length ?? 0;
    }
    return [masked, chunks[index]?.atMs ?? 0];
  });
}

function write(path: string, content: Uint8Array | string): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new GatewayError('usage', `${path} was not written: ${String(cause)}`, { cause });
  }
}
