import { setTimeout as delay } from 'node:timers/promises';
import type { Credentials } from '../gateway/demo/ward.ts';
import { publish } from '../gateway/players/mqtt-packets.ts';
import { RawClient } from '../gateway/players/raw-mqtt-client.ts';
import { defineAttack } from './attack.ts';
import { forgedValue, message } from './forger.ts';
import { eventually, host, type Stored, victimId, type Ward } from './ward.ts';

const speaksEveryMs = 200;
/** How soon whoever lost the connection is back. */
const backAfterMs = 300;
const tries = 3;
const noticedMs = 30_000;
/** From the finding until what is said is marked, and what is counted after it. */
const afterwardsMs = 2_000;

interface Marked extends Stored {
  readonly interpretation?: readonly { readonly coding?: readonly { readonly code?: string }[] }[];
}

export default defineAttack({
  threat: 'D02',
  detector: 'session-flapping',
  title: 'Key and certificate of a live device, copied to a machine behind the same address',

  async run(ward) {
    const credentials = await ward.credentialsOf(victimId);
    const owner = play(ward, credentials, 97, 60);
    await eventually(() => owner.said > 2, noticedMs);
    // Another program, as its keep-alive shows.
    let entered = 0;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const client = await open(ward, credentials, 30).catch(() => undefined);
      if (client !== undefined) entered += 1;
      client?.socket.destroy();
    }
    const undisturbed = owner.connections === 1;
    // The same program: nothing tells the two apart.
    const copy = play(ward, credentials, forgedValue, 60);
    await eventually(
      () => ward.findings.some(({ detector }) => detector === 'session-flapping'),
      noticedMs,
    );
    await delay(afterwardsMs);
    const markedSince = Date.now();
    await delay(afterwardsMs);
    await Promise.all([owner.stop(), copy.stop()]);
    const stored = (await ward.storedOf(victimId)) as readonly Marked[];
    const later = stored.filter(
      ({ effectiveDateTime = '' }) => Date.parse(effectiveDateTime) >= markedSince,
    );
    const of = (value: number) => later.filter((each) => each.valueQuantity?.value === value);
    const unmarked = of(forgedValue).filter(({ interpretation }) => !isMarked(interpretation));
    return {
      measured: `let in as another program: ${entered} of ${tries}; as the same, each took the other’s place: once noticed, forged values at the hospital without the mark questionable: ${unmarked.length} of ${of(forgedValue).length}, the owner’s there: ${of(97).length}`,
      isAbsent: entered === 0 && undisturbed && unmarked.length === 0 && of(97).length > 0,
    };
  },
});

async function open(
  { mqttPort, ca }: Ward,
  { key, cert }: Credentials,
  keepAliveSeconds: number,
): Promise<RawClient> {
  const shown = { key, cert, localAddress: host };
  return RawClient.connected(mqttPort, ca, shown, { clientId: victimId, keepAliveSeconds });
}

/** A program that says the same again and again, and comes back when it is cut off. */
function play(ward: Ward, credentials: Credentials, value: number, keepAliveSeconds: number) {
  const course = { said: 0, connections: 0, isOver: false };
  const topic = `devices/${victimId}/observations`;

  async function turn(): Promise<void> {
    const client = await open(ward, credentials, keepAliveSeconds);
    course.connections += 1;
    const timer = setInterval(() => {
      course.said += 1;
      client.send(publish(topic, message(seqOf(value, course.said), value), { id: course.said }));
      if (course.isOver) client.socket.destroy();
    }, speaksEveryMs);
    await client.closed;
    clearInterval(timer);
  }
  const running = (async () => {
    while (!course.isOver && !ward.signal.aborted) {
      await turn().catch(() => undefined);
      await delay(backAfterMs);
    }
  })();
  return {
    get said() {
      return course.said;
    },
    get connections() {
      return course.connections;
    },
    async stop(): Promise<void> {
      course.isOver = true;
      await running;
    },
  };
}

/** Both count for themselves; what they say is told apart by it. */
function seqOf(value: number, said: number): number {
  return value * 10_000 + said;
}

function isMarked(interpretation: Marked['interpretation'] = []): boolean {
  return interpretation.some(({ coding = [] }) =>
    coding.some(({ code }) => code === 'questionable'),
  );
}
