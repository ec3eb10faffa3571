import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/**
 * Which vessel P1 and P2 measure, and where T1 and T2 are, only the ward knows: a site that always
 * uses them alike names them in a profile of its own.
 */
export default defineDeviceProfile({
  id: 'ivy-450c',
  manufacturer: 'Ivy Biomedical',
  model: '450C',
  specialization: 'MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'ivy-ansar', baudRate: 9_600 },
  metrics: [
    { field: 'HR', metric: 'MDC_ECG_HEART_RATE' },
    { field: 'RR', metric: 'MDC_RESP_RATE' },
    { field: 'SPO2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'PR', metric: 'MDC_PULS_OXIM_PULS_RATE' },
    { field: 'NIBP-SYS', metric: 'MDC_PRESS_BLD_NONINV_SYS' },
    { field: 'NIBP-DIA', metric: 'MDC_PRESS_BLD_NONINV_DIA' },
    { field: 'NIBP-MEAN', metric: 'MDC_PRESS_BLD_NONINV_MEAN' },
    { field: 'NIBP-PR', metric: 'MDC_PULS_RATE_NON_INV' },
    { field: 'PLETH', metric: 'MDC_PULS_OXIM_PLETH' },
  ],
  // A rate not counted on the ECG; carbon dioxide and temperatures of an unknown unit; pressures
  // and temperatures of an unknown place; waves of an unknown scale.
  omitted: [
    'HR-OTHER',
    'ETCO2',
    'P1-SYS',
    'P1-DIA',
    'P1-MEAN',
    'P2-SYS',
    'P2-DIA',
    'P2-MEAN',
    'T1',
    'T2',
    'ECG',
    'RESP',
    'P1-WAVE',
    'P2-WAVE',
  ],
  silentAfterMs: 10_000,
  messagesPerSecondMax: 10,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'OpenICE (mdpnp/mdpnp), org.mdpnp.devices.cpc.ansarB: frame, channels and sample rates',
    'OpenICE (mdpnp/mdpnp), Ivy450C.1.data: a recording of the device',
  ],
});
