import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GivenRelay } from '../gateway/config.ts';
import { type FhirFault, startFhirHospital } from '../gateway/hospital/fhir-hospital.ts';
import { type Hl7Fault, startHl7Hospital } from '../gateway/hospital/hl7-hospital.ts';
import { readBridged } from '../test/support/bridged.ts';
import {
  makeHospitalCertificate,
  type TestCertificate,
} from '../test/support/hospital-certificate.ts';
import { startMosquitto } from '../test/support/mosquitto.ts';
import {
  byPublicKey,
  startWebhookReceiver,
  type WebhookFault,
} from '../test/support/webhook-receiver.ts';
import type { WardClock } from './clock.ts';
import { type Fact, fhirFacts, jsonFacts } from './facts.ts';
import { layWire, type Wire } from './wire.ts';

/** Where released data goes, by a wire that breaks on command, and what the other side has of it. */
export interface Destination {
  readonly id: string;
  /** Its entry of the settings. */
  readonly settings: GivenRelay;
  readonly wire: Wire;
  /** The ways in which what stands there fails without refusing anything for good. */
  readonly faults: readonly string[];
  setFault(fault: string): void;
  /** Once all that was taken has arrived. */
  facts(): Promise<readonly Fact[]>;
  readonly counts: () => DestinationCounts;
  close(): Promise<void>;
}

/** In observations; of a webhook in requests. */
interface DestinationCounts {
  /** It came again, and there is still one. */
  readonly sentAgain: number;
  /** It came again, and is there twice, or with another content. */
  readonly storedTwice: number;
}

export interface DestinationsSite {
  readonly directory: string;
  readonly clock: WardClock;
  /** When an observation arrived, where the destination says so. */
  readonly onArrival: (destination: string, observationId: string) => void;
}

const host = '127.0.0.1';
const observationsMax = 20_000_000;
/** A gateway waits less than this for an answer. */
const slowMs = 3_000;
const timeoutMs = 2_000;
const ca = 'hospital.pem';

/** One of each kind, under one certificate. */
export async function startDestinations(site: DestinationsSite): Promise<readonly Destination[]> {
  const tls = await makeHospitalCertificate(host);
  writeFileSync(join(site.directory, ca), tls.ca);
  return Promise.all(
    [startFhir, startHl7, startBroker, startWebhook].map((start) => start(tls, site)),
  );
}

async function startFhir(tls: TestCertificate, site: DestinationsSite): Promise<Destination> {
  const hospital = await startFhirHospital({
    ...{ key: tls.key, cert: tls.cert, host, slowMs, resourcesMax: observationsMax },
    record: (ids) => {
      for (const id of ids) site.onArrival('fhir', id);
    },
  });
  const wire = await layWire(hospital.port);
  return {
    id: 'fhir',
    settings: { id: 'fhir', use: 'fhir', url: `https://${host}:${wire.port}/fhir`, ca, timeoutMs },
    wire,
    faults: ['500', '503-retry-after', 'slow', 'html', 'truncated', 'cut-after-store'],
    setFault: (fault) => hospital.setFault(fault as FhirFault),
    facts: async () => fhirFacts(hospital.stored),
    counts: () => ({
      sentAgain: hospital.counts.repeated,
      storedTwice: hospital.counts.duplicates,
    }),
    close: () => closeBoth(wire, hospital),
  };
}

async function startHl7(tls: TestCertificate): Promise<Destination> {
  const { key, cert } = tls;
  const hospital = await startHl7Hospital({ key, cert, host, lateMs: slowMs, observationsMax });
  const wire = await layWire(hospital.port);
  return {
    id: 'hl7v2',
    settings: { id: 'hl7v2', use: 'hl7v2', host, port: wire.port, ca, timeoutMs },
    wire,
    faults: ['AE-207', 'silent', 'late', 'wrong-id', 'double', 'junk', 'cut-after-store', 'split'],
    setFault: (fault) => hospital.setFault(fault as Hl7Fault),
    // What the device itself printed is not said in HL7 v2: its observations are known by their ids.
    facts: async () => [...hospital.stored].map(([id]) => ({ id, copy: id })),
    counts: () => ({
      sentAgain: hospital.counts.repeated,
      storedTwice: hospital.counts.duplicates,
    }),
    close: () => closeBoth(wire, hospital),
  };
}

/** It is frozen, never killed: mosquitto forgets what it acknowledged, and that is its own doing. */
async function startBroker(tls: TestCertificate): Promise<Destination> {
  const unbounded = ['max_queued_messages 0', 'max_inflight_messages 0'];
  const broker = await startMosquitto(tls, ['allow_anonymous true', ...unbounded]);
  const reader = await readBridged(broker.port, tls.ca);
  const wire = await layWire(broker.port);
  const told = () => reader.messages.flatMap(({ text }) => jsonFacts(text));
  return {
    id: 'mqtt',
    settings: { id: 'mqtt', use: 'mqtt', host, port: wire.port, ca, timeoutMs },
    wire,
    faults: ['frozen'],
    setFault: (fault) => (fault === 'none' ? broker.thaw() : broker.freeze()),
    async facts() {
      await reader.settled();
      return told();
    },
    counts() {
      const all = told();
      const ids = new Set(all.map(({ id }) => id));
      // Whoever reads keeps what has one id once: it must mean the same each time.
      const meanings = new Set(all.map(({ id, said }) => JSON.stringify([id, said])));
      return { sentAgain: all.length - ids.size, storedTwice: meanings.size - ids.size };
    },
    async close() {
      broker.thaw();
      await reader.close();
      await closeBoth(wire, broker);
    },
  };
}

async function startWebhook(
  tls: TestCertificate,
  { directory, clock }: DestinationsSite,
): Promise<Destination> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const signingKey = 'webhook.pem';
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(directory, signingKey), pem, { mode: 0o600 });
  const receiver = await startWebhookReceiver(tls, byPublicKey(publicKey), clock.now);
  const wire = await layWire(receiver.port);
  const url = `https://${host}:${wire.port}/hook`;
  const signing = { signingKey, signingKeyId: 'chaos' };
  return {
    id: 'webhook',
    settings: { id: 'webhook', use: 'webhook', url, ca, timeoutMs, ...signing },
    wire,
    faults: ['409', '500', '503-retry-after', 'slow', 'html', 'truncated', 'cut-after-store'],
    setFault: (fault) => receiver.setFault(fault as WebhookFault),
    facts: async () => [...receiver.stored].flatMap(([key, body]) => jsonFacts(body, key)),
    // One under two keys is found as two copies.
    counts: () => ({ sentAgain: receiver.repeated(), storedTwice: 0 }),
    close: () => closeBoth(wire, receiver),
  };
}

async function closeBoth(wire: Wire, far: { close(): Promise<void> }): Promise<void> {
  await far.close();
  await wire.close();
}
