import type { AlertPhase, AlertPriority } from '../core/alert.ts';
import type { AlertCondition, Released } from '../core/observation.ts';
import { eventCode, metricFields } from './coding.ts';
import { deviceRow, type Order, type RowContent, rowOf } from './row.ts';

type Alert = Released & AlertCondition;

const priorities = {
  high: 'PH',
  medium: 'PM',
  low: 'PL',
  none: 'PN',
} as const satisfies Record<AlertPriority, string>;

const states = {
  start: 'active',
  continue: 'active',
  end: 'inactive',
} as const satisfies Record<AlertPhase, string>;

/** Of the device, below which an alert stands; its facets are numbered from 1 (IHE ACM PCD-04). */
const place = '1.0.0.0';

/** One order an alert, a row a facet: event, source, phase, state, inactivation, priority, type. */
export function alertOrders(alerts: readonly Alert[], authority: string): Order[] {
  return alerts.map((alert) => ({
    service: '196616^MDC_EVT_ALARM^MDC',
    startAt: alert.at,
    endAt: alert.at,
    rows: [
      deviceRow(alert, authority),
      ...facetsOf(alert).map((content) => rowOf(content, alert, authority)),
    ],
  }));
}

function facetsOf(alert: Alert): readonly RowContent[] {
  const { event, metric, phase, priority } = alert;
  const facet = (index: number, type: string, code: string, value: string): RowContent => ({
    type,
    code: `${code}^MDC`,
    place: `${place}.${index}`,
    value,
    status: 'R',
    isFacet: index > 1,
  });
  const flags = flagsOf(alert).join('~');
  const facets = [
    { ...facet(1, 'CWE', '196616^MDC_EVT_ALARM', eventCode(event)), flags },
    facet(3, 'ST', '68481^MDC_ATTR_EVENT_PHASE', phase),
    facet(4, 'ST', '68482^MDC_ATTR_ALARM_STATE', states[phase]),
    facet(5, 'ST', '68483^MDC_ATTR_ALARM_INACTIVATION_STATE', 'enabled'),
    facet(6, 'ST', '68484^MDC_ATTR_ALARM_PRIORITY', priorities[priority]),
  ];
  if (metric !== undefined) {
    const source = metricFields(metric).code;
    facets.splice(1, 0, facet(2, 'CWE', '68480^MDC_ATTR_ALERT_SOURCE', source));
  }
  if (isPhysiological(alert)) facets.push(facet(7, 'ST', '68485^MDC_ATTR_ALERT_TYPE', 'SP'));
  return facets;
}

/** A general event may be the device's own trouble, unless it names what it measured. */
function isPhysiological({ event, metric }: Alert): boolean {
  return event !== 'MDC_EVT_ALARM' || metric !== undefined;
}

/** OBX-8: which side, how urgent, of what type, and a doubt the device states. */
function flagsOf(alert: Alert): readonly string[] {
  const flags: string[] = [];
  if (/^MDC_EVT_HI/.test(alert.event)) flags.push('H');
  if (/^MDC_EVT_LO/.test(alert.event)) flags.push('L');
  flags.push(priorities[alert.priority]);
  if (isPhysiological(alert)) flags.push('SP');
  if (alert.quality === 'questionable') flags.push('QUES');
  return flags;
}
