import type { Machine } from '../bench/machine.ts';
import { deathPhases } from './gateway-faults.ts';
import type { Misdated } from './reckoning.ts';
import type { ChaosResult, DestinationResult } from './run.ts';
import type { DiaryEntry } from './stage.ts';

/** How much of a failure is shown; the rest is in the JSON. */
const shownMax = 20;
/** How many faults before an acknowledgement belong to its story. */
const storyFaults = 4;

/** Whether everything acknowledged is at each destination once, and the gateway lived as it should. */
export function isKept({ destinations, crashes, database }: ChaosResult): boolean {
  const isWhole = destinations.every(
    ({ lost, doubled, storedTwice, times }) =>
      lost.length + doubled.length + storedTwice + (times?.misdated ?? 0) === 0,
  );
  return isWhole && crashes === 0 && database === 'ok';
}

export function toMarkdown(result: ChaosResult, machine: Machine, command: string): string {
  const { cpu, cores, memoryGb, system, node, date, load } = machine;
  return [
    '# Chaos report',
    '',
    'What a run of the gateway under faults showed. The command below makes such a report anew; the',
    'seed decides which faults come in which order, not what else the machine is doing meanwhile.',
    '',
    '```sh',
    command,
    '```',
    '',
    `Run on ${date}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, load average ${load} before.`,
    '',
    ...resultRows(result),
    '',
    '## Destinations',
    '',
    ...destinationRows(result),
    '',
    '## Deaths of the gateway',
    '',
    ...table(
      ['Where the process stood', 'kill -9', 'power cut'],
      [...phases(result.diary)].map(([phase, [kills, cuts]]) => [phase, kills, cuts]),
    ),
    '',
    ...powerText(result.diary),
    '',
    '## Other faults',
    '',
    ...table(['Fault', 'times'], [...otherFaults(result)]),
    '',
    ...idleText(result),
    ...storyText(result),
    ...explanation,
  ].join('\n');
}

const explanation = [
  '## How it is counted',
  '',
  'Simulated devices are real clients: MQTT over mutual TLS, HL7 v2 by MLLP over mutual TLS, and an ASTM',
  'analyser on a pseudo-terminal. Destinations are real servers on real sockets: a FHIR server, an HL7 v2',
  'receiver by MLLP over TLS, Debian’s mosquitto with a reader behind it, and a webhook that verifies each',
  'signature. *Acknowledged* is what a device heard PUBACK, MSA or ACK for. *Delivered* is what a destination',
  'then has, found by the device, the time that device printed, the code and the value: none of them is made',
  'by the gateway. HL7 v2 does not say what the device printed; there an observation is known by the id under',
  'which the others have it. *Lost* is the difference. *Doubled* is what is there twice, acknowledged or not; what',
  'was sent again and is there once is *sent again* (of the webhook in requests). mosquitto hands its reader',
  'what it is sent again; the reader tells it by its id, as docs/relays.md asks for.',
  '',
  'A **power cut** is a kill -9 after which the database and its write-ahead log lose what no `fsync` had',
  'returned for: each 512-byte sector stays as one of the versions it had since the last sync, some come out',
  'as garbage, and a file that grew ends at a random byte. What was synced is left alone, for that much a',
  'disk does promise; a disk that lies about it is not simulated here. **Clocks** are jumped by libfaketime,',
  'for the gateway alone. **Days** of outage pass for the gateway and for all devices, in steps of 20 hours.',
  '**Half-open**: bytes go nowhere and nobody is told. **Disk full** and **slow disk** are the answers of',
  'every write and every sync of the database. mosquitto is frozen and never killed: it forgets what it',
  'acknowledged.',
  '',
  '**Dated over 5 s from the time its device printed**: while the gateway does not know the time, it dates what',
  'comes by its arrival, and devices that were out of reach come late. The uncertainty that is delivered with it',
  'must cover that (docs/clock.md); where it does not, the last row counts it. HL7 v2 has no field for it. Over',
  'some moments days passed, between the device’s saying and the gateway’s keeping them: which time is theirs,',
  'nobody can say, and they are not held against it.',
  '',
];

function resultRows(result: ChaosResult): readonly string[] {
  return table(
    ['', 'result'],
    [
      ['seed', result.seed],
      ['seconds of faults', result.seconds],
      ['starts of the gateway', result.starts],
      ['ends nobody asked for', result.crashes],
      ['observations acknowledged', result.acknowledged],
      ['alerts among them', result.destinations[0]?.alerts.acknowledged ?? 0],
      ['held back without a patient', result.held],
      ['hours that passed beside the run', result.passedHours],
      ['SQLite’s check of the database in the end', result.database],
    ],
  );
}

function destinationRows({ destinations }: ChaosResult): readonly string[] {
  const row = (name: string, pick: (one: DestinationResult) => number | undefined) =>
    [name, ...destinations.map((one) => pick(one) ?? '')] as const;
  return table(
    ['', ...destinations.map(({ id }) => id)],
    [
      row('delivered', ({ delivered }) => delivered),
      row('**lost**', ({ lost }) => lost.length),
      row('**doubled**', ({ doubled, storedTwice }) => doubled.length + storedTwice),
      row('alerts delivered', ({ alerts }) => alerts.delivered),
      row('from acknowledgement to there, median ms', ({ alerts }) => alerts.medianMs),
      row('largest ms (it was out of reach meanwhile)', ({ alerts }) => alerts.largestMs),
      row('sent again', ({ sentAgain }) => sentAgain),
      row('refused, set aside', ({ setAside }) => setAside),
      row('dated over 5 s from the time its device printed', ({ times }) => times?.late),
      row('days passed over these', ({ times }) => times?.passedOver),
      row('dated further from it than stated', ({ times }) => times?.misdated),
    ],
  );
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]) {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)).join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ];
}

type Deaths = [kills: number, cuts: number];

function phases(diary: readonly DiaryEntry[]): ReadonlyMap<string, Deaths> {
  const counts = new Map<string, Deaths>(deathPhases.map((phase) => [phase, [0, 0]]));
  for (const { phase, powerCut } of diary) {
    if (phase === undefined) continue;
    const [kills, cuts] = counts.get(phase) ?? [0, 0];
    counts.set(phase, powerCut ? [kills, cuts + 1] : [kills + 1, cuts]);
  }
  return counts;
}

function powerText(diary: readonly DiaryEntry[]): readonly string[] {
  const cuts = diary.flatMap(({ powerCut }) => (powerCut ? [powerCut] : []));
  const sum = (pick: (cut: (typeof cuts)[number]) => number) =>
    cuts.reduce((total, cut) => total + pick(cut), 0).toLocaleString('en');
  return [
    `${cuts.length} power cuts met ${sum(({ unsyncedWrites }) => unsyncedWrites)} writes of`,
    `${sum(({ unsyncedBytes }) => unsyncedBytes)} bytes that no sync had followed, and took`,
    `${sum(({ lostBytes }) => lostBytes)} of these bytes.`,
  ];
}

/** Those that kill have a table of their own. */
function otherFaults({ diary, faults }: ChaosResult): ReadonlyMap<string, number> {
  const counts = new Map(faults.filter((name) => !isDeath(name)).map((name) => [name, 0]));
  for (const { fault, detail } of diary) {
    if (isDeath(fault) || detail === emptyStrike) continue;
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
  }
  return new Map([...counts].toSorted());
}

function isDeath(fault: string): boolean {
  return fault === 'kill -9' || fault === 'power cut';
}

/** A full disk that nobody wrote to. */
const emptyStrike = '0 writes refused';

function idleText(result: ChaosResult): readonly string[] {
  const idle = [...otherFaults(result)].filter(([, times]) => times === 0).map(([name]) => name);
  const refused = result.diary
    .filter(({ fault }) => fault === 'disk full')
    .reduce((sum, { detail }) => sum + Number.parseInt(detail ?? '0', 10), 0);
  return [
    idle.length === 0
      ? 'Every fault there is struck at least once.'
      : `There was no time for, and so nothing is said of: ${idle.join(', ')}.`,
    `The full disk refused ${refused.toLocaleString('en')} writes of the database.`,
    '',
  ];
}

function storyText(result: ChaosResult): readonly string[] {
  const stories = result.destinations.flatMap((one) => storyOf(one, result.diary));
  return stories.length === 0 ? [] : ['## What went wrong', '', ...stories, ''];
}

function storyOf(
  { id, lost, doubled, times }: DestinationResult,
  diary: readonly DiaryEntry[],
): string[] {
  const lines = [
    ...lost.slice(0, shownMax).map(({ key }) => `- ${id}, lost: \`${key}\``),
    ...doubled.slice(0, shownMax).map((key) => `- ${id}, doubled: \`${key}\``),
    ...(times?.misdatings ?? []).slice(0, shownMax).map((one) => misdatedLine(id, one)),
  ];
  const [first] = lost;
  if (!first) return lines;
  const { key, device, acknowledgedAtMs } = first;
  const before = diary.filter(({ fromMs }) => fromMs <= acknowledgedAtMs).slice(-storyFaults);
  const after = diary.filter(({ fromMs }) => fromMs > acknowledgedAtMs).slice(0, storyFaults);
  return [
    ...lines,
    '',
    `The story of \`${key}\` at ${id}:`,
    '',
    ...before.map(storyLine),
    `- ${inSeconds(acknowledgedAtMs)}: ${device} heard that it is kept`,
    ...after.map(storyLine),
    `- ${id} never had it`,
  ];
}

function misdatedLine(id: string, one: Misdated): string {
  const { key, at, offMs, uncertaintyMs, clock, life, wallOffMs, acknowledgedAtMs } = one;
  const dated = `dated ${at} by ${clock}, ${offMs} ms off and said to be within ${uncertaintyMs} ms`;
  const then = `in life ${life}, its wall clock ${wallOffMs} ms off`;
  return `- ${id}, misdated: \`${key}\` ${dated}; kept at ${inSeconds(acknowledgedAtMs)} ${then}`;
}

function storyLine({ fault, phase, fromMs, untilMs }: DiaryEntry): string {
  const about = phase === undefined ? '' : `, ${phase}`;
  return `- ${inSeconds(fromMs)} to ${inSeconds(untilMs)}: ${fault}${about}`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
