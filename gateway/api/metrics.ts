import type { RamaScore } from '../core/rama.ts';
import type { AdmissionCounts, CertificateExpiry, OutboxState } from '../core/site-state.ts';
import { answerBytes, defineRoute, type Route } from './route.ts';

export interface MetricSource {
  counts(): AdmissionCounts;
  outbox(): Promise<OutboxState>;
  certificates(): Promise<readonly CertificateExpiry[]>;
  /** The security score of each device. */
  rated(): Promise<readonly { readonly id: string; readonly rama: RamaScore }[]>;
  /** The security score of the site; undefined while nothing is scored. */
  site(): Promise<number | undefined>;
  /** Devices that are connected now. */
  connected(): number;
  /** Streams of events that are followed now. */
  followed(): number;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** One metric as it is when it is asked for. Names and units after the Prometheus conventions. */
interface Figure {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * `/metrics` in the text format of Prometheus. Figures of the gateway are read when they are asked
 * for; those of the process are prom-client’s own. The package is loaded by the first who asks, so
 * the lag of the event loop is measured from then on, each time since the time before.
 */
export function metricRoute(source: MetricSource): Route {
  let writer: ReturnType<typeof openWriter> | undefined;
  return defineRoute({
    method: 'GET',
    path: '/metrics',
    action: 'metrics.read',
    summary: 'The figures of the gateway (Prometheus text format).',
    async handle() {
      writer ??= openWriter();
      const [outbox, certificates, rated, site] = await Promise.all([
        source.outbox(),
        source.certificates(),
        source.rated(),
        source.site(),
      ]);
      const figures = [
        ...admissionFigures(source.counts()),
        ...outboxFigures(outbox, source.now()),
        ...certificateFigures(certificates),
        ...ramaFigures(rated),
        gauge('rama_site_score', 'RAMA security score of the site, 0 to 100.', site),
        gauge('devices_connected', 'Devices that are connected now.', source.connected()),
        gauge('event_readers', 'Streams of events that are followed now.', source.followed()),
      ];
      const { contentType, textOf } = await writer;
      return answerBytes(contentType, await textOf(figures));
    },
  });
}

async function openWriter() {
  const { collectDefaultMetrics, Counter, Gauge, Registry } = await import('prom-client');
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return {
    contentType: ofProcess.contentType,
    async textOf(figures: readonly Figure[]): Promise<string> {
      const registry = new Registry();
      for (const { kind, name, help, samples } of figures) {
        const labelNames = Object.keys(samples[0]?.labels ?? {});
        const shape = { name: `wardgate_${name}`, help, labelNames, registers: [registry] };
        const metric = kind === 'counter' ? new Counter(shape) : new Gauge(shape);
        for (const { labels = {}, value } of samples) metric.inc(labels, value);
      }
      return `${await registry.metrics()}${await ofProcess.metrics()}`;
    },
  };
}

function admissionFigures(counts: AdmissionCounts): Figure[] {
  return [
    counter('messages_total', 'Messages and chunks that links offered.', counts.messages),
    counter('acknowledged_total', 'Of them, kept on disk and answered.', counts.acknowledged),
    counter('unkept_total', 'Of them, neither kept nor answered.', counts.refused),
    counter('batches_total', 'Batches committed.', counts.batches),
    counter(
      'batch_seconds_total',
      'Time of all batches, hand-over to answer.',
      counts.batchSeconds,
    ),
    gauge('waiting_messages', 'Messages that wait for their batch.', counts.waitingMessages),
    gauge('waiting_bytes', 'Bytes that wait for their batch.', counts.waitingBytes),
    counter('signals_dropped_total', 'Sightings beyond the limit.', counts.signalsDropped),
    {
      ...counter('rejections_total', 'What devices said and nobody believed, by reason.'),
      samples: by('reason', counts.rejected),
    },
    { ...counter('findings_total', 'Findings by threat.'), samples: by('threat', counts.found) },
  ];
}

function outboxFigures({ lanes, refused, held, counters }: OutboxState, now: number): Figure[] {
  const lane = lanes.map(({ relay, lane, ...rest }) => ({ ...rest, labels: { relay, lane } }));
  return [
    {
      ...gauge('outbox_entries', 'Records a destination is owed.'),
      samples: lane.map(({ labels, entries }) => ({ labels, value: entries })),
    },
    {
      ...gauge('outbox_bytes', 'Bytes a destination is owed.'),
      samples: lane.map(({ labels, bytes }) => ({ labels, value: bytes })),
    },
    {
      ...gauge('outbox_oldest_seconds', 'Age of the oldest record a destination is owed.'),
      samples: lane.map(({ labels, oldestAt = now }) => ({
        labels,
        value: Math.max(0, now - oldestAt) / 1_000,
      })),
    },
    {
      ...gauge('outbox_refused_entries', 'Records that a destination refused, set aside.'),
      samples: [...Map.groupBy(refused, ({ relay }) => relay)].map(([relay, rows]) => ({
        labels: { relay },
        value: rows.reduce((sum, { entries }) => sum + entries, 0),
      })),
    },
    {
      ...counter('delivered_observations_total', 'Observations that a destination has.'),
      samples: counted(counters, 'delivered', ['relay']),
    },
    {
      ...counter('shed_entries_total', 'Records shed, for want of room.'),
      samples: counted(counters, 'shed', ['relay', 'lane']),
    },
    {
      ...counter(
        'uncarried_observations_total',
        'Observations of a lane that a kind of destination does not carry.',
      ),
      samples: counted(counters, 'uncarried', ['relay', 'lane']),
    },
    {
      ...gauge('held_rows', 'Records that wait, by what for.'),
      samples: [...Map.groupBy(held, ({ cause }) => cause)].map(([cause, rows]) => ({
        labels: { cause },
        value: rows.reduce((sum, row) => sum + row.rows, 0),
      })),
    },
  ];
}

/** Of several certificates of one subject the one that ends last. */
function certificateFigures(certificates: readonly CertificateExpiry[]): Figure[] {
  const byEnd = certificates.toSorted((a, b) => a.notAfter - b.notAfter);
  const last = new Map(byEnd.map((each) => [`${each.kind} ${each.subject}`, each]));
  return [
    {
      ...gauge('certificate_expires_timestamp_seconds', 'When a certificate ends.'),
      samples: [...last.values()].map(({ kind, subject, notAfter }) => ({
        labels: { kind, subject },
        value: notAfter / 1_000,
      })),
    },
  ];
}

function ramaFigures(rated: Awaited<ReturnType<MetricSource['rated']>>): Figure[] {
  const samples = (figure: (rama: RamaScore) => number) =>
    rated.map(({ id: device, rama }) => ({ labels: { device }, value: figure(rama) }));
  return [
    {
      ...gauge('rama_score', 'RAMA security score of a device, 0 to 100, higher is safer.'),
      samples: samples(({ score }) => score),
    },
    {
      ...gauge('rama_confidence', 'How sure that score is, 0 to 1.'),
      samples: samples(({ confidence }) => confidence),
    },
  ];
}

/** Of `shed/ehr/waveform`: 1, with the labels relay and lane. */
function counted(
  counters: Readonly<Record<string, number>>,
  what: string,
  labels: readonly string[],
): Sample[] {
  return Object.entries(counters).flatMap(([name, value]) => {
    const [first, ...words] = name.split('/');
    if (first !== what || words.length !== labels.length) return [];
    const pairs = labels.map((label, index) => [label, words[index] ?? ''] as const);
    return [{ labels: Object.fromEntries(pairs), value }];
  });
}

function by(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function counter(name: string, help: string, value?: number): Figure {
  return { kind: 'counter', name, help, samples: value === undefined ? [] : [{ value }] };
}

function gauge(name: string, help: string, value?: number): Figure {
  return { ...counter(name, help, value), kind: 'gauge' };
}
