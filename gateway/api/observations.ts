import { z } from 'zod';
import { alertPhases, alertPriorities } from '../core/alert.ts';
import type { DeviceId } from '../core/device.ts';
import { type MetricId, metrics } from '../core/metric.ts';
import type { DeviceState, LiveValue, LiveView } from '../core/site-state.ts';
import { deviceParameters, maySeePatients } from './devices.ts';
import type { PatientBudget } from './patient-budget.ts';
import { problem } from './problem.ts';
import { answer, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

export interface ObservationSource {
  find(id: string, withSubject: boolean): Promise<DeviceState | undefined>;
  /** Counts whom a person is shown, and says when it is too many. */
  readonly budget: PatientBudget;
  live(id: DeviceId): Promise<LiveView>;
}

const ValueAnswer = z.object({
  kind: z.enum(['numeric', 'enumeration', 'alert']),
  at: time,
  clock: z.enum(['device', 'corrected', 'gateway']),
  receivedAt: time,
  quality: z.enum(['good', 'questionable']),
  metric: z.string().optional(),
  unit: z.string().optional().describe('UCUM.'),
  value: z.union([z.number(), z.string()]).optional(),
  absent: z.string().optional().describe('Why there is no value. Never both, never neither.'),
  event: z.string().optional(),
  phase: z.enum(alertPhases).optional(),
  priority: z.enum(alertPriorities).optional(),
  course: z.array(z.tuple([time, z.number()])).describe('The last points, oldest first.'),
});

const ObservationsAnswer = z.object({
  device: z.string(),
  association: z.object({ since: time, subject: z.string().optional() }).optional(),
  values: z.array(ValueAnswer),
});

/**
 * What a device measured last. It is a view of what is in memory, not the record: that leaves by the
 * relays. Of a bound device only what was measured since: what came before is somebody else’s.
 */
export function observationRoutes(source: ObservationSource): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/devices/:id/observations',
      action: 'observation.read',
      summary: 'The latest of what a device measured, since it is bound; a view, not the record.',
      parameters: deviceParameters,
      answer: ObservationsAnswer,
      async handle({ parameters: { id }, principal }) {
        const found = await source.find(id, maySeePatients(principal));
        if (!found) return problem('not-found');
        const state = source.budget.shownTo(principal, found);
        const { values } = await source.live(state.id);
        const { boundSince: since = -Infinity, subject } = state;
        return answer({
          device: id,
          ...(state.boundSince !== undefined && {
            association: { since: timeOf(state.boundSince), subject },
          }),
          values: values.filter(({ at }) => at >= since).map((value) => shown(value, since)),
        });
      },
    }),
  ];
}

function shown(value: LiveValue, since: number): z.input<typeof ValueAnswer> {
  const { at, receivedAt, course, metric, ...rest } = value;
  return {
    ...rest,
    metric,
    unit: value.kind === 'numeric' ? unitOf(metric) : undefined,
    at: timeOf(at),
    receivedAt: timeOf(receivedAt),
    course: course.filter(([when]) => when >= since).map(([when, is]) => [timeOf(when), is]),
  };
}

function unitOf(metric: MetricId | undefined): string | undefined {
  return metric && metrics[metric].unit;
}
