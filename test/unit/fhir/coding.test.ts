import { expect, it } from 'vitest';
import { metricJson } from '../../../gateway/fhir/coding.ts';

it.each([
  ['MDC_PULS_OXIM_SAT_O2', 'vital-signs'],
  ['LN_2823_3', 'laboratory'],
  // A meter's result is a laboratory test, and what a pump gives is no sign of life.
  ['MDC_CONC_GLU_CAPILLARY_PLASMA', 'laboratory'],
  ['MDC_FLOW_FLUID_PUMP', 'therapy'],
  ['MDC_VOL_FLUID_DELIV', 'therapy'],
] as const)('%s is of the category %s', (metric, code) => {
  const [category] = JSON.parse(metricJson(metric).category);
  expect(category.coding).toEqual([
    { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code },
  ]);
});
