import { describe, expect, it } from 'vitest';
import { absentReasonIds } from '../../../gateway/core/absent-reason.ts';
import { alertEvents } from '../../../gateway/core/alert.ts';
import { type Hl7Message, readHl7Message } from '../../../gateway/core/hl7/message.ts';
import { type Metric, metricIds, metrics } from '../../../gateway/core/metric.ts';
import type { Released } from '../../../gateway/core/observation.ts';
import { convert } from '../../../gateway/core/unit.ts';
import { framed } from '../../../gateway/hl7/frame.ts';
import { toReports } from '../../../gateway/hl7/message.ts';
import { flawOfReport } from '../../../gateway/hospital/hl7-schema.ts';
import protocol from '../../../gateway/protocols/hl7v2.ts';
import { run } from '../../support/protocol-run.ts';
import { outboxEntry, released } from '../../support/released.ts';

const parties = {
  sendingApplication: 'WARDGATE^1.2.3^ISO',
  sendingFacility: 'Ward | 3',
  receivingApplication: 'EHR',
  receivingFacility: 'Hospital',
  assigningAuthority: 'WG',
};
const now = Date.UTC(2026, 10, 22, 10, 0, 5, 7);

function reportsOf(...observations: readonly Released[]) {
  return toReports(outboxEntry(observations), parties, now);
}

/** The one message, read as the hospital reads it. */
function messageOf(...observations: readonly Released[]): Hl7Message {
  const reports = reportsOf(...observations);
  expect(reports).toHaveLength(1);
  const message = readHl7Message(reports[0]?.text ?? '');
  if (!message) throw new Error('no message');
  expect(flawOfReport(message)).toBeUndefined();
  return message;
}

function rowsOf(message: Hl7Message): readonly string[] {
  return message.segments.filter(({ name }) => name === 'OBX').map(({ text }) => text);
}

const alert = {
  kind: 'alert',
  event: 'MDC_EVT_LO_VAL_LT_LIM',
  metric: 'MDC_PULS_OXIM_SAT_O2',
  value: undefined,
  phase: 'start',
  priority: 'high',
};

it('says who sends what to whom, in which profile', () => {
  const { controlId, segments } = messageOf(released());
  expect(segments.slice(0, 4).map(({ text }) => text)).toEqual([
    'MSH|^~\\&|WARDGATE^1.2.3^ISO|Ward \\F\\ 3|EHR|Hospital|20261122100005.007+0000||ORU^R01^ORU_R01|' +
      `${controlId}|P|2.6|||AL|NE||UNICODE UTF-8|||IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO`,
    'PID|||_subject^^^WG^PI||^^^^^^S',
    'PV1||U',
    `OBR|1||${controlId}.1^WARDGATE^1.2.3^ISO|182777000^monitoring of patient^SCT|||` +
      '20261122100000.250+0000|20261122100000.250+0000||||||||||||1',
  ]);
});

it('stands a measurement below its device, with code, unit, time and the ids of both', () => {
  const rate = released({ id: 'k1.1', metric: 'MDC_RESP_RATE', value: 14.5 });
  const place = '|||20261122100000.250+0000||||_device^WG';
  expect(rowsOf(messageOf(released(), rate))).toEqual([
    `OBX|1||65573^MDC_MOC_VMS_MDS_SIMP^MDC|1.0.0.0|||||||X${place}`,
    `OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC^59408-5^^LN|1.0.0.1|97|262688^MDC_DIM_PERCENT^MDC^%^%^UCUM|||||R${place}|||k1.0^WG`,
    `OBX|3|NM|151562^MDC_RESP_RATE^MDC^9279-1^^LN|1.0.0.2|14.5|264928^MDC_DIM_RESP_PER_MIN^MDC^/min^/min^UCUM|||||R${place}|||k1.1^WG`,
  ]);
});

it('says its place in the order of arrival in OBR-20, and in no MSH-13', () => {
  const entry = { ...outboxEntry([released()]), order: 5_000_000_123 };
  const [report] = toReports(entry, parties, now);
  const message = readHl7Message(report?.text ?? '');
  const order = message?.segments.find(({ name }) => name === 'OBR');
  expect(order?.field(20)).toBe('5000000123');
  expect(message?.header.field(13)).toBe('');
});

describe('MSH-10', () => {
  const idOf = (...observations: readonly Released[]) => reportsOf(...observations)[0]?.controlId;

  it('is the same whenever it is sent, and whatever became of the clocks meanwhile', () => {
    const moved = released({ at: 5, receivedAt: 6, clock: 'gateway', deviceTime: '2020' });
    expect(idOf(moved)).toBe(idOf(released()));
    const later = toReports(outboxEntry([released()], 9), parties, now + 1e9);
    expect(later[0]?.controlId).toBe(idOf(released()));
  });

  it('is another one for other observations, and never longer than old receivers take', () => {
    const ids = [
      idOf(released({ id: 'a' })),
      idOf(released({ id: 'b' })),
      idOf(released({ id: 'a' }), released({ id: 'b' })),
      idOf(released({ id: 'b' }), released({ id: 'a' })),
      idOf(released({ id: 'ab' })),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w-]{20}$/);
  });
});

it('never puts two patients, two devices, or an alert and a value into one message', () => {
  const reports = reportsOf(
    released({ id: 'a' }),
    released({ id: 'b', subject: '_another' }),
    released({ id: 'c', device: '_another' }),
    released({ id: 'd', ...alert }),
    released({ id: 'e' }),
  );
  const ids = reports.map(({ text }) => [...text.matchAll(/\|(\w)\^WG\r/g)].map(([, id]) => id));
  expect(ids).toEqual([['a', 'e'], ['b'], ['c'], ['d']]);
});

it.each(absentReasonIds)('says %s as no result with a flag, never as a value', (absent) => {
  const row = rowsOf(messageOf(released({ absent, value: undefined })))[1] ?? '';
  expect(row).toMatch(/^OBX\|2\|NM\|[^|]+\|1\.0\.0\.1\|\|[^|]+\|\|(INV|NAV|CAL|<|>)\|\|\|X\|/);
});

it.each([
  ['numeric', Number.NaN],
  ['enumeration', ''],
  ['samples', []],
])('says an unusable %s as no result', (kind, value) => {
  const row = rowsOf(messageOf(released({ kind, value, periodMs: 10 })))[1];
  expect(row).toMatch(/^OBX\|2\|[^|]+\|[^|]+\|1\.0\.0\.1\|\|[^|]+\|\|(INV|NAV)\|\|\|X\|/);
});

it('marks a doubt the device states, and a time the gateway did not know', () => {
  const message = messageOf(
    released({ quality: 'questionable', provisional: { boot: 'b', monotonicMs: 1 } }),
  );
  expect(rowsOf(message)[1]).toContain('||QUES|||R|');
  expect(message.segments.map(({ name }) => name)).toContain('NTE');
  expect(messageOf(released()).segments.map(({ name }) => name)).not.toContain('NTE');
});

it('sends a waveform as samples with their rate; a missing sample is empty', () => {
  const wave = released({
    kind: 'samples',
    metric: 'MDC_PULS_OXIM_PLETH',
    periodMs: 16,
    value: [1, -2.5, Number.NaN, 4],
  });
  const message = messageOf(wave);
  const order = message.segments.find(({ name }) => name === 'OBR');
  expect(order?.field(4)).toBe('69121^MDC_OBS_WAVE_CTS^MDC');
  expect([order?.field(7), order?.field(8)]).toEqual([
    '20261122100000.250+0000',
    '20261122100000.314+0000',
  ]);
  const [, samples, rate] = rowsOf(message);
  expect(samples).toContain('|NA|150452^MDC_PULS_OXIM_PLETH^MDC|1.0.0.1|1^-2.5^^4|');
  expect(rate).toContain('|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.0.0.1.1|62.5|264608^MDC_DIM_PER_SEC^MDC|');
});

it('calls a laboratory’s results what they are', () => {
  const message = messageOf(released({ metric: 'LN_14749_6', value: 5.4 }));
  expect(message.segments[3]?.field(4)).toBe('26436-6^Laboratory studies (set)^LN');
  expect(rowsOf(message)[1]).toContain('|NM|14749-6^^LN|1.0.0.1|5.4|');
});

describe('an alert', () => {
  it('is PCD-04, a facet a row, and its id stands once', () => {
    const rows = rowsOf(messageOf(released(alert))).map((row) => row.split('|').slice(2, 9));
    expect(rows.slice(1)).toEqual([
      [
        'CWE',
        '196616^MDC_EVT_ALARM^MDC',
        '1.0.0.0.1',
        '196674^MDC_EVT_LO_VAL_LT_LIM^MDC',
        '',
        '',
      ].concat('L~PH~SP'),
      ['CWE', '68480^MDC_ATTR_ALERT_SOURCE^MDC', '1.0.0.0.2'].concat(
        '150456^MDC_PULS_OXIM_SAT_O2^MDC^59408-5^^LN',
        '',
        '',
        '',
      ),
      ['ST', '68481^MDC_ATTR_EVENT_PHASE^MDC', '1.0.0.0.3', 'start', '', '', ''],
      ['ST', '68482^MDC_ATTR_ALARM_STATE^MDC', '1.0.0.0.4', 'active', '', '', ''],
      ['ST', '68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC', '1.0.0.0.5', 'enabled', '', '', ''],
      ['ST', '68484^MDC_ATTR_ALARM_PRIORITY^MDC', '1.0.0.0.6', 'PH', '', '', ''],
      ['ST', '68485^MDC_ATTR_ALERT_TYPE^MDC', '1.0.0.0.7', 'SP', '', '', ''],
    ]);
    expect(reportsOf(released(alert))[0]?.text.match(/k1\.0/g)).toHaveLength(1);
  });

  it('leaves without a patient, under no name', () => {
    const message = messageOf(released({ ...alert, subject: undefined }));
    expect(message.segments[1]?.text).toBe('PID|||^^^WG^PI||^^^^^^U');
  });

  it.each(Object.keys(alertEvents))('%s reads back with phase, priority and source', (event) => {
    const given = { ...alert, event, phase: 'end', priority: 'medium' };
    const [record] = readBack(released(given));
    expect(record?.alerts).toEqual([
      expect.objectContaining({ phase: 'end', priority: 'medium', field: '150456' }),
    ]);
  });
});

function readBack(observation: Released) {
  const bytes = framed(reportsOf(observation)[0]?.text ?? '');
  const { records, discardedBytes } = run(protocol, [bytes]);
  expect(discardedBytes).toBe(0);
  return records;
}

/** One figure of every metric through this writer and the gateway's own reader. */
it.each(metricIds.filter((id) => (metrics[id] as Metric).shape !== 'samples'))(
  '%s reads back as the same measurement',
  (metric) => {
    const { code, loinc, unit }: Metric = metrics[metric];
    const [record] = readBack(released({ metric, value: 12.5 }));
    expect(record).toMatchObject({ subject: '_subject', serialNumber: '_device' });
    expect(record?.time).toBe('2026-11-22T10:00:00.250+00:00');
    const [[field, value] = []] = Object.entries(record?.fields ?? {});
    expect(field).toBe(code === undefined ? `${loinc}^LN` : `${code}`);
    const read = value as { value: number; unit: string };
    expect(convert(read.value, read.unit, unit)).toBe(12.5);
  },
);
