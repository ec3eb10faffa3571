import type { Machine } from '../bench/machine.ts';
import type { ChaosResult } from './run.ts';
import type { DiaryEntry } from './stage.ts';

/** How much of a failure is shown; the rest is in the JSON. */
const shownMax = 20;
/** How many faults before an acknowledgement belong to its story. */
const storyFaults = 4;

/** Whether everything acknowledged is at the hospital once, and the gateway lived as it should. */
export function isKept(result: ChaosResult): boolean {
  const { lost, doubled, storedTwice, crashes, database } = result;
  return lost.length + doubled.length + storedTwice + crashes === 0 && database === 'ok';
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
    ...table(['Fault', 'times'], [...otherFaults(result.diary)]),
    '',
    ...storyText(result),
    ...explanation,
  ].join('\n');
}

const explanation = [
  '## How it is counted',
  '',
  'Simulated devices are real clients: MQTT over mutual TLS, HL7 v2 by MLLP over mutual TLS, and an ASTM',
  'analyser on a pseudo-terminal; the hospital is a FHIR server on a real socket. *Acknowledged* is what a',
  'device heard PUBACK, MSA or ACK for. *Delivered* is what the hospital then has, found by the device, the',
  'time that device printed, the code and the value: none of them is made by the gateway. *Lost* is the',
  'difference. *Doubled* is what the hospital has in two resources, acknowledged or not.',
  '',
  'A **power cut** is a kill -9 after which the database and its write-ahead log lose what no `fsync` had',
  'returned for: each 512-byte sector stays as one of the versions it had since the last sync, some come out',
  'as garbage, and a file that grew ends at a random byte. What was synced is left alone, for that much a',
  'disk does promise; a disk that lies about it is not simulated here. **Clocks** are jumped by libfaketime,',
  'for the gateway alone. **Days** of outage pass for the gateway and for all devices, in steps of 20 hours.',
  '**Half-open**: bytes go nowhere and nobody is told. **Disk full** and **slow disk** are the answers of',
  'every write and every sync of the database.',
  '',
];

function resultRows(result: ChaosResult): readonly string[] {
  const { alerts, lost, doubled, storedTwice } = result;
  return table(
    ['', 'result'],
    [
      ['seed', result.seed],
      ['seconds of faults', result.seconds],
      ['starts of the gateway', result.starts],
      ['ends nobody asked for', result.crashes],
      ['observations acknowledged', result.acknowledged],
      ['delivered', result.delivered],
      ['**lost**', lost.length],
      ['**doubled**', doubled.length + storedTwice],
      ['alerts among them: acknowledged', alerts.acknowledged],
      ['delivered', alerts.delivered],
      ['from acknowledgement to the hospital, median ms', alerts.medianMs],
      ['largest ms (the hospital was out of reach meanwhile)', alerts.largestMs],
      ['sent to the hospital again, and by it not stored again', result.sentAgain],
      ['refused by the hospital, set aside', result.setAside],
      ['held back without a patient', result.held],
      ['delivered with a time over 5 s from the device’s', result.misdated],
      ['hours that passed beside the run', result.passedHours],
      ['SQLite’s check of the database in the end', result.database],
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
  const counts = new Map<string, Deaths>();
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

function otherFaults(diary: readonly DiaryEntry[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { fault, phase } of diary) {
    if (phase === undefined) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  }
  return new Map([...counts].toSorted());
}

function storyText({ lost, doubled, diary }: ChaosResult): readonly string[] {
  if (lost.length + doubled.length === 0) return [];
  const lines = ['## What went wrong', ''];
  for (const { promise } of lost.slice(0, shownMax)) lines.push(`- lost: \`${promise.key}\``);
  for (const key of doubled.slice(0, shownMax)) lines.push(`- doubled: \`${key}\``);
  const [first] = lost;
  if (first) {
    const { key, device, acknowledgedAtMs } = first.promise;
    const before = diary.filter(({ fromMs }) => fromMs <= acknowledgedAtMs).slice(-storyFaults);
    const after = diary.filter(({ fromMs }) => fromMs > acknowledgedAtMs).slice(0, storyFaults);
    lines.push('', `The story of \`${key}\`:`, '');
    lines.push(...before.map(storyLine));
    lines.push(`- ${inSeconds(acknowledgedAtMs)}: ${device} heard that it is kept`);
    lines.push(...after.map(storyLine), '- the hospital never had it');
  }
  return [...lines, ''];
}

function storyLine({ fault, phase, fromMs, untilMs }: DiaryEntry): string {
  const about = phase === undefined ? '' : `, ${phase}`;
  return `- ${inSeconds(fromMs)} to ${inSeconds(untilMs)}: ${fault}${about}`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
