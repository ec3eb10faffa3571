import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';
import { medibusFieldNames } from '../../gateway/core/medibus/codes.ts';

const metrics = [
  { field: 'MeanBreathingPressure', metric: 'MDC_VENT_PRESS_AWAY_MEAN', unit: 'mbar' },
  { field: 'PlateauPressure', metric: 'MDC_VENT_PRESS_RESP_PLAT', unit: 'mbar' },
  { field: 'PEEPBreathingPressure', metric: 'MDC_VENT_PRESS_AWAY_END_EXP_POS', unit: 'mbar' },
  { field: 'PeakBreathingPressure', metric: 'MDC_VENT_PRESS_AWAY_MAX', unit: 'mbar' },
  { field: 'Compliance', metric: 'MDC_COMPL_LUNG', unit: 'L/bar' },
  { field: 'RespiratoryMinuteVolumeFrac', metric: 'MDC_VENT_VOL_MINUTE' },
  { field: 'RespiratoryRate', metric: 'MDC_RESP_RATE' },
  { field: 'RespiratoryRateCO2', metric: 'MDC_CO2_RESP_RATE' },
  { field: 'InspO2', metric: 'MDC_CONC_AWAY_O2_INSP' },
  { field: 'EndTidalCO2mmHg', metric: 'MDC_CONC_AWAY_CO2_ET' },
  { field: 'EndTidalCO2kPa', metric: 'MDC_CONC_AWAY_CO2_ET', unit: 'kPa' },
  { field: 'TidalVolumeFrac', metric: 'MDC_VENT_VOL_TIDAL', unit: 'L' },
  { field: 'AirwayTemperature', metric: 'MDC_TEMP_AWAY' },
] as const;

const read = new Set<string>(metrics.map(({ field }) => field));

export default defineDeviceProfile({
  id: 'draeger-evita-4',
  manufacturer: 'Dräger',
  model: 'Evita 4',
  specialization: 'MDC_DEV_SYS_PT_VENT_MDS',
  class: 'IIb',
  function: 'life-support',
  link: { kind: 'line', protocol: 'draeger-medibus', baudRate: 19_200, parity: 'even' },
  metrics: [...metrics],
  // What the device is set to, and what has no code that could be checked in a public document.
  omitted: medibusFieldNames.filter((field) => !read.has(field)),
  silentAfterMs: 15_000,
  messagesPerSecondMax: 10,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'Dräger RS 232 MEDIBUS Protocol Definition, revision 6.00',
    'Dräger MEDIBUS for Intensive Care Devices, Evita 4',
  ],
});
