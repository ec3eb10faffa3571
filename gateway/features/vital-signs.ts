import type { MetricId } from '../core/metric.ts';

/** The signals a body is followed by, and the metrics that say them. */
const metricsOf = {
  heart: ['MDC_ECG_HEART_RATE', 'MDC_PULS_RATE', 'MDC_PULS_OXIM_PULS_RATE'],
  breath: ['MDC_RESP_RATE', 'MDC_TTHOR_RESP_RATE', 'MDC_CO2_RESP_RATE', 'MDC_AWAY_RESP_RATE'],
  saturation: ['MDC_PULS_OXIM_SAT_O2'],
  temperature: ['MDC_TEMP_BODY', 'MDC_TEMP_CORE', 'MDC_TEMP_BLD', 'MDC_TEMP_ESOPH'],
  'cuff-systolic': ['MDC_PRESS_BLD_NONINV_SYS'],
  'cuff-diastolic': ['MDC_PRESS_BLD_NONINV_DIA'],
  'cuff-mean': ['MDC_PRESS_BLD_NONINV_MEAN'],
  'line-systolic': ['MDC_PRESS_BLD_ART_ABP_SYS', 'MDC_PRESS_BLD_ART_SYS'],
  'line-diastolic': ['MDC_PRESS_BLD_ART_ABP_DIA', 'MDC_PRESS_BLD_ART_DIA'],
  'line-mean': ['MDC_PRESS_BLD_ART_ABP_MEAN', 'MDC_PRESS_BLD_ART_MEAN'],
} as const satisfies Readonly<Record<string, readonly MetricId[]>>;

export type Vital = keyof typeof metricsOf;

export const vitals = Object.keys(metricsOf) as readonly Vital[];

const vitalsByMetric: ReadonlyMap<string, Vital> = new Map(
  vitals.flatMap((vital) => metricsOf[vital].map((metric) => [metric, vital] as const)),
);

/** Which signal a metric says; most metrics say none. */
export const vitalOf = (metric: MetricId): Vital | undefined => vitalsByMetric.get(metric);
