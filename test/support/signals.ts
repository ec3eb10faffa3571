import fc from 'fast-check';
import type { DeviceId } from '../../gateway/core/device.ts';
import { doubts } from '../../gateway/core/doubt.ts';
import { identifierKinds } from '../../gateway/core/identifier.ts';
import { channels, rejectionReasons } from '../../gateway/core/intake.ts';
import { metricIds } from '../../gateway/core/metric.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { actions } from '../../gateway/core/principal.ts';
import type { Signal, SignalKind } from '../../gateway/core/signal.ts';
import { noon } from './wards.ts';

export const device = 'mon-1' as DeviceId;

export const at = fc.integer({ min: 0, max: 4_000_000_000_000 }).map((each) => each as Instant);
/** Anything each kind of signal may say. */
export const signalFields = {
  connected: {},
  handshake: {
    version: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
    cipher: fc.string(),
    isResumed: fc.boolean(),
    certificate: fc.string(),
    algorithms: fc.string(),
  },
  knocks: { count: fc.nat() },
  'taken-over': { isSameAddress: fc.boolean(), wasAlive: fc.boolean() },
  displaced: {},
  subscribed: { topic: fc.string(), filters: fc.nat(), reach: fc.nat() },
  pinged: { count: fc.nat() },
  crowd: { connections: fc.nat(), waiting: fc.nat(), lagMs: fc.nat() },
  'device-swapped': {},
  disconnected: { cause: fc.string() },
  refused: { cause: fc.string() },
  'sign-in-refused': { isLocked: fc.boolean(), isDefault: fc.boolean() },
  'sign-in-early': {},
  'unknown-path': { path: fc.string() },
  'malformed-request': { status: fc.nat({ max: 599 }) },
  'destination-distrusted': { relay: fc.string(), cause: fc.string() },
  'not-advancing': { behindMs: fc.nat() },
  injection: { pattern: fc.string(), where: fc.string() },
  'protocol-violation': { cause: fc.string() },
  'topic-refused': { action: fc.constantFrom('publish', 'subscribe'), topic: fc.string() },
  limit: { limit: fc.string() },
  message: { channel: fc.constantFrom(...channels), bytes: fc.nat(), records: fc.nat() },
  rejected: {
    reason: fc.oneof(fc.constantFrom(...Object.keys(rejectionReasons)), fc.string()),
    detail: fc.string(),
  },
  'identifier-found': {
    what: fc.constantFrom(...identifierKinds, 'known-name'),
    place: fc.constantFrom('input', 'output'),
  },
  departed: { relay: fc.string(), observations: fc.nat(), perSecondMax: fc.nat() },
  exploitable: {
    vulnerability: fc.string(),
    count: fc.nat(),
    dueAt: fc.option(at, { nil: undefined }),
  },
  firmware: {
    fault: fc.constantFrom('unlisted', 'lower', 'changed'),
    version: fc.string(),
  },
  doubtful: {
    check: fc.constantFrom(...Object.keys(doubts)),
    metric: fc.constantFrom(...metricIds),
    apartMs: fc.option(fc.nat(), { nil: undefined }),
  },
  'clock-stepped': { cause: fc.constantFrom('set', 'zone', 'rollover'), stepMs: fc.integer() },
  'patients-beyond': { actor: fc.string() },
  acted: { act: fc.constantFrom('export', 'emergency-override'), actor: fc.string() },
  'glass-unreviewed': { actor: fc.string() },
  deed: {
    actor: fc.string(),
    action: fc.string(),
    hour: fc.nat({ max: 23 }),
    patients: fc.option(fc.nat(), { nil: undefined }),
    bits: fc.float({ min: 0, noNaN: true }),
    actionBits: fc.float({ min: 0, noNaN: true }),
    hourBits: fc.float({ min: 0, noNaN: true }),
    patientsBits: fc.float({ min: 0, noNaN: true }),
    days: fc.float({ min: 0, noNaN: true }),
  },
  'access-refused': { action: fc.constantFrom(...Object.keys(actions)), actor: fc.string() },
  'grace-used': { until: at },
  'behaviour-strange': {
    model: fc.string(),
    score: fc.float({ min: 0, noNaN: true }),
    threshold: fc.float({ min: 0, noNaN: true }),
    isEnrolled: fc.boolean(),
    features: fc.dictionary(fc.string(), fc.float({ noNaN: true })),
  },
  'fleet-strange': {
    model: fc.string(),
    together: fc.nat(),
    identities: fc.nat(),
    features: fc.dictionary(fc.string(), fc.nat()),
    z: fc.dictionary(fc.string(), fc.float({ noNaN: true })),
  },
  'model-strain': { model: fc.string(), devices: fc.nat(), beyond: fc.nat() },
  'alert-rate': {
    source: fc.string(),
    seen: fc.nat(),
    expected: fc.nat(),
    least: fc.nat(),
    withinMs: fc.nat(),
    chance: fc.float({ min: 0, max: 1, noNaN: true }),
  },
  'vital-signs-strange': {
    model: fc.string(),
    score: fc.float({ min: 0, noNaN: true }),
    threshold: fc.float({ min: 0, noNaN: true }),
    features: fc.array(fc.string()),
  },
  'model-refused': { model: fc.string(), reason: fc.string() },
  'line-opened': {},
  'line-closed': { cause: fc.string() },
  'line-damaged': { discardedBytes: fc.nat() },
  'program-changed': {
    path: fc.string(),
    change: fc.constantFrom('changed', 'added', 'removed'),
  },
  'site-files-struck': {
    path: fc.string(),
    sign: fc.constantFrom('scrambled', 'canary'),
    restored: fc.nat(),
    ended: fc.nat(),
  },
  'settings-file-changed': { path: fc.string() },
  'process-unknown': { name: fc.string(), isEnded: fc.boolean() },
  'usb-attached': {
    vendor: fc.string(),
    product: fc.string(),
    use: fc.constantFrom('storage', 'input', 'other'),
  },
  undervoltage: {},
  'case-opened': {},
  'restarted-without-order': {},
  'destination-unknown': { remote: fc.string(), port: fc.nat() },
  'trail-damaged': { sequence: fc.nat(), problem: fc.string() },
  egress: { remote: fc.string(), port: fc.nat(), isRefused: fc.boolean() },
  'egress-spread': { destinations: fc.nat(), refused: fc.nat() },
  'wall-clock-set': { stepMs: fc.integer(), isFollowed: fc.boolean() },
  tick: { monotonicMs: fc.nat() },
  quiet: { quietMs: fc.nat(), isBound: fc.boolean() },
  heard: { quietMs: fc.nat() },
  stranger: { address: fc.string(), count: fc.nat() },
} satisfies Record<SignalKind, object>;

export const times = (count: number, everyMs: number, make: (at: Instant) => Signal): Signal[] =>
  Array.from({ length: count }, (_, index) => make((noon + index * everyMs) as Instant));

export function messageAt(at: Instant): Signal {
  return { kind: 'message', at, device, channel: 'observations', bytes: 200, records: 1 };
}
