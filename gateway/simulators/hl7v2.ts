import { codeOfUnit } from '../core/mdc-unit.ts';
import { type Metric, metrics } from '../core/metric.ts';
import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

/** Ends the answer that a message waits for. */
const FS = 0x1c;
const nibpVmd = '70686^MDC_DEV_PRESS_BLD_NONINV_VMD^MDC';

/**
 * A monitor that sends IHE PCD-01: one ORU^R01 a moment over MLLP, and an ORU^R40 (PCD-04) while it
 * is in alarm. Its clock runs in UTC and says so.
 */
export default defineSimulator({
  id: 'hl7v2',
  say(moment) {
    const messages = [measurementsOf(moment)];
    if (moment.isAlarming) messages.push(alarmOf(moment));
    return messages.map((segments) => ({
      channel: 'line',
      bytes: Buffer.from(`\x0b${segments.join('\r')}\r\x1c\r`, 'latin1'),
      awaits: FS,
    }));
  },
});

function measurementsOf(moment: SimulatedMoment): readonly string[] {
  const { profile, values } = moment;
  const rows = profile.metrics.map(({ field, metric, unit }, index) => {
    const own: Metric = metrics[metric];
    const value = values[metric];
    const name = `${field}^${metric}^MDC`;
    const path = `1.1.1.${index + 1}`;
    // Nothing there: no figure, and the status that says so (IHE PCD TF-2 B.8).
    if (value === undefined) return `NM|${name}|${path}||${unitOf(unit ?? own.unit)}||NAV|||X`;
    return `NM|${name}|${path}|${value}|${unitOf(unit ?? own.unit)}|||||R`;
  });
  return [
    ...headOf(moment, 'R01', 'IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO'),
    ...['|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X']
      .concat(`|${nibpVmd}|1.1.0.0|||||||X`, rows)
      .map((row, index) => `OBX|${index + 1}|${row}`),
  ];
}

function alarmOf(moment: SimulatedMoment): readonly string[] {
  const [first] = moment.profile.metrics;
  return [
    ...headOf(moment, 'R40', 'IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.4.4^ISO'),
    'OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.1.1.1.1|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|||L~PM~SP|||R',
    `OBX|2|NM|${first?.field}^${first?.metric}^MDC|1.1.1.1.2|||||||X`,
    'OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.1.3|start||||||R',
    'OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.1.1.1.4|active||||||R',
  ];
}

function headOf({ at, serialNumber, sequence }: SimulatedMoment, trigger: string, profile: string) {
  const eui = serialNumber.replace(/[^0-9A-F]/gi, '').padStart(16, '0');
  const time = `${new Date(at).toISOString().replace(/[-:T]|\..*$/g, '')}+0000`;
  const id = `${sequence}${trigger}`;
  const order = `${id}^SIMULATOR^${eui}^EUI-64`;
  const kind = `ORU^${trigger}^ORU_${trigger}`;
  const service =
    trigger === 'R40' ? '196616^MDC_EVT_ALARM^MDC' : '182777000^monitoring of patient^SCT';
  return [
    `MSH|^~\\&|SIMULATOR^${eui}^EUI-64|WARD|||${time}||${kind}|${id}|P|2.6|||AL|NE||UNICODE UTF-8|||${profile}`,
    'PID|||99999^^^Hospital^PI||^^^^^^L',
    'PV1||I',
    `OBR|1|${order}|${order}|${service}|||${time}`,
  ];
}

function unitOf(ucum: string): string {
  const code = codeOfUnit(ucum);
  return code === undefined ? `${ucum}^${ucum}^UCUM` : `${code}^${ucum}^MDC`;
}
