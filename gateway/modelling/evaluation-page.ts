import type { Evaluation, ModelFigures } from '../core/model-card.ts';

/** One line of a plot: points in the plot's own units. */
interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly ticks: readonly (readonly [value: number, label: string])[];
  readonly lines: readonly Line[];
}

const size = { width: 640, height: 320, left: 56, right: 200, top: 28, bottom: 44 } as const;
/** Told apart without colour as well: each line has dashes of its own. */
const looks = [
  ['#1b4f8a', ''],
  ['#b3541e', '6 3'],
  ['#4a7a35', '2 3'],
  ['#6b4a8a', '8 3 2 3'],
] as const;

/** What an evaluation found, as a page that stands alone. */
export function evaluationPage(title: string, evaluations: readonly Evaluation[]): string {
  const sections = evaluations.map((evaluation) => {
    const plots = [rocPlot(evaluation), stealthPlot(evaluation), timePlot(evaluation)];
    return [
      `<h2>${escaped(evaluation.data)}</h2>`,
      summaryTable(evaluation.judges),
      ...plots.map(plotSvg),
      ...evaluation.judges.slice(0, 1).map(attackTable),
    ].join('\n');
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}th,td{padding:.2rem .8rem;text-align:right;
border-bottom:1px solid #ccc}th:first-child,td:first-child{text-align:left}</style>
<h1>${escaped(title)}</h1>
<p>Thresholds come from the validation part alone. Devices here were in no other part. The plain rules
beside the model have their thresholds from the same part.</p>
${sections.join('\n')}
</html>
`;
}

function summaryTable(judges: readonly ModelFigures[]): string {
  const rows = judges.map(
    ({ judge, threshold, falsePositiveRate, falseAlarmsPerDeviceDay, deviceDays, attacks }) => {
      const rate =
        attacks.reduce((sum, each) => sum + each.truePositiveRate, 0) / Math.max(1, attacks.length);
      const cells = [
        threshold,
        `${(falsePositiveRate * 100).toFixed(3)} %`,
        falseAlarmsPerDeviceDay.toFixed(2),
        deviceDays.toFixed(2),
        rate.toFixed(3),
      ];
      return `<tr><td>${escaped(judge)}</td>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
    },
  );
  const heads = [
    'Judge',
    'Threshold',
    'False-positive rate',
    'False alarms a device-day',
    'Device-days',
    'Mean true-positive rate',
  ];
  return `<table><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr>${rows.join('')}</table>`;
}

function attackTable({ judge, attacks }: ModelFigures): string {
  const rows = attacks.map(
    ({ family, perMinute, truePositiveRate, noticed, secondsMedian, secondsP90 }) =>
      `<tr><td>${escaped(family)}</td><td>${perMinute}</td><td>${truePositiveRate.toFixed(3)}</td>` +
      `<td>${noticed.toFixed(3)}</td><td>${secondsMedian ?? '—'}</td><td>${secondsP90 ?? '—'}</td></tr>`,
  );
  const heads = [
    'Attack',
    'Events a minute',
    'True-positive rate',
    'Noticed',
    'Median s',
    '90th percentile s',
  ];
  return `<h3>${escaped(judge)}</h3><table><tr>${heads
    .map((head) => `<th>${head}</th>`)
    .join('')}</tr>${rows.join('')}</table>`;
}

function rocPlot({ judges }: Evaluation): Plot {
  return {
    title: 'True positives over all attacks, near zero false positives',
    x: 'false-positive rate (logarithmic)',
    y: 'true-positive rate',
    ticks: [-5, -4, -3, -2, -1, 0].map((power) => [power, `1e${power}`]),
    lines: judges.map(({ judge, roc }) => ({
      name: judge,
      points: roc.map(([x, y]) => [Math.log10(x), y]),
    })),
  };
}

const rateTicks: Plot['ticks'] = [600, 60, 6, 1].map((perMinute) => [
  -Math.log10(perMinute),
  String(perMinute),
]);

/** Means over the families, by rate. */
function meansByRate(
  { attacks }: ModelFigures,
  figure: (attack: ModelFigures['attacks'][number]) => number,
): readonly (readonly [number, number])[] {
  const rates = [...new Set(attacks.map(({ perMinute }) => perMinute))];
  return rates.map((rate) => {
    const some = attacks.filter(({ perMinute }) => perMinute === rate).map(figure);
    return [-Math.log10(rate), some.reduce((sum, each) => sum + each, 0) / some.length];
  });
}

function stealthPlot({ judges }: Evaluation): Plot {
  return {
    title: 'Stealth: the slower the attack, the harder to see',
    x: 'events a minute',
    y: 'true-positive rate',
    ticks: rateTicks,
    lines: judges.map((figures) => ({
      name: figures.judge,
      points: meansByRate(figures, ({ truePositiveRate }) => truePositiveRate),
    })),
  };
}

/** An attack never noticed counts as its whole length. */
const neverSeconds = 600;

function timePlot({ judges }: Evaluation): Plot {
  return {
    title: 'Median seconds until noticed, as a share of ten minutes',
    x: 'events a minute',
    y: 'share of 600 s',
    ticks: rateTicks,
    lines: judges.map((figures) => ({
      name: figures.judge,
      points: meansByRate(
        figures,
        ({ secondsMedian }) => (secondsMedian ?? neverSeconds) / neverSeconds,
      ),
    })),
  };
}

function plotSvg({ title, x, y, ticks, lines }: Plot): string {
  const { width, height, left, right, top, bottom } = size;
  const values = ticks.map(([value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const across = (value: number) => left + ((value - low) / (high - low)) * (width - left - right);
  const up = (value: number) => height - bottom - value * (height - top - bottom);
  const floor = height - bottom;
  const label = (atX: number, atY: number, text: string, anchor = 'middle') =>
    `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" text-anchor="${anchor}">${escaped(text)}</text>`;
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      `<path d="M${left} ${up(value)}H${width - right}" stroke="#ddd"/>${label(left - 6, up(value) + 4, String(value), 'end')}`,
  );
  const drawn = lines.map(({ name, points }, index) => {
    const [colour, dashes] = looks[index % looks.length] ?? looks[0];
    const path = points
      .map(([px, py]) => `${across(px).toFixed(1)},${up(py).toFixed(1)}`)
      .join(' ');
    const legend = top + 16 + index * 20;
    const stroke = `stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}" fill="none"`;
    return (
      `<polyline points="${path}" ${stroke}/><path d="M${width - right + 12} ${legend}h24" ${stroke}/>` +
      label(width - right + 42, legend + 4, name, 'start')
    );
  });
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${escaped(title)}" font-size="12">
${label(left, 16, title, 'start')}
${grid.join('')}
${ticks.map(([value, text]) => label(across(value), floor + 16, text)).join('')}
${label((left + width - right) / 2, height - 8, `${x}; ${y} upwards`)}
${drawn.join('\n')}
</svg>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
