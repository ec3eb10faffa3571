import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** A hospital's patient administration, or the interface engine before it. No device at a bed. */
export default defineDeviceProfile({
  id: 'hl7-adt-feed',
  manufacturer: 'HL7',
  model: 'ADT feed, by MLLP over mutual TLS',
  specialization: '',
  class: 'I',
  function: 'none',
  link: { kind: 'line', protocol: 'hl7v2-adt', baudRate: 115_200 },
  association: 'feed',
  metrics: [],
  // A small hospital admits nobody for a night.
  silentAfterMs: 43_200_000,
  messagesPerSecondMax: 50,
  security: { authenticates: true, encrypts: true, updatable: true },
  sources: [
    'HL7 v2.6, chapter 3: ADT A01 to A04, A08, A11 to A13; chapter 2: acknowledgements.',
    'IHE ITI Technical Framework, volume 2, 3.31 (ITI-31 Patient Encounter Management).',
  ],
});
