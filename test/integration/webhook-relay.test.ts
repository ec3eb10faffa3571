import { createHmac, generateKeyPairSync, timingSafeEqual } from 'node:crypto';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RelayConnection } from '../../gateway/core/relay.ts';
import webhook from '../../gateway/relays/webhook.ts';
import { makeHospitalCertificate, type TestCertificate } from '../support/hospital-certificate.ts';
import { outboxEntry, released } from '../support/released.ts';
import { byPublicKey, startWebhookReceiver } from '../support/webhook-receiver.ts';

let tls: TestCertificate;
beforeAll(async () => {
  tls = await makeHospitalCertificate();
});

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

async function startReceiver(isGenuine = byPublicKey(publicKey), now = Date.now) {
  const receiver = await startWebhookReceiver(tls, isGenuine, now);
  onTestFinished(() => receiver.close());
  return receiver;
}

function connect(port: number, secret = pem, more: object = {}, now = Date.now): RelayConnection {
  const options = webhook.options.parse({
    url: `https://127.0.0.1:${port}/hook`,
    ca: 'ca',
    signingKey: 'pki/webhook.pem',
    signingKeyId: 'ward-3b',
    ...more,
  });
  const connection = webhook.connect(options, {
    channel: 'data',
    now,
    readFile: () => Buffer.from(tls.ca),
    readSecret: () => Buffer.from(secret),
  });
  onTestFinished(() => connection.close());
  return connection;
}

const entries = ['a.0', 'b.0', 'c.0'].map((id, index) => outboxEntry([released({ id })], index));

describe('a signature', () => {
  it('by a shared secret is verified with the text both sides have', async () => {
    const secret = 'Zk3vJ8qPp2Yd6Tn0Rw5Xb9Lc1Hf4Ma7S';
    const { port, stored, forged } = await startReceiver((base, signature) =>
      timingSafeEqual(createHmac('sha256', secret).update(base).digest(), signature),
    );
    const connection = connect(port, `${secret}\n`, { signature: 'hmac-sha256' });
    expect(await connection.send(entries)).toEqual({ outcome: 'delivered' });
    expect(stored.size).toBe(entries.length);
    expect(forged).toEqual([]);
  });

  it('says when it was made by the gateway’s own time, whatever the wall clock shows', async () => {
    const now = () => Date.UTC(2031, 5, 1);
    const { port, forged } = await startReceiver(byPublicKey(publicKey), now);
    expect(await connect(port, pem, {}, now).send(entries)).toEqual({ outcome: 'delivered' });
    expect(forged).toEqual([]);
  });

  it('by a key the receiver does not know is not believed, and nothing is set aside for it', async () => {
    const { port, stored, forged } = await startReceiver();
    const other = generateKeyPairSync('ed25519').privateKey;
    const stranger = other.export({ type: 'pkcs8', format: 'pem' }).toString();
    const delivery = await connect(port, stranger).send(entries);
    expect(delivery).toMatchObject({ outcome: 'retry', cause: 'HTTP 401' });
    expect(stored.size).toBe(0);
    expect(new Set(forged)).toEqual(new Set(['signature']));
  });

  it.each([
    ['no key at all', '', {}],
    ['an RSA key', rsaKey(), {}],
    ['a secret that is too short', 'secret', { signature: 'hmac-sha256' }],
  ])('cannot be made by %s: the gateway says so at its start', (_, secret, more) => {
    expect(() => connect(1, secret, more)).toThrow(
      expect.objectContaining({ code: 'config-invalid' }),
    );
  });
});

describe('an idempotency key', () => {
  it('stands for one record, whatever was sent beside it', async () => {
    const { port, stored, duplicates } = await startReceiver();
    const connection = connect(port);
    await connection.send(entries);
    for (const entry of entries) await connection.send([entry]);
    expect(stored.size).toBe(entries.length);
    expect(duplicates()).toBe(0);
  });
});

describe('a batch', () => {
  it('arrives in the order of each device', async () => {
    const { port, stored } = await startReceiver();
    const row = Array.from({ length: 32 }, (_, index) =>
      outboxEntry([released({ id: `${index}.0`, device: `_${index % 3}` })], index),
    );
    expect(await connect(port).send(row)).toEqual({ outcome: 'delivered' });
    const arrived = [...stored.values()].map((body) => JSON.parse(body).observations[0]);
    for (const device of ['_0', '_1', '_2']) {
      const ids = arrived
        .filter((one) => one.device === device)
        .map(({ id }) => Number.parseInt(id, 10));
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    }
  });

  it('of which one is refused says which, and that those before it are there', async () => {
    const receiver = await startReceiver();
    const connection = connect(receiver.port);
    receiver.setFault('422-one', 'c.0');
    expect(await connection.send(entries)).toEqual({ outcome: 'delivered', entryCount: 2 });
    const refused = { outcome: 'refused', cause: 'HTTP 422', entryCount: 1 };
    expect(await connection.send(entries.slice(2))).toEqual(refused);
    expect(receiver.stored.size).toBe(2);
  });

  it('of which the first is refused is narrowed at once, whatever became of the others', async () => {
    const receiver = await startReceiver();
    const others = ['_b', '_c'].map((device) => outboxEntry([released({ id: device, device })]));
    receiver.setFault('422-one', 'a.0');
    const delivery = await connect(receiver.port).send([...entries.slice(0, 1), ...others]);
    expect(delivery).toEqual({ outcome: 'refused', cause: 'HTTP 422', entryCount: 1 });
  });

  it('waits as long as the receiver asks', async () => {
    const { port, setFault } = await startReceiver();
    setFault('503-retry-after');
    expect(await connect(port).send(entries)).toEqual({
      outcome: 'retry',
      cause: 'HTTP 503',
      afterMs: 7_000,
    });
  });
});

function rsaKey(): string {
  const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
