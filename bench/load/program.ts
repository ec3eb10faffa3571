import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { awaitLine, type Child, startChild } from '../children.ts';
import { cpuSecondsOf } from '../machine.ts';
import type { Payload } from '../payload.ts';

/** The load program, compiled for this run. */
export interface LoadProgram {
  readonly path: string;
}

const sources = ['load.c', 'clients.c', 'sink.c'].map((name) => join(import.meta.dirname, name));

/** @throws Error that says what to install when it cannot be compiled. */
export function compileLoadProgram(directory: string): LoadProgram {
  const path = join(directory, 'load');
  const words = ['-O2', '-std=gnu11', '-o', path, ...sources, '-lssl', '-lcrypto'];
  const { status, stderr, error } = spawnSync('cc', words, { encoding: 'utf8' });
  if (error) throw new Error('the bench needs a C compiler: apt-get install gcc libc6-dev');
  if (status === 0) return { path };
  throw new Error(`the load program does not compile (apt-get install libssl-dev?):\n${stderr}`);
}

/** Which clients play, against whom, and with which papers. */
export interface Clients {
  readonly port: number;
  readonly count: number;
  readonly prefix: string;
  /** Folder of `<id>.pem`. */
  readonly certificates: string;
  /** PEM file of the authority that vouches for the server. */
  readonly root: string;
}

export interface Publishing extends Clients {
  /** File of the payload. */
  readonly payloadPath: string;
  readonly payload: Payload;
  /** Publishes one client may have unanswered. */
  readonly window: number;
  /** Messages a second of all clients together; as fast as the window allows when left out. */
  readonly rate?: number | undefined;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

const Percentiles = z.object({ p50: z.number(), p99: z.number(), max: z.number() });
const Connected = z.object({
  event: z.literal('connected'),
  seconds: z.number(),
  connectUs: Percentiles,
  cpuSeconds: z.number(),
  cipher: z.string(),
});
const Measuring = z.object({ event: z.literal('measuring') });
const Measured = z.object({
  event: z.literal('measured'),
  acknowledged: z.int(),
  seconds: z.number(),
  unsent: z.int(),
  cpuSeconds: z.number(),
});
const Answered = z.object({
  event: z.literal('answered'),
  acknowledgedTotal: z.int(),
  unanswered: z.int(),
  latencyUs: Percentiles,
  lagUs: z.object({ p99: z.number() }),
});

export interface Published {
  readonly perSecond: number;
  /** Over the whole play, warm-up and end included. */
  readonly acknowledgedTotal: number;
  /** Publishes that were never answered. */
  readonly unanswered: number;
  /** Publishes that were due and could not be sent, since too many were unanswered. */
  readonly unsent: number;
  /** From the moment a publish was due to its PUBACK. */
  readonly latencyUs: z.output<typeof Percentiles>;
  /** How much later than due the clients sent, at the 99th percentile: their own part of it. */
  readonly lagP99Us: number;
  /** CPU time a message, in microseconds: of the clients, and of the server. */
  readonly clientCpuUs: number;
  readonly serverCpuUs: number;
  readonly cipher: string;
}

/** Plays publishing clients against the server of `serverPid`, once. */
export async function playPublishing(
  program: LoadProgram,
  playing: Publishing,
  serverPid: number,
): Promise<Published> {
  const { payload, payloadPath, window, rate = 0, warmUpSeconds, seconds } = playing;
  const child = startClients(program, 'publish', playing, [
    `--payload=${payloadPath}`,
    `--payload-bytes=${payload.bytes}`,
    `--sequence-at=${payload.sequenceAt}`,
    `--time-at=${payload.timeAt}`,
    `--window=${window}`,
    `--rate=${rate}`,
    `--warm-up=${warmUpSeconds}`,
    `--seconds=${seconds}`,
  ]);
  const { cipher } = await awaitEvent(child, Connected);
  await awaitEvent(child, Measuring);
  const cpuBefore = cpuSecondsOf(serverPid);
  const measured = await awaitEvent(child, Measured);
  const serverCpuSeconds = cpuSecondsOf(serverPid) - cpuBefore;
  const answered = await awaitEvent(child, Answered);
  await child.ended;
  const { acknowledged, unsent, cpuSeconds } = measured;
  const { acknowledgedTotal, unanswered, latencyUs, lagUs } = answered;
  return {
    perSecond: acknowledged / measured.seconds,
    acknowledgedTotal,
    unanswered,
    unsent,
    latencyUs,
    lagP99Us: lagUs.p99,
    clientCpuUs: (cpuSeconds * 1e6) / acknowledged,
    serverCpuUs: (serverCpuSeconds * 1e6) / acknowledged,
    cipher,
  };
}

export type Connecting = z.output<typeof Connected>;

/** All clients connect at once. Resolves when each has its CONNACK and has left again. */
export async function playConnecting(program: LoadProgram, clients: Clients): Promise<Connecting> {
  const child = startClients(program, 'connect', clients, [`--at-once=${clients.count}`]);
  const connected = await awaitEvent(child, Connected);
  await child.ended;
  return connected;
}

/** The longest idle clients stay. */
const holdSecondsMax = 600;

/** Connects clients that say nothing, while `look` looks at the server. */
export async function holdConnections<Seen>(
  program: LoadProgram,
  clients: Clients,
  look: () => Promise<Seen>,
): Promise<Seen> {
  const child = startClients(program, 'hold', clients, [`--seconds=${holdSecondsMax}`]);
  try {
    await awaitEvent(child, Connected);
    return await look();
  } finally {
    child.endInput();
    await child.ended;
  }
}

function startClients(
  program: LoadProgram,
  mode: string,
  { port, count, prefix, certificates, root }: Clients,
  words: readonly string[],
): Child {
  return startChild(program.path, [
    program.path,
    mode,
    `--port=${port}`,
    `--clients=${count}`,
    `--prefix=${prefix}`,
    `--certificates=${certificates}`,
    `--ca=${root}`,
    ...words,
  ]);
}

function awaitEvent<Event extends z.ZodType>(
  child: Child,
  schema: Event,
): Promise<z.output<Event>> {
  return awaitLine(child, (line) => {
    const event = schema.safeParse(JSON.parse(line));
    return event.success ? event.data : undefined;
  });
}
