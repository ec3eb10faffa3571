import { expect, it, onTestFinished } from 'vitest';
import type { EventFields, EventName } from '../../gateway/core/event.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { credentialsOf } from '../../gateway/demo/ward.ts';
import { startGateway } from '../../gateway/gateway.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { packet, subscribe } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { makeSite, temporaryFolder, until } from '../support/site.ts';

const dayMs = 86_400_000;
const heardWithinMs = 2_000;
/** Of every fall and every time. */
const toleranceShare = 0.05;
/** docs/rama.md, in figures of its own: a monitor of class IIb, and the most that threats may take. */
const criticality = 1.05 + 0.05;
const threatWeight = 0.7;
const blocked = 0.25;

/** What is provoked, how bad it is at first, and when half of it is forgotten. */
const kinds = {
  'topic-abuse': { badness: 0.6 * 0.95 * blocked, halfLifeMs: 7 * dayMs, provoke: subscribe('#') },
  // Packet type 15 is reserved: MQTT 3.1.1, table 2.1.
  'malformed-traffic': {
    badness: 0.3 * 0.8 * blocked,
    halfLifeMs: 3 * dayMs,
    provoke: packet(0xf0),
  },
} as const;
type Kind = keyof typeof kinds;

const detections = Array.from({ length: 20 }, (_, index): { id: string; kind: Kind } => ({
  id: `mon-${index + 1}`,
  kind: index % 2 === 0 ? 'topic-abuse' : 'malformed-traffic',
}));
/** Beside them, and nothing happens to it: its posture ages as theirs does. */
const control = 'mon-control';

async function start() {
  const folder = temporaryFolder('rama-replay');
  onTestFinished(() => folder.remove());
  const ids = [control, ...detections.map(({ id }) => id)];
  await makeSite(
    folder.path,
    ids.map((id) => ({ id, profile: 'generic-vital-signs-monitor' })),
  );
  let aheadMs = 0;
  const now = () => (Date.now() + aheadMs) as Instant;
  const logged: { event: EventName; fields: EventFields; at: Instant }[] = [];
  const gateway = await startGateway({
    directory: folder.path,
    log: (event, fields = {}) => void logged.push({ event, fields, at: now() }),
    now,
    monotonicMs: () => performance.now() + aheadMs,
    chance: Math.random,
    onFault: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => gateway.stop());
  const { store } = openSiteStore(folder.path);
  onTestFinished(() => store.close());
  const pki = openSitePki(folder.path);
  const connect = async (id: string) => {
    const { ca, ...shown } = await credentialsOf(pki, id, now());
    const client = await RawClient.connected(gateway.mqttPort, ca, shown, { clientId: id });
    onTestFinished(() => void client.socket.destroy());
    return client;
  };
  const pointOf = (id: string) => store.ramaPoints.of(id, 'hour', 1)[0];
  return {
    store,
    logged,
    connect,
    ids,
    score: (id: string) => pointOf(id)?.score ?? Number.NaN,
    /** Later, and every score is of then. */
    async pass(ms: number) {
      aheadMs += ms;
      const since = now() - 3_600_000;
      await until('the scores of later', () => ids.every((id) => (pointOf(id)?.at ?? 0) > since));
    },
  };
}

/** How bad the threats to a device are, by what they took beside the control’s score. */
function badnessOf(score: number, untouched: number): number {
  return (1 - (score / untouched) ** (1 / criticality)) / threatWeight;
}

function expectNear(value: number, wanted: number, what: string): void {
  expect(Math.abs(value / wanted - 1), `${what}: ${value}, not ${wanted}`).toBeLessThan(
    toleranceShare,
  );
}

it('falls within two seconds of each of twenty detections, and recovers by half-life', async () => {
  const { store, logged, connect, ids, score, pass } = await start();
  await until('the first scores', () => ids.every((id) => score(id) > 0));
  const unseen = score(control);
  const clients = new Map<string, RawClient>();
  for (const id of ids) clients.set(id, await connect(id));
  // A handshake is good news, and is scored first.
  await until('what the handshakes showed', () => ids.every((id) => score(id) > unseen));
  const before = score(control);
  expect(ids.map((id) => score(id))).toEqual(ids.map(() => before));

  const from = logged.length;
  for (const { id, kind } of detections) clients.get(id)?.send(kinds[kind].provoke);
  const heard = (id: string) =>
    logged
      .slice(from)
      .find(({ event, fields }) => event === 'rama.changed' && fields['device'] === id);
  await until('every score to fall', () => detections.every(({ id }) => heard(id)));
  for (const { id, kind } of detections) {
    const { badness } = kinds[kind];
    const [episode] = store.journal.episodes.of(id, 0);
    expect(episode).toMatchObject({ detector: kind, count: 1 });
    expect((heard(id)?.at ?? 0) - (episode?.at ?? 0)).toBeLessThanOrEqual(heardWithinMs);
    const fall = before * (1 - (1 - threatWeight * badness) ** criticality);
    expectNear(before - score(id), fall, `the fall of ${id}`);
  }
  expect(score(control)).toBe(before);

  const first = new Map(ids.map((id) => [id, badnessOf(score(id), before)]));
  let passedMs = 0;
  for (const halfLifeMs of [3 * dayMs, 7 * dayMs]) {
    await pass(halfLifeMs - passedMs);
    passedMs = halfLifeMs;
    for (const { id, kind } of detections) {
      const left = badnessOf(score(id), score(control)) / (first.get(id) ?? 0);
      expectNear(passedMs / -Math.log2(left), kinds[kind].halfLifeMs, `the half-life of ${id}`);
    }
  }
}, 120_000);
