import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { describeMachine } from '../bench/machine.ts';
import { readCapture } from './line.ts';
import { readRecording } from './recording.ts';
import { type Replay, replay, type Scene, sceneOf } from './run.ts';

/** `npm run replay`: recorded traffic through a running gateway; what it found, how soon, and how often wrongly. */

const help = `Usage: npm run replay -- FILE [options]

Plays recorded MQTT traffic to a gateway of its own over mutual TLS, and scores what it finds by the
episode. FILE holds JSON lines {t, conn, src, type, hex}, also packed by gzip: seconds, the number of
the connection, who spoke, the type of the packet (OPEN and CLOSE for the connection), its bytes. Or it is what
wardgate capture wrote: then FILE.json lies beside it, and it is said over a line. Each source becomes a device with a certificate; docs/replay.md says what is translated.

Options:
  --background FILE  ordinary traffic, played at the same time; FILE is then one attack from begin to end
  --lead SECONDS     how long the background is alone at first (default: 60)
  --attack-from S    FILE has an attack from this second on,
  --attack-to S      until this one (default: its end)
  --labels FILE      or several: JSON [{"name", "from", "to", "srcs"?}], seconds of FILE
  --seconds S        stops after so many seconds of the trace
  --speed N          plays N times as fast, with the gateway's clock N times as fast too (default: 1)
  --compare          plays it once more to a gateway without detectors, for the time of a publish
  --json             one JSON object
  --help

Exit code: 0 all attacks were found; 1 one was not; 2 the command line or a file is wrong.

Example:
  $ npm run replay -- flood.jsonl.gz --background benign.jsonl.gz --lead 120 --speed 10
`;

const Options = z.strictObject({
  background: z.string().optional(),
  lead: z.coerce.number().min(0).max(86_400).default(60),
  'attack-from': z.coerce.number().min(0).optional(),
  'attack-to': z.coerce.number().min(0).optional(),
  labels: z.string().optional(),
  seconds: z.coerce.number().positive().optional(),
  speed: z.coerce.number().min(0.1).max(100).default(1),
  compare: z.boolean().default(false),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

const Labels = z
  .array(
    z.strictObject({
      name: z.string().max(100),
      from: z.number().min(0),
      to: z.number().min(0),
      srcs: z.array(z.string()).optional(),
    }),
  )
  .max(10_000);

process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<0 | 1 | 2> {
  let options: Options;
  let scene: Scene;
  try {
    const asked = readWords(words);
    options = asked.options;
    if (options.help) {
      process.stdout.write(help);
      return 0;
    }
    scene = readScene(asked.file, options);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    process.stderr.write(`replay: ${what} [usage]\n-> npm run replay -- --help\n`);
    return 2;
  }
  // There are private keys among what it writes.
  process.umask(0o077);
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-replay-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stop.abort());
  }
  const machine = describeMachine(Date.now());
  const { speed, compare } = options;
  const remark = (line: string) => void process.stderr.write(`${line}\n`);
  const done = await replay(scene, { directory, speed, compare, signal: stop.signal, remark });
  const isWell = done.score.episodes.every(({ isDetected }) => isDetected);
  if (options.json) process.stdout.write(`${JSON.stringify({ machine, ...done })}\n`);
  else process.stdout.write(tableOf(done, `load average ${machine.load} before`));
  return isWell ? 0 : 1;
}

function readWords(args: string[]): { readonly options: Options; readonly file: string } {
  const value = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...{
        background: value,
        lead: value,
        'attack-from': value,
        'attack-to': value,
        labels: value,
      },
      ...{ seconds: value, speed: value, compare: flag, json: flag, help: flag },
    },
  });
  const parsed = Options.safeParse(values);
  if (!parsed.success) throw new RangeError(z.prettifyError(parsed.error));
  const [file = '', ...more] = positionals;
  if (!parsed.data.help && (file === '' || more.length > 0)) throw new RangeError('give one FILE');
  return { options: parsed.data, file };
}

function readScene(file: string, options: Options): Scene {
  const { background, lead, labels, seconds } = options;
  const from = options['attack-from'];
  const line = readCapture(file);
  return sceneOf({
    packets: line ? [] : readRecording(file),
    line,
    background: background === undefined ? undefined : readRecording(background),
    leadSeconds: lead,
    labels: labels === undefined ? undefined : readLabels(labels),
    attack: from === undefined ? undefined : { from, to: options['attack-to'] },
    secondsMax: seconds,
  });
}

function readLabels(path: string): z.output<typeof Labels> {
  let said: unknown;
  try {
    said = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new RangeError(`${path}: cannot be read, or is not JSON`, { cause });
  }
  const parsed = Labels.safeParse(said);
  if (!parsed.success) throw new RangeError(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function tableOf({ score, played, publish, traceSeconds, speed }: Replay, load: string): string {
  const lines = score.episodes.map(({ name, from, to, isDetected, seconds, by }) => {
    const found = isDetected ? `found after ${seconds?.toFixed(1)} s by ${by}` : 'NOT FOUND';
    return `${name} (${from.toFixed(0)} to ${to.toFixed(0)} s): ${found}`;
  });
  const rate = score.truePositiveRate;
  const wrong = Object.entries(score.falseAlarms).map(([name, count]) => `${name} ${count}`);
  const figures = publish.map(
    ({ with: name, p50Ms, p99Ms, count }) =>
      `publish to PUBACK ${name}: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms (${count})`,
  );
  return `${[
    ...lines,
    rate === undefined ? 'no attack in it' : `found: ${(100 * rate).toFixed(0)} % of the attacks`,
    `false alarms: ${score.falseAlarmsPerDeviceDay.toFixed(2)} a device and day, in ${score.deviceDays.toFixed(3)} device days${wrong.length > 0 ? ` (${wrong.join(', ')})` : ''}`,
    `played: ${traceSeconds.toFixed(0)} s of the trace at ${speed} times its speed, ${played.sent} packets over ${played.connections} connections; ${played.kept} packets were kept out; at most ${played.latestSeconds.toFixed(1)} s late`,
    ...figures,
    load,
  ].join('\n')}\n`;
}
