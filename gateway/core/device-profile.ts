import { z } from 'zod';
import { absentReasonIds } from './absent-reason.ts';
import { clinicalFunctions, deviceClasses } from './device.ts';
import { metricIds } from './metric.ts';
import { postureQuestions } from './rama.ts';
import { messageSignatures } from './signed-message.ts';

/** A topic of this device alone: `{id}` is one whole level of it. */
const topic = z
  .string()
  .regex(/^[a-z0-9{}/-]+$/)
  .refine((text) => text.split('/').includes('{id}'), 'must have {id} as one level')
  .refine((text) => text.split('/').length <= 8, 'at most 8 levels');

const MqttLink = z.strictObject({
  kind: z.literal('mqtt'),
  protocol: z.string(),
  /** Every message is a JWS in compact form that is signed so (docs/enrolment.md); unsigned when left out. */
  signs: z.enum(messageSignatures).optional(),
  /** What the device publishes, by kind of payload. */
  topics: z
    .strictObject({
      observations: topic.default('devices/{id}/observations'),
      alerts: topic.default('devices/{id}/alerts'),
      waveforms: topic.default('devices/{id}/waveforms'),
      status: topic.default('devices/{id}/status'),
    })
    .prefault({}),
});

const LineLink = z.strictObject({
  kind: z.literal('line'),
  protocol: z.string(),
  baudRate: z.int().min(300).max(921_600).describe('bit/s'),
  dataBits: z.literal([7, 8]).default(8),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.literal([1, 2]).default(1),
});

/** Datagrams between one monitor and the gateway; UDP knows no TLS (docs/adr). */
const UdpLink = z.strictObject({
  kind: z.literal('udp'),
  protocol: z.string(),
  /** Where the device takes datagrams. */
  port: z.int().min(1).max(65_535),
  /** Where a device that nobody asked announces itself, by multicast or broadcast. */
  announcesPort: z.int().min(1).max(65_535).optional(),
});

/** The one wire format of admissions. */
const feedProtocol = 'hl7v2-adt';

const ProfileMetric = z.strictObject({
  /** The device's name for it, as the protocol delivers it. */
  field: z.string(),
  metric: z.enum(metricIds),
  /** What the device writes in place of a value, and what that means. */
  absent: z.record(z.string(), z.enum(absentReasonIds)).default({}),
  /** UCUM unit of the device's figure, when it differs from the metric's own. */
  unit: z.string().optional(),
  /**
   * Episodic: a measurement somebody took, kept longest. Periodic: one of an endless row, shed
   * before any episodic one when the disk is full.
   */
  cadence: z.enum(['episodic', 'periodic']).default('periodic'),
});

/** Answers that are the maker’s to give; how it stands in a hospital is seen there (docs/rama.md). */
const SecurityStatements = z.strictObject({
  openService: z.enum(postureQuestions.openService).optional(),
  remoteService: z.enum(postureQuestions.remoteService).optional(),
  radio: z.enum(postureQuestions.radio).optional(),
  support: z.enum(postureQuestions.support).optional(),
  updateSigning: z.enum(postureQuestions.updateSigning).optional(),
  sbom: z.enum(postureQuestions.sbom).optional(),
  identifiersOnLine: z.enum(postureQuestions.identifiersOnLine).optional(),
  storage: z.enum(postureQuestions.storage).optional(),
});

/** What a device is and says. Pure data: the same schema reads the profiles a site adds as JSON. */
export const DeviceProfile = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    manufacturer: z.string(),
    model: z.string(),
    /** ISO/IEEE 11073-10101 device specialization; empty for a feed, which is no device. */
    specialization: z.string().regex(/^(MDC_DEV_.*)?$/),
    /** MDR or IVDR class and clinical function, unless the site says otherwise for one device. */
    class: z.enum(deviceClasses),
    function: z.enum(clinicalFunctions),
    link: z.discriminatedUnion('kind', [MqttLink, LineLink, UdpLink]),
    /**
     * `device`: a patient is bound to the device. `record`: each record names its own subject. `feed`:
     * it measures nothing; it is the hospital's patient administration and says who lies where.
     */
    association: z.enum(['device', 'record', 'feed']).default('device'),
    metrics: z.array(ProfileMetric),
    /**
     * Fields this device sends that are left out on purpose: what they mean has no metric in the
     * nomenclature, or another field already says it. Any further field is rejected and counted.
     */
    omitted: z.array(z.string()).default([]),
    /** The device is called silent after this long without a record. */
    silentAfterMs: z.int().positive(),
    /** The most messages a second a healthy device of this model sends. */
    messagesPerSecondMax: z.number().positive(),
    /** Versions of its software that the maker or the site lists; any when left out. */
    firmware: z.array(z.string().max(32)).max(64).optional(),
    /** The device's own security capabilities, after MDS2 (ANSI/NEMA HN 1). Input to the RAMA score. */
    security: z.strictObject({
      authenticates: z.boolean(),
      encrypts: z.boolean(),
      updatable: z.boolean(),
      /** What its maker states of it; what is left out is unknown, which is never safe. */
      statements: SecurityStatements.prefault({}),
    }),
    /** Document and section each statement above was taken from. */
    sources: z.array(z.string()).min(1),
  })
  .superRefine(({ association, specialization, metrics, link }, context) => {
    const isFeed = association === 'feed';
    const refuse = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    // Both ways: nothing else may move patients, and a feed says nothing else.
    if (isFeed !== (link.protocol === feedProtocol)) {
      refuse('association', `feed and the protocol ${feedProtocol} go together`);
    }
    if (isFeed !== (metrics.length === 0)) refuse('metrics', 'at least one, and none for a feed');
    if (isFeed !== (specialization === '')) refuse('specialization', 'empty for a feed only');
  });

export type DeviceProfile = z.output<typeof DeviceProfile>;
export type ProfileMetric = z.output<typeof ProfileMetric>;

export function defineDeviceProfile(profile: z.input<typeof DeviceProfile>): DeviceProfile {
  return DeviceProfile.parse(profile);
}
