import type { DeviceDescription } from '../core/relay.ts';
import { deviceIdentifierSystem, identifierJson } from './observation.ts';
import { searchFor } from './search.ts';

export interface DeviceUpdate {
  /** Where it is put, below the base address. */
  readonly path: string;
  readonly json: string;
}

/**
 * What a device is, by its pseudonym: a conditional update (FHIR R4 http.html#cond-update) creates the
 * Device once and changes it later. Never which one of its kind it is: no serial number, no UDI.
 */
export function toDeviceUpdate(
  pseudonym: string,
  { manufacturer, model, specialization }: DeviceDescription,
): DeviceUpdate {
  const said = {
    status: 'active',
    manufacturer,
    deviceName: [{ name: model, type: 'model-name' }],
    ...(specialization !== '' && { type: { text: specialization } }),
  };
  const identifier = identifierJson(deviceIdentifierSystem, pseudonym);
  return {
    // Servers refuse an address with a bare `|` (RFC 3986 3.4).
    path: `Device?${searchFor(deviceIdentifierSystem, pseudonym).replace('|', '%7C')}`,
    json: `{"resourceType":"Device","identifier":[${identifier}],${JSON.stringify(said).slice(1)}`,
  };
}
