import type { Machine } from '../bench/machine.ts';
import type { AttackResult } from './run.ts';

export function toMarkdown(
  results: readonly AttackResult[],
  machine: Machine,
  command: string,
): string {
  const { cpu, cores, memoryGb, system, node, date, load } = machine;
  return [
    '```sh',
    command,
    '```',
    '',
    `Run on ${date}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, load average ${load} before.`,
    '',
    '| Id | Attack | Detected | after s | Prevented | What it achieved | Alarms meanwhile | p99 ms |',
    '| --- | --- | --- | ---: | --- | --- | ---: | ---: |',
    ...results.map(row),
    '',
    ...faultLines(results),
  ].join('\n');
}

function row({ threat, title, detected, response, effect, alarms }: AttackResult): string {
  const prevented = response === 'alert' ? 'alert only' : effect.isAbsent ? 'yes' : '**no**';
  const cells = [
    threat,
    title,
    detected?.detector ?? '**no**',
    detected?.seconds.toFixed(2) ?? '',
    prevented,
    effect.measured,
    `${alarms.delivered} of ${alarms.sent}`,
    alarms.p99Ms,
  ];
  return `| ${cells.join(' | ')} |`;
}

function faultLines(results: readonly AttackResult[]): readonly string[] {
  const lines = results.flatMap(({ threat, title, faults }) =>
    faults.map((fault) => `- ${threat} ${title}: ${fault}`),
  );
  return lines.length > 0 ? ['Not as it must be:', '', ...lines, ''] : [];
}
