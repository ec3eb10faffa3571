import type { Protocol } from '../gateway/core/protocol.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import type { Question, Row } from './question.ts';
import { type SimulatedStream, simulatedStreams } from './simulated-stream.ts';

const moments = 300;
/** A measurement of each kind in a round; there are two of each for every wire format. */
const measuredPartOfSecond = 0.1;
const bitsPerByteOnLine = 10;

/**
 * How often a device says what the simulator says in one moment, as makers and captures have it. A
 * monitor with waves: as often as a block of waves is full. An episodic device has none.
 */
const momentsPerSecond: Readonly<Partial<Record<string, number>>> = {
  'alaris-asena': 1,
  'baxter-as50': 1,
  'bbraun-bcc': 1 / 5,
  'draeger-medibus': 1 / 2,
  'ge-dri': 1,
  hl7v2: 1 / 10,
  'ivy-ansar': 1,
  'masimo-ascii': 1,
  'nellcor-ascii': 1,
  nonin: 3,
  'philips-intellivue': 4,
  'senml-json': 1,
  'wardgate-json': 1,
};

export const protocols: Question = {
  name: 'protocols',
  summary: 'each wire format on one core: MB/s, observations a second, devices a core.',

  async ask(bench) {
    const streams = await simulatedStreams(moments);
    const load = loadNow();
    const seconds = bench.seconds * measuredPartOfSecond;
    const rates = new Map(
      streams.map((stream) => [stream, { read: [] as number[], limit: [] as number[] }]),
    );
    for (let round = 1; round <= bench.rounds; round += 1) {
      bench.remark(`  round ${round} of ${bench.rounds}`);
      for (const [stream, { read, limit }] of rates) {
        read.push(bytesASecond(stream, readerOf(stream), seconds));
        limit.push(bytesASecond(stream, limitOf(stream).run, seconds));
      }
    }
    return [
      {
        title: 'reading simulated devices, one core',
        rows: [...rates].map(([stream, each]) =>
          row(stream, median(each.read), median(each.limit)),
        ),
        notes: [
          `load average before: ${load}; median of ${bench.rounds} rounds of ${rounded(seconds)} s of CPU time each, in turn`,
          'limit: the same bytes, each added to a sum, or given to JSON.parse where they are JSON',
          'devices a core: at the rate of a real device, and with its line full without a pause',
        ],
      },
    ];
  },
};

function row(stream: SimulatedStream, read: number, limit: number): Row {
  const { protocol, profile } = stream;
  const bytes = lengthOf(stream);
  const perSecond = momentsPerSecond[protocol.id];
  const { link } = profile;
  const full = link.kind === 'line' ? read / (link.baudRate / bitsPerByteOnLine) : undefined;
  return {
    'wire format': protocol.id,
    'bytes/moment': Math.round(bytes / moments),
    'MB/s': rounded(read / 1e6),
    limit: limitOf(stream).name,
    'to limit': rounded(read / limit, 2),
    'values/s': rounded((read / bytes) * valuesOf(stream)),
    'devices/core': perSecond ? rounded(((read / bytes) * moments) / perSecond, 2) : 'episodic',
    'devices/core, line full': full ? rounded(full, 2) : '',
  };
}

function lengthOf(stream: SimulatedStream): number {
  return stream.writes.reduce((sum, { length }) => sum + length, 0);
}

/** Numbers, texts, samples and absent values of all moments. */
function valuesOf(stream: SimulatedStream): number {
  let values = 0;
  runAll(stream, ({ fields }) => {
    for (const value of Object.values(fields)) {
      values += typeof value === 'object' && 'samples' in value ? value.samples.length : 1;
    }
  });
  return values;
}

type Take = (record: ReturnType<Protocol['step']>['records'][number]) => void;

function runAll({ protocol, writes }: SimulatedStream, take: Take): void {
  let state = protocol.start;
  for (const bytes of writes) {
    const step = protocol.step(state, bytes);
    state = step.state;
    step.records.forEach(take);
    if (step.discardedBytes > 0) throw new Error(`${protocol.id}: bytes discarded`);
  }
}

type Reader = (bytes: Uint8Array) => void;

/** Keeps the state from moment to moment, as a line does. */
function readerOf({ protocol }: SimulatedStream): Reader {
  let state = protocol.start;
  return (bytes) => {
    state = protocol.step(state, bytes).state;
  };
}

function limitOf({ protocol }: SimulatedStream): { readonly name: string; readonly run: Reader } {
  if (protocol.readMessage && protocol.id.endsWith('-json')) {
    return { name: 'JSON.parse', run: (bytes) => void JSON.parse(Buffer.from(bytes).toString()) };
  }
  return { name: 'sum of bytes', run: sumBytes };
}

let sum = 0;

function sumBytes(bytes: Uint8Array): void {
  for (const byte of bytes) sum = (sum + byte) & 0xffff;
}

/** One pass to warm up, then as many as `seconds` of the thread's own CPU time hold. */
function bytesASecond(stream: SimulatedStream, run: Reader, seconds: number): number {
  const pass = () => stream.writes.forEach(run);
  pass();
  const from = cpuSeconds();
  let passes = 0;
  let took = 0;
  while (took < seconds) {
    pass();
    passes += 1;
    took = cpuSeconds() - from;
  }
  return (passes * lengthOf(stream)) / took;
}

/** Not the time of day: others may use the same core. */
function cpuSeconds(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
}
