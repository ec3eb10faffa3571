import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Intake } from '../../gateway/core/intake.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { pseudonymOf } from '../../gateway/core/pseudonym.ts';
import { lanes } from '../../gateway/core/relay.ts';
import { openBatch } from '../../gateway/keeper/batch.ts';
import { expire } from '../../gateway/keeper/expiry.ts';
import { startKeeper } from '../../gateway/keeper/keeping.ts';
import { openPolicyMaker } from '../../gateway/policy-maker.ts';
import { openStore } from '../../gateway/store/store.ts';
import { associateDevice, placeDevice } from '../../gateway/ward/association.ts';
import { budget, owed } from '../support/outbox.ts';
import { intake, noon, profiles } from '../support/wards.ts';

const monitor = 'generic-vital-signs-monitor';
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const at = (minutes: number) => (noon + minutes * minuteMs) as Instant;

/** A site on disk: monitors at beds 1 and 2 of ward 3B, one at none, and a feed of admissions. */
async function start() {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-association-'));
  const store = openStore(directory, new Uint8Array(32).fill(7));
  onTestFinished(() => {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const devices = [
    ['mon-1', monitor, '1'],
    ['mon-2', monitor, '2'],
    ['mon-3', monitor, ''],
    ['bed-4', 'generic-pcd01-monitor', '4'],
    ['adt-1', 'hl7-adt-feed', ''],
  ] as const;
  for (const [id, profile, bed] of devices) {
    const device = { id: id as DeviceId, profile, class: 'IIb', function: 'monitor' } as const;
    store.devices.add({ ...device, ward: '3B', bed, addedAt: 0 }, { hash: '', expiresAt: 0 });
  }
  const maker = await openPolicyMaker({ directory, relays: [{ id: 'ehr', lanes }], profiles });
  const keeper = startKeeper(store, maker, budget(1_000_000));
  const keep = (...intakes: readonly Intake[]) => {
    const batch = openBatch();
    for (const each of intakes) batch.add(each);
    return keeper.keep(batch.close());
  };
  const [destination] = maker.make(store).destinations;
  if (!destination) throw new Error('no destination');
  const { pseudonymKey } = destination.keys;
  /** Values that left, with the patient they left under. */
  const released = (...subjects: readonly string[]) => {
    const names = new Map(
      subjects.map((name) => [pseudonymOf('subject', name, pseudonymKey), name]),
    );
    return owed(store, 'ehr', 100).flatMap(({ observations }) =>
      observations.flatMap((one) =>
        one.kind === 'numeric' ? [`${one.value} ${names.get(one.subject as never) ?? '?'}`] : [],
      ),
    );
  };
  return { store, maker, keeper, keep, released };
}

let control = 0;

function adt(
  trigger: string,
  subject: string,
  bed: string,
  minutes: number,
  from = 'adt-1',
): Intake {
  control += 1;
  const time = `${new Date(at(minutes)).toISOString().replace(/[-:T]|\..*$/g, '')}+0000`;
  const segments = [
    `MSH|^~\\&|HIS|HOSP|||${time}||ADT^${trigger}|C${control}|P|2.6`,
    `EVN||${time}`,
    `PID|||${subject}^^^HOSP^MR||Roe^Jane`,
    `PV1||I|3b^^${bed}`,
  ];
  const text = `\x0b${segments.join('\r')}\r\x1c\r`;
  return intake(from, text, { channel: 'line', at: at(minutes) });
}

function spo2(device: string, value: number, minutes: number): Intake {
  const message = {
    seq: value,
    at: new Date(at(minutes)).toISOString(),
    values: { MDC_PULS_OXIM_SAT_O2: value },
  };
  return intake(device, message, { at: at(minutes) });
}

const answers = ({ replies }: ReturnType<Awaited<ReturnType<typeof start>>['keep']>) =>
  replies.map(([, reply]) => /MSA\|(A\w)/.exec(Buffer.from(reply).toString())?.[1]);

it('binds what follows in the same batch already, and what was held before from the event on', async () => {
  const { store, keep, released } = await start();
  keep(spo2('mon-1', 91, 0), spo2('mon-1', 92, 6));
  expect(released()).toEqual([]);
  const kept = keep(
    spo2('mon-1', 93, 7),
    adt('A01', 'A', '1', 5),
    spo2('mon-1', 94, 8),
    adt('A02', 'A', '2', 10),
    spo2('mon-1', 95, 11),
    spo2('mon-2', 96, 11),
    adt('A03', 'A', '2', 12),
    spo2('mon-2', 97, 13),
  );
  expect(answers(kept)).toEqual(['AA', 'AA', 'AA']);
  expect(kept.bindings.map(({ device, kind }) => `${device} ${kind}`)).toEqual([
    'mon-1 begun',
    'mon-1 ended',
    'mon-2 begun',
    'mon-2 ended',
  ]);
  expect(released('A').toSorted()).toEqual(['92 A', '93 A', '94 A', '96 A']);
  const depths = store.held.depths().map(({ device, rows }) => `${device} ${rows}`);
  expect(depths).toEqual(['mon-1 2', 'mon-2 1']);
  const entries = store.audit
    .list()
    .map(({ actor, action, object }) => `${actor} ${action} ${object}`);
  expect(entries).toEqual([
    'device:adt-1 device.associate mon-1',
    'device:adt-1 device.dissociate mon-1',
    'device:adt-1 device.associate mon-2',
    'device:adt-1 device.dissociate mon-2',
  ]);
  // Expiry is on record.
  expect(expire(store, noon + 2 * dayMs, dayMs, at(60))).toBe(3);
  expect(store.journal.rejections()).toContainEqual({
    device: 'mon-1',
    reason: 'expired',
    count: 1,
  });
});

it('lets nobody but a feed move a patient', async () => {
  const { store, keep, released } = await start();
  const kept = keep(
    adt('A01', 'A', '1', 5, 'bed-4'),
    adt('A01', 'A', '1', 5, 'bed-4'),
    spo2('mon-1', 97, 6),
  );
  expect(answers(kept)).toEqual(['AR', 'AR']);
  expect(kept.rejected).toMatchObject([
    { device: 'bed-4', stage: 'associate', reason: 'not-authorised' },
    { device: 'bed-4', reason: 'not-authorised' },
  ]);
  expect(kept.bindings).toEqual([]);
  expect(released('A')).toEqual([]);
  expect(store.stays.all().size).toBe(0);
  expect(store.audit.list()).toMatchObject([
    { actor: 'device:bed-4', action: 'admission.refuse', outcome: 'failure', detail: 'A01' },
  ]);
});

it('binds nobody to an id that stands for nobody, nor at a bed it does not know', async () => {
  const { store, keep } = await start();
  const kept = keep(
    adt('A01', '99999', '1', 1),
    adt('A01', '', '1', 2),
    adt('A01', 'A', '01', 3),
    adt('A31', 'A', '1', 4),
  );
  expect(answers(kept)).toEqual(['AE', 'AE', 'AA', 'AR']);
  expect(kept.rejected.map(({ reason, detail }) => `${reason} ${detail}`)).toEqual([
    'placeholder-subject A01',
    'placeholder-subject A01',
    'unknown-bed A01',
    'not-applied A31 unsupported',
  ]);
  expect(store.devices.associations('mon-1' as DeviceId)).toEqual([]);
});

it('knows after a restart what it was told before, and takes a repeated message once', async () => {
  const { store, maker, keep } = await start();
  const first = adt('A01', 'A', '1', 5);
  keep(first, adt('A02', 'A', '2', 10));
  const again = startKeeper(store, maker, budget(1_000_000));
  const batch = openBatch();
  batch.add({ ...first, bytes: Uint8Array.from(first.bytes) });
  const kept = again.keep(batch.close());
  expect(answers(kept)).toEqual(['AA']);
  expect(kept.rejected).toMatchObject([{ reason: 'not-applied', detail: 'A01 outdated' }]);
  const { associations } = maker.make(store).devices.get('mon-1') ?? {};
  expect(associations).toMatchObject([{ since: at(5), until: at(10) }]);
});

it('says the patient’s id nowhere but where patients stand', async () => {
  const { store, keep } = await start();
  const kept = keep(
    adt('A01', 'MRN-4711', '1', 5),
    adt('A01', 'MRN-4712', '1', 6),
    spo2('mon-1', 97, 7),
  );
  const said = JSON.stringify([
    kept,
    store.audit.list(),
    store.journal.findings(),
    store.stays.all(),
  ]);
  expect(said).not.toMatch(/MRN|Roe/);
  expect(kept.bindings.map(({ kind }) => kind)).toEqual(['begun', 'displaced', 'begun']);
});

it('is one operation for the command and for whoever asks the keeper, known to the next batch', async () => {
  const { store, maker, keeper, keep, released } = await start();
  keep(spo2('mon-3', 91, 0));
  const order = { device: 'mon-3', actor: 'nurse', now: at(5) };
  expect(keeper.associate({ ...order, subject: ' A ' })).toMatchObject({
    released: 1,
    stillHeld: 0,
  });
  keep(spo2('mon-3', 92, 6));
  expect(keeper.dissociate({ ...order, now: at(7) })).toEqual({ wasBound: true });
  keep(spo2('mon-3', 93, 8));
  // By another hand, and later: never into the time of the patient before.
  const since = at(-60);
  const bound = associateDevice(store, maker, { ...order, subject: 'B', since, now: at(9) });
  expect(bound).toMatchObject({ since: at(7), released: 1 });
  expect(released('A', 'B')).toEqual(['91 A', '92 A', '93 B']);
  expect(() => keeper.associate({ ...order, subject: 'DEMO' })).toThrow(
    expect.objectContaining({ code: 'subject-invalid' }),
  );
  expect(() => keeper.associate({ ...order, device: 'mon-9', subject: 'A' })).toThrow(
    expect.objectContaining({ code: 'device-unknown' }),
  );
});

it('follows a device that is put at another bed', async () => {
  const { store, keeper, keep, released } = await start();
  keep(adt('A01', 'A', '1', 0), adt('A01', 'B', '2', 0));
  const put = (device: string, bed: string, minutes: number) =>
    placeDevice(store, {
      device,
      place: { ward: '3B', room: '', bed },
      actor: 'cli:nurse',
      now: at(minutes),
    });
  // One that went with its patient still does, at a bed nobody is known to lie in.
  keeper.associate({ device: 'mon-3', subject: 'C', actor: 'nurse', now: at(1) });
  expect(put('mon-3', '9', 2)).toEqual({ isBound: true });
  expect(put('mon-3', '', 3)).toEqual({ isBound: false });
  expect(put('mon-1', '1', 4)).toEqual({ isBound: true });
  expect(put('mon-1', '2', 5)).toEqual({ isBound: true });
  // What this process changed itself, its keeper hears of with the next order.
  keeper.dissociate({ device: 'mon-3', actor: 'nurse', now: at(6) });
  keep(spo2('mon-1', 91, 3), spo2('mon-1', 92, 7));
  expect(released('A', 'B')).toEqual(['91 A', '92 B']);
  keep(adt('A03', 'A', '1', 8), spo2('mon-1', 93, 9));
  expect(released('A', 'B')).toContain('93 B');
});
