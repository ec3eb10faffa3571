/**
 * Alert events by their ISO/IEEE 11073-10101 reference id, with the context-free code
 * (partition 3 × 2¹⁶ + term).
 */
export const alertEvents = {
  MDC_EVT_ALARM: 196616,
  MDC_EVT_HI_VAL_GT_LIM: 196652,
  MDC_EVT_LO_VAL_LT_LIM: 196674,
  MDC_EVT_HI: 196648,
  MDC_EVT_LO: 196670,
  MDC_EVT_APNEA: 199680,
  MDC_EVT_ECG_ASYSTOLE: 199684,
  MDC_EVT_ECG_V_TACHY: 199832,
  MDC_EVT_DESAT: 199854,
} as const satisfies Record<string, number>;

export type AlertEventId = keyof typeof alertEvents;

/** IHE DEC PCD-04 event phase. */
export const alertPhases = ['start', 'continue', 'end'] as const;
export type AlertPhase = (typeof alertPhases)[number];

/** IEC 60601-1-8 priority. */
export const alertPriorities = ['high', 'medium', 'low', 'none'] as const;
export type AlertPriority = (typeof alertPriorities)[number];
