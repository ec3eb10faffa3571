import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { loadConfig } from '../gateway/config.ts';
import type { Instant } from '../gateway/core/observation.ts';
import { keeperSettingsOf } from '../gateway/gateway-parts.ts';
import { type Batch, openBatch } from '../gateway/keeper/batch.ts';
import type { FromKeeper, KeeperData, ToKeeper } from '../gateway/keeper/keeper-thread.ts';
import { loadProfiles } from '../gateway/site/profiles.ts';
import { loadNow } from './machine.ts';
import { median, rounded } from './median.ts';
import { messageText, patientSigns } from './payload.ts';
import { gateway, gatewayWithoutDetection, withoutDetection } from './peers/gateway.ts';
import { playOn, requireKept } from './play.ts';
import type { Answer, Bench, Question, Row } from './question.ts';
import { idOf } from './ward.ts';

/** How a ward speaks, and how many messages make a batch then. */
interface Pace {
  readonly devices: number;
  readonly messagesPerSecond: number;
  readonly batchCount: number;
}

const paces: readonly Pace[] = [
  { devices: 1_000, messagesPerSecond: 10, batchCount: 64 },
  { devices: 1_000, messagesPerSecond: 1, batchCount: 8 },
];
/** Messages both keepers are given in turn. */
const turnCount = 10_000;
const warmUpTurns = 6;
/** Below the rate from which a healthy device is one no more: a limit in force would be other work. */
const play = { clients: 500, payloadBytes: 200, window: 20, rate: 5_000 };
const pairsPerRound = 3;
const ratioMax = 1.1;

export const detectionCost: Question = {
  name: 'detection-cost',
  summary: 'What detection costs a message, of the CPU time of the keeper and of the gateway.',

  async ask(bench) {
    const answers: Answer[] = [];
    for (const pace of paces) answers.push(await askKeepers(bench, pace));
    return [await askGateways(bench), ...answers];
  },
};

/** The whole gateway over mutual TLS: what is meant by CPU time a message. Both run all the while. */
async function askGateways(bench: Bench): Promise<Answer> {
  await bench.ward.enrol(play.clients);
  const load = loadNow();
  const peers = [gateway, gatewayWithoutDetection] as const;
  const running = await Promise.all(peers.map((peer) => peer.start(bench)));
  const took: number[][] = peers.map(() => []);
  const acknowledged = peers.map(() => 0);
  // The first pair warms up what the engine compiles while it runs.
  for (let pair = 0; pair <= bench.rounds * pairsPerRound; pair += 1) {
    bench.remark(`  pair ${pair} of ${bench.rounds * pairsPerRound}`);
    for (const which of pair % 2 === 0 ? [0, 1] : [1, 0]) {
      const server = running[which];
      if (!server) continue;
      // Another patient each time: the same course again would be a replay.
      const published = await playOn(server, bench, { ...play, patient: pair });
      acknowledged[which] = (acknowledged[which] ?? 0) + published.acknowledgedTotal;
      if (pair > 0) took[which]?.push(published.serverCpuUs);
    }
  }
  for (const [which, peer] of peers.entries()) {
    const stopped = await running[which]?.stop();
    requireKept(peer, { acknowledgedTotal: acknowledged[which] ?? 0 }, stopped?.kept);
  }
  const [withIt = [], without = []] = took;
  return {
    title: `the gateway’s process, ${play.clients} clients, mutual TLS, QoS 1, ${play.payloadBytes} bytes, ${play.rate} messages/s`,
    rows: [row('all threads', withIt, without)],
    notes: [
      `load average before: ${load}; median of ${withIt.length} pairs of ${bench.seconds} s, in turn, both running`,
      `the goal, ${ratioMax}, is of this table: CPU time of the process (/proc) a message`,
    ],
  };
}

/** The keeper thread as it is, with a real site on the disk: admission, commit, memory, models. */
async function askKeepers(bench: Bench, pace: Pace): Promise<Answer> {
  const load = loadNow();
  const name = `cost-${pace.messagesPerSecond}`;
  const keepers = [
    await startKeeper(bench.ward.site(`${name}-with`), []),
    await startKeeper(bench.ward.site(`${name}-without`), [`--import=${withoutDetection}`]),
  ] as const;
  const stream = streamOf(pace);
  const took: [number[], number[]] = [[], []];
  let end = Number.POSITIVE_INFINITY;
  for (let turn = 0; performance.now() < end; turn += 1) {
    const batches = stream();
    const isFlipped = turn % 2 === 1;
    for (const which of isFlipped ? ([1, 0] as const) : ([0, 1] as const)) {
      // Its buffers are handed over and gone: each keeper is given its own.
      const each = await keepers[which].keep(structuredClone(batches));
      if (turn >= warmUpTurns) took[which].push(each);
    }
    if (turn === warmUpTurns) end = performance.now() + bench.seconds * bench.rounds * 1_000;
  }
  for (const keeper of keepers) await keeper.close();
  const { devices, messagesPerSecond, batchCount } = pace;
  return {
    title: `the keeper thread, ${devices} devices, each ${messagesPerSecond} messages/s, batches of ${batchCount}`,
    rows: [row('keeper', ...took)],
    notes: [
      `load average before: ${load}; median of ${took[0].length} pairs of ${turnCount} messages, in turn`,
      'admission, commit on an encrypted disk, memory, and each simulated second a tick and the models',
    ],
  };
}

function row(what: string, withIt: readonly number[], without: readonly number[]): Row {
  const ratios = withIt.map((us, index) => us / (without[index] ?? Number.NaN));
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return {
    what,
    'with, µs/message': rounded(median(withIt)),
    'without, µs/message': rounded(median(without)),
    ratio: rounded(median(ratios)),
    'ratio, lower quarter': at(0.25),
    'upper quarter': at(0.75),
    pairs: ratios.length,
  };
}

/** One second of a ward, or a batch of it, in the order it arrives. */
interface Portion {
  readonly batch: Batch;
  /** A second is over by then: the models are asked. */
  readonly secondAt: number | undefined;
}

const epoch = Date.now();
const boot = 'bench';
const patients = 100;

/** Each call makes the next `turnCount` messages: each device tells a patient’s values, second by second. */
function streamOf({ devices, messagesPerSecond, batchCount }: Pace): () => readonly Portion[] {
  let sent = 0;
  let second = 0;
  return () => {
    const portions: Portion[] = [];
    const signs = new Map<number, Readonly<Record<string, number>>>();
    for (const last = sent + turnCount; sent < last; ) {
      const open = openBatch(new ArrayBuffer(batchCount * 256));
      let monotonicMs = 0;
      for (let count = 0; count < batchCount && sent < last; count += 1, sent += 1) {
        monotonicMs = Math.floor((sent * 1_000) / (devices * messagesPerSecond));
        const at = epoch + monotonicMs;
        const [device, told] = [sent % devices, Math.floor(sent / devices)];
        const key = told * patients + (device % patients);
        const values = signs.get(key) ?? patientSigns(device % patients, told);
        signs.set(key, values);
        const bytes = Buffer.from(messageText(told + 1, new Date(at).toISOString(), values));
        open.add(
          { device: idOf(device), channel: 'observations', bytes, receivedAt: at as Instant },
          { boot, monotonicMs, isTrusted: true },
        );
      }
      const isOver = monotonicMs >= (second + 1) * 1_000;
      if (isOver) {
        second = Math.floor(monotonicMs / 1_000);
        open.addSignal({ kind: 'tick', at: (epoch + monotonicMs) as Instant, monotonicMs });
      }
      portions.push({ batch: open.close(), secondAt: isOver ? epoch + monotonicMs : undefined });
    }
    return portions;
  };
}

interface RunningKeeper {
  /** Microseconds of CPU time a message, of all threads: nothing else is done meanwhile. */
  keep(portions: readonly Portion[]): Promise<number>;
  close(): Promise<void>;
}

const keeperThread = join(import.meta.dirname, '../gateway/keeper/keeper-thread.ts');
/** As the gateway starts it. */
const youngGenerationMb = 48;

async function startKeeper(site: string, execArgv: readonly string[]): Promise<RunningKeeper> {
  const material = { config: loadConfig(site), profiles: await loadProfiles(site) };
  const data: KeeperData = { ...(await keeperSettingsOf(material, site)), boot };
  const worker = new Worker(pathToFileURL(keeperThread), {
    workerData: data,
    execArgv: [...process.execArgv, ...execArgv],
    resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
  });
  let calls = 0;
  let answer = Promise.withResolvers<FromKeeper>();
  worker.on('message', (message: FromKeeper) => answer.resolve(message));
  worker.on('error', (error) => answer.reject(error));
  const ended = new Promise((resolve) => worker.once('exit', resolve));

  async function ask(message: ToKeeper, transfer: ArrayBuffer[] = []): Promise<FromKeeper> {
    answer = Promise.withResolvers();
    worker.postMessage(message, transfer);
    const answered = await answer.promise;
    const isKept = answered.kind === 'kept' && answered.kept.refused.length === 0;
    if (!isKept && answered.kind !== 'answer') throw new Error(JSON.stringify(answered));
    return answered;
  }

  async function call(name: 'score' | 'close', given: readonly unknown[]): Promise<void> {
    calls += 1;
    await ask({ kind: 'call', id: calls, name, arguments: given });
  }

  const ready = await answer.promise;
  if (ready.kind !== 'ready') throw new Error(JSON.stringify(ready));
  return {
    async keep(portions) {
      const before = process.cpuUsage();
      for (const { batch, secondAt } of portions) {
        await ask({ kind: 'batch', batch }, [batch.bytes.buffer]);
        if (secondAt !== undefined) await call('score', [secondAt]);
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / turnCount;
    },
    async close() {
      await call('close', []);
      await ended;
    },
  };
}
