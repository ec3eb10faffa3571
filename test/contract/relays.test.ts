import { generateKeyPairSync } from 'node:crypto';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Released } from '../../gateway/core/observation.ts';
import { Phi } from '../../gateway/core/phi.ts';
import {
  type Delivery,
  probeAfterMs,
  type Relay,
  type RelayConnection,
  type RelayContext,
} from '../../gateway/core/relay.ts';
import { type FhirFault, startFhirHospital } from '../../gateway/hospital/fhir-hospital.ts';
import { type Hl7Fault, startHl7Hospital } from '../../gateway/hospital/hl7-hospital.ts';
import { readBridged } from '../support/bridged.ts';
import { type CuttingLine, type Direction, startCuttingLine } from '../support/cutting-line.ts';
import { makeHospitalCertificate, type TestCertificate } from '../support/hospital-certificate.ts';
import { startMosquitto } from '../support/mosquitto.ts';
import { outboxEntry, released } from '../support/released.ts';
import {
  byPublicKey,
  startWebhookReceiver,
  type WebhookFault,
} from '../support/webhook-receiver.ts';

/**
 * The promises every relay makes. A file is under test from the moment it exists in
 * gateway/relays; what it needs is a destination of its kind here.
 */
const folder = join(import.meta.dirname, '../../gateway/relays');

type Probing = (probe: () => Promise<string | undefined>) => Promise<string | undefined>;

/** A real destination that fails on command and keeps count. */
interface Destination {
  readonly port: number;
  optionsFor(port: number): unknown;
  /** Every way it can fail, and what the relay must call it. */
  readonly faults: Readonly<Record<string, Delivery['outcome']>>;
  /** What a relay reads as its secret. */
  readonly secret?: string;
  setFault(fault: string, observationId: string): void | Promise<void>;
  /** Resolves when what was taken has arrived where it is counted. */
  settled?(): Promise<void>;
  /** Observations stored more than once. */
  duplicates(): number;
  holds(id: string): boolean;
  /** What it holds, whatever it is about. */
  storedCount(): number;
  close(): Promise<void>;
}

const destinations: Readonly<Record<string, (tls: TestCertificate) => Promise<Destination>>> = {
  async fhir(tls) {
    const hospital = await startFhirHospital({ key: tls.key, cert: tls.cert, slowMs: 60_000 });
    const faults: Record<FhirFault, Delivery['outcome']> = {
      none: 'delivered',
      down: 'retry',
      '500': 'retry',
      '503-retry-after': 'retry',
      slow: 'unknown',
      html: 'unknown',
      truncated: 'unknown',
      'cut-after-store': 'unknown',
      '422-one': 'refused',
    };
    return {
      port: hospital.port,
      optionsFor: (port) => ({
        url: `https://127.0.0.1:${port}/fhir`,
        timeoutMs: 1_000,
        ca: 'hospital.pem',
      }),
      faults,
      setFault: (fault, id) => hospital.setFault(fault as FhirFault, id),
      duplicates: () => hospital.counts.duplicates,
      holds: (id) => hospital.stored.has(id),
      storedCount: () => hospital.stored.size,
      close: () => hospital.close(),
    };
  },
  async hl7v2(tls) {
    const hospital = await startHl7Hospital({ key: tls.key, cert: tls.cert, lateMs: 60_000 });
    const faults: Record<Hl7Fault, Delivery['outcome']> = {
      none: 'delivered',
      commit: 'delivered',
      down: 'retry',
      AE: 'refused',
      'AE-207': 'retry',
      AR: 'retry',
      CR: 'retry',
      deaf: 'unknown',
      silent: 'unknown',
      late: 'unknown',
      'wrong-id': 'unknown',
      split: 'delivered',
      double: 'delivered',
      junk: 'unknown',
      'cut-after-store': 'unknown',
      'AE-one': 'refused',
    };
    return {
      port: hospital.port,
      optionsFor: (port) => ({ host: '127.0.0.1', port, timeoutMs: 1_000, ca: 'hospital.pem' }),
      faults,
      setFault: (fault, id) => hospital.setFault(fault as Hl7Fault, id),
      duplicates: () => hospital.counts.duplicates,
      holds: (id) => hospital.stored.has(id),
      storedCount: () => hospital.stored.size,
      close: () => hospital.close(),
    };
  },

  async mqtt(tls) {
    const broker = await startMosquitto(tls);
    const reader = await readBridged(broker.port, tls.ca);
    // Ends TLS itself, so that a PUBACK can be lost that the broker has sent.
    const line = await startCuttingLine(broker.port, tls);
    const connackBytes = 4;
    let lasting: string | undefined;
    return {
      port: line.port,
      optionsFor: (port) => ({ host: '127.0.0.1', port, timeoutMs: 1_000, ca: 'hospital.pem' }),
      faults: {
        none: 'delivered',
        down: 'retry',
        frozen: 'retry',
        'cut-after-store': 'unknown',
      },
      async setFault(fault) {
        if (lasting === 'down') await broker.start().then(() => reader.reconnect());
        if (lasting === 'frozen') broker.thaw();
        lasting = fault;
        if (fault === 'down') await broker.kill();
        if (fault === 'frozen') broker.freeze();
        const isCut = fault === 'cut-after-store';
        line.setCut(isCut ? { direction: 'response', afterBytes: connackBytes } : undefined);
      },
      settled: () => reader.settled(),
      duplicates: () => reader.changed(),
      holds: (id) => reader.holds(id),
      storedCount: () => reader.messages.length,
      async close() {
        await reader.close();
        await line.close();
        await broker.close();
      },
    };
  },

  async webhook(tls) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const receiver = await startWebhookReceiver(tls, byPublicKey(publicKey));
    const faults: Record<WebhookFault, Delivery['outcome']> = {
      none: 'delivered',
      down: 'retry',
      '401': 'retry',
      '409': 'retry',
      '500': 'retry',
      '503-retry-after': 'retry',
      redirect: 'retry',
      slow: 'unknown',
      html: 'unknown',
      truncated: 'unknown',
      'cut-after-store': 'unknown',
      '422-one': 'refused',
      // The other record is stored.
      '500-one': 'unknown',
    };
    return {
      port: receiver.port,
      optionsFor: (port) => ({
        url: `https://127.0.0.1:${port}/hook`,
        timeoutMs: 1_000,
        ca: 'hospital.pem',
        signingKey: 'pki/webhook.pem',
        signingKeyId: 'ward-3b',
      }),
      faults,
      secret: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      setFault: (fault, id) => receiver.setFault(fault as WebhookFault, id),
      duplicates: () => receiver.duplicates(),
      holds: (id) => receiver.holds(id),
      storedCount: () => receiver.stored.size,
      close: () => receiver.close(),
    };
  },
};

/** The records of one batch; every batch has ids of its own. */
let batches = 0;
function nextBatch() {
  batches += 1;
  const spo2 = released({ id: `batch${batches}.0` });
  const rate = released({ id: `batch${batches}.1`, metric: 'MDC_PULS_OXIM_PULS_RATE', value: 71 });
  const other = released({
    id: `batch${batches}.2`,
    device: '_other',
    absent: 'sensor-off',
    value: undefined,
  });
  return {
    ids: [spo2.id, rate.id, other.id],
    entries: [outboxEntry([spo2, rate], 1), outboxEntry([other], 2)],
  };
}

/** Relays that can send in more than one way keep every promise in each. */
const modes: Readonly<Record<string, readonly object[]>> = {
  'fhir.ts': [{ mode: 'transaction' }, { mode: 'single' }],
};
const runs = globSync('*.ts', { cwd: folder }).flatMap((name) =>
  (modes[name] ?? [{}]).map((mode) => ({ name, mode })),
);

describe.each(runs)('$name $mode', async ({ name, mode }) => {
  const relay: Relay = (await import(join(folder, name))).default;
  let tls: TestCertificate;
  let destination: Destination;

  beforeAll(async () => {
    const start = destinations[relay.id];
    if (!start) throw new Error(`no destination to test ${name} against`);
    tls = await makeHospitalCertificate();
    const started = await start(tls);
    const optionsFor = (port: number) => ({ ...(started.optionsFor(port) as object), ...mode });
    destination = { ...started, optionsFor };
  });
  afterAll(() => destination?.close());

  const context: RelayContext = {
    channel: 'data',
    now: () => Date.now(),
    readFile: () => Buffer.from(tls.ca),
    readSecret: () => Buffer.from(destination.secret ?? ''),
  };

  async function sendBy(port: number, entries: Parameters<RelayConnection['send']>[0]) {
    const connection = relay.connect(relay.options.parse(destination.optionsFor(port)), context);
    try {
      return await connection.send(entries);
    } finally {
      connection.close();
    }
  }

  /** Whatever happened to the first sending, the second one leaves each observation there once. */
  async function expectStoredOnceAfter(
    first: Delivery,
    batch: ReturnType<typeof nextBatch>,
    again: RelayConnection['send'] = (entries) => sendBy(destination.port, entries),
  ) {
    if (first.outcome === 'delivered') {
      await destination.settled?.();
      const said = batch.entries.slice(0, first.entryCount).flatMap((one) => one.observations);
      expect(said.filter(({ id }) => !destination.holds(id))).toEqual([]);
    }
    let left = batch.entries;
    while (left.length > 0) left = left.slice(deliveredOf(await again(left), left.length));
    await destination.settled?.();
    expect(batch.ids.filter((id) => !destination.holds(id))).toEqual([]);
    expect(destination.duplicates()).toBe(0);
  }

  it('is called what its file is called, and describes every option', () => {
    expect(`${relay.id}.ts`).toBe(name);
    expect(relay.batchMax).toBeGreaterThan(0);
    const { additionalProperties, properties } = z.toJSONSchema(relay.options, { io: 'input' });
    expect(additionalProperties).toBe(false);
    for (const [option, { description }] of Object.entries(properties ?? {}) as [
      string,
      { description?: string },
    ][]) {
      expect(description, option).toMatch(/\w+/);
    }
  });

  it('refuses an option nobody knows', () => {
    const options = { ...(destination.optionsFor(1) as object), rejectUnauthorized: false };
    expect(relay.options.safeParse(options).success).toBe(false);
    expect(relay.options.safeParse(destination.optionsFor(1)).success).toBe(true);
  });

  it('calls every failure by its name, and stores once when the failure is over', async () => {
    for (const [fault, outcome] of Object.entries(destination.faults)) {
      const batch = nextBatch();
      await destination.setFault(fault, batch.ids[1] ?? '');
      const first = await sendBy(destination.port, batch.entries);
      expect(first.outcome, fault).toBe(outcome);
      await destination.setFault('none', '');
      await expectStoredOnceAfter(first, batch);
    }
  });

  /** How many entries of a batch without trouble were delivered; the forwarder sends the rest again. */
  function deliveredOf(delivery: Delivery, entryCount: number): number {
    expect(delivery.outcome).toBe('delivered');
    const count = delivery.outcome === 'delivered' ? (delivery.entryCount ?? entryCount) : 0;
    expect(count).toBeGreaterThan(0);
    return count;
  }

  it.each<[Direction, boolean, number]>([
    ['request', false, 23],
    ['response', false, 23],
    ['request', true, 17],
    ['response', true, 1],
  ])(
    'survives a line cut anywhere in the %s (inside TLS: %s), every %i bytes',
    async (direction, isInside, step) => {
      const line = await startCuttingLine(destination.port, isInside ? tls : undefined);
      const straight = relay.connect(
        relay.options.parse(destination.optionsFor(destination.port)),
        context,
      );
      try {
        const whole = nextBatch();
        await expectStoredOnceAfter({ outcome: 'unknown', cause: 'never sent' }, whole, (entries) =>
          sendBy(line.port, entries),
        );
        const bytes = line.passed(direction).length;
        // A CONNACK and two PUBACKs are 12.
        expect(bytes).toBeGreaterThanOrEqual(12);
        for (let afterBytes = 0; afterBytes < bytes; afterBytes += step) {
          line.setCut({ direction, afterBytes });
          await expectCutSurvived(line, straight, `cut after ${afterBytes}`);
        }
      } finally {
        straight.close();
        await line.close();
      }
    },
  );

  async function expectCutSurvived(line: CuttingLine, straight: RelayConnection, where: string) {
    const batch = nextBatch();
    const first = await sendBy(line.port, batch.entries);
    expect(['unknown', 'retry', 'delivered'], where).toContain(first.outcome);
    // "retry" claims that nothing was stored; only "unknown" may be wrong about it.
    if (first.outcome === 'retry') {
      await destination.settled?.();
      expect(batch.ids.filter((id) => destination.holds(id))).toEqual([]);
    }
    await expectStoredOnceAfter(first, batch, straight.send);
  }

  /** What a connection over the line makes of it when it falls silent, and when it speaks again. */
  async function probesOver(line: CuttingLine, timeoutMs: number, silent: Probing) {
    const options = { ...(destination.optionsFor(line.port) as object), timeoutMs };
    const connection = relay.connect(relay.options.parse(options), context);
    const probe = async () => (await connection.probe?.())?.outcome;
    try {
      const batch = nextBatch();
      await expectStoredOnceAfter({ outcome: 'unknown', cause: 'never sent' }, batch, (entries) =>
        connection.send(entries),
      );
      const storedCount = destination.storedCount();
      expect(await probe()).toBe('delivered');
      line.setSilent(true);
      expect(['unknown', 'retry']).toContain(await silent(probe));
      line.setSilent(false);
      expect(await probe()).toBe('delivered');
      await destination.settled?.();
      expect(destination.storedCount()).toBe(storedCount);
      await expectStoredOnceAfter({ outcome: 'unknown', cause: 'sent' }, batch, (entries) =>
        connection.send(entries),
      );
    } finally {
      connection.close();
    }
  }

  it('asks an idle destination for an answer, which stores nothing, and notices a half-open line', async () => {
    const line = await startCuttingLine(destination.port);
    try {
      await probesOver(line, 1_000, (probe) => probe());
    } finally {
      await line.close();
    }
  });

  it('lets nothing that is to be sent wait for the answer to a question', async () => {
    const options = relay.options.parse(destination.optionsFor(destination.port));
    const connection = relay.connect(options, context);
    try {
      expect((await connection.probe?.())?.outcome).toBe('delivered');
      const asked = connection.probe?.();
      const batch = nextBatch();
      const first = await connection.send(batch.entries);
      expect(first.outcome).toBe('delivered');
      await asked;
      await expectStoredOnceAfter(first, batch, (entries) => connection.send(entries));
    } finally {
      connection.close();
    }
  });

  it('notices a half-open line in 30 s, however long an answer may take otherwise', async () => {
    const line = await startCuttingLine(destination.port);
    try {
      await probesOver(line, 30_000, async (probe) => {
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
        try {
          const asked = probe();
          // Before its turn comes, it rested for a second at most.
          await vi.advanceTimersByTimeAsync(30_000 - probeAfterMs - 1_000);
          return await asked;
        } finally {
          vi.useRealTimers();
        }
      });
    } finally {
      await line.close();
    }
  });

  it('says with each record its place in the order of arrival', async () => {
    const line = await startCuttingLine(destination.port, tls);
    try {
      const [entry] = nextBatch().entries;
      const order = 5_000_000_123;
      const sent = await sendBy(line.port, entry ? [{ ...entry, order }] : []);
      expect(sent.outcome).toBe('delivered');
      expect(line.passed('request').toString()).toContain(`${order}`);
    } finally {
      await line.close();
    }
  });

  it('lets no person’s data out, whatever was cast to be released', async () => {
    const line = await startCuttingLine(destination.port, tls);
    const places = [
      'id',
      'device',
      'subject',
      'performer',
      'note',
      'value',
      'deviceTime',
      'metric',
      'at',
      'clock',
    ];
    const wrong = fc.dictionary(
      fc.constantFrom(...places),
      fc.constant(new Phi('4711-Mustermann')),
      { minKeys: 1 },
    );
    const kind = fc.constantFrom('numeric', 'enumeration', 'alert');
    try {
      await fc.assert(
        fc.asyncProperty(wrong, kind, fc.nat(), async (changes, kindOf, id) => {
          const alert = { event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' };
          const one = released({ id: `phi${id}`, ...alert, kind: kindOf, ...changes });
          const delivery = await sendBy(line.port, [outboxEntry([one as Released])]);
          const left = `${line.passed('request')}${JSON.stringify(delivery)}`;
          expect(left).not.toMatch(/4711|Mustermann/);
          const isNamed = ['device', 'subject'].some((place) => place in changes);
          if (isNamed) expect(delivery.outcome).toBe('refused');
        }),
        { numRuns: 100 },
      );
    } finally {
      await line.close();
    }
  });
});
