import type { DeviceDescription } from '../core/relay.ts';
import { mdcCoding } from './coding.ts';
import { deviceIdentifierSystem, identifierJson } from './observation.ts';
import { searchFor } from './search.ts';

export interface DeviceUpdate {
  /** Where it is put, below the base address. */
  readonly path: string;
  readonly json: string;
}

/**
 * ISO/IEEE 11073-10101 codes of kinds of devices, as the examples of the HL7 Point-of-Care Device guide
 * print them. A kind without one is said by its name alone.
 */
const kindCodes: Readonly<Partial<Record<string, number>>> = {
  MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS: 69965,
};

/**
 * What a device is, by its pseudonym: a conditional update (FHIR R4 http.html#cond-update) creates the
 * Device once and changes it later. Never which one of its kind it is: no serial number, no UDI.
 */
export function toDeviceUpdate(
  pseudonym: string,
  { manufacturer, model, specialization }: DeviceDescription,
): DeviceUpdate {
  const said = JSON.stringify({
    status: 'active',
    manufacturer,
    deviceName: [{ name: model, type: 'model-name' }],
  }).slice(1, -1);
  const identifier = identifierJson(deviceIdentifierSystem, pseudonym);
  const type = specialization === '' ? '' : `,"type":{${kindJson(specialization)}}`;
  return {
    // Servers refuse an address with a bare `|` (RFC 3986 3.4).
    path: `Device?${searchFor(deviceIdentifierSystem, pseudonym).replace('|', '%7C')}`,
    json: `{"resourceType":"Device","identifier":[${identifier}],${said}${type}}`,
  };
}

function kindJson(specialization: string): string {
  const code = kindCodes[specialization];
  const coding = code === undefined ? '' : `"coding":[${mdcCoding(code, specialization)}],`;
  return `${coding}"text":${JSON.stringify(specialization)}`;
}
