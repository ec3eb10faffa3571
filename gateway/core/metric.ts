/**
 * The nomenclature: every metric the gateway knows, by its ISO/IEEE 11073-10101 reference id.
 * Adding a row here is the only way a new kind of measurement enters the system.
 */
export const metrics = {
  MDC_PULS_OXIM_SAT_O2: { code: 150456, unit: '%', loinc: '59408-5', plausible: [1, 100] },
  MDC_PULS_OXIM_PULS_RATE: { code: 149530, unit: '/min', loinc: '8889-8', plausible: [20, 350] },
  MDC_PULS_OXIM_PERF_REL: { code: 150488, unit: '%', loinc: '61006-3', plausible: [0, 20] },
  MDC_ECG_HEART_RATE: { code: 147842, unit: '/min', loinc: '8867-4', plausible: [10, 350] },
} as const satisfies Record<string, Metric>;

export interface Metric {
  /** Context-free code: partition × 2¹⁶ + term. Analytes without one are known by LOINC alone. */
  readonly code?: number;
  /** UCUM. Values are kept in this unit only. */
  readonly unit: string;
  readonly loinc: string;
  /** What a living patient could produce. A data-integrity bound, never a clinical limit. */
  readonly plausible: readonly [low: number, high: number];
}

export type MetricId = keyof typeof metrics;

export const metricIds = Object.keys(metrics) as MetricId[];
