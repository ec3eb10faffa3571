import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';
import { codedMetrics } from '../../gateway/core/metric.ts';

/** What monitors of several makers print where they have no figure. */
const absent = { '-100': 'invalid', '-999': 'invalid' } as const;

/** Measurements somebody takes; the others go on and on. */
const taken = /_NONINV_|_NON_INV$|_MASS_|_LEN_BODY|_BODY_FAT$|_GLU_|_WEDGE$/;

/**
 * Any monitor, or gateway of one monitor, that sends IHE PCD-01 and PCD-04 over MLLP. Each row names
 * its measurement by the code of ISO/IEEE 11073-10101, so all that this gateway knows are read.
 */
export default defineDeviceProfile({
  id: 'generic-pcd01-monitor',
  manufacturer: 'Generic',
  model: 'Monitor, IHE PCD-01 over MLLP',
  specialization: 'MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'hl7v2', baudRate: 115_200 },
  metrics: codedMetrics.map(({ metric, code }) => ({
    field: `${code}`,
    metric,
    absent,
    cadence: taken.test(metric) ? 'episodic' : 'periodic',
  })),
  // The clock, the way it is set, how long a measurement took, and a waveform without its rate.
  omitted: ['67975', '68220', '68185', '150452'],
  silentAfterMs: 180_000,
  messagesPerSecondMax: 20,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'IHE PCD Technical Framework 10.0, volume 2, 3.1 (PCD-01), 3.4 (PCD-04) and appendix B.',
    'ISO/IEEE 11073-10101: codes of the metrics.',
  ],
});
