import { once } from 'node:events';
import { globSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { saveConfig } from '../../gateway/config.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { startHospital } from '../../gateway/demo/hospital.ts';
import { createSite, openSiteStore } from '../../gateway/site/site.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { host, temporaryFolder, until } from '../support/site.ts';

/**
 * A gateway whose wall clock is wrong, in a process of its own under libfaketime. The monotonic
 * clock stays right, as it does on a Pi that has no clock battery.
 */
const [library = ''] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
const dayMs = 86_400_000;
const lineEveryMs = 200;
/** What the oximeter prints while its saturation is low. */
const alarmBits = '0001';

interface Seen {
  readonly effectiveDateTime: string;
  readonly issued: string;
  readonly meta: { readonly tag: readonly { readonly code: string }[] };
  readonly category: readonly { readonly coding: readonly { readonly code: string }[] }[];
  readonly identifier: readonly { readonly value: string }[];
}

const tagsOf = ({ meta }: Seen) => meta.tag.map(({ code }) => code);
const isAlert = ({ category }: Seen) => category[0]?.coding[0]?.code === 'alert';

/** An oximeter behind a serial device server; its own clock is 20 years wrong. */
async function startOximeter() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  }).listen(0, host);
  await once(server, 'listening');
  let isAlarming = false;
  const timer = setInterval(() => {
    const [date = '', time = ''] = new Date(Date.now() - 20 * 365 * dayMs).toISOString().split('T');
    const [year = '', month, day] = date.split('-');
    const clock = `${month}/${day}/${year.slice(2)} ${time.slice(0, 8)}`;
    const alarm = isAlarming ? alarmBits : '0000';
    const values = 'SPO2=097% BPM=071 PI=03.60% SPCO=--.-% SPMET=--.-% DESAT=-- PIDELTA=+--';
    const line = `${clock} SN=0000056661 ${values} ALARM=${alarm} EXC=000800\r\n`;
    for (const socket of sockets) socket.write(line);
  }, lineEveryMs);
  onTestFinished(() => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    alarm(value: boolean) {
      isAlarming = value;
    },
  };
}

/** A site of one oximeter that has a patient, and its hospital. */
async function startWard() {
  const folder = temporaryFolder('clock');
  onTestFinished(() => folder.remove());
  const directory = folder.path;
  // Certificates are valid on either clock.
  const made = Date.now() - 15 * dayMs;
  const oximeter = await startOximeter();
  await createSite({ directory, name: 'clock', hosts: [host], now: made });
  const hospital = await startHospital(join(directory, 'hospital.pem'), made);
  onTestFinished(() => hospital.close());
  const relay = { id: 'ehr', use: 'fhir', url: hospital.url, ca: 'hospital.pem' };
  const line = { device: 'oxi-1', tcp: `${host}:${oximeter.port}` };
  saveConfig(directory, {
    site: 'clock',
    host,
    mqtt: { port: 0 },
    https: { port: 0 },
    serial: [line],
    relays: [relay],
  });
  const { store } = openSiteStore(directory);
  store.transact(() => {
    const id = 'oxi-1' as DeviceId;
    store.devices.add(
      { id, profile: 'masimo-radical-7', class: 'IIb', function: 'monitor', ward: '', addedAt: 0 },
      { hash: '', expiresAt: 0 },
    );
    store.devices.associate(id, new Phi('MRN-1'), made);
    // Yesterday the gateway still knew the time.
    store.trustedTime.note(Date.now() - dayMs);
  });
  store.close();
  const seen = () =>
    [...hospital.stored].flatMap(([, { resource }]) =>
      'effectiveDateTime' in resource ? [resource as unknown as Seen] : [],
    );
  return { directory, oximeter, seen };
}

/** Starts a gateway whose wall clock is off by `offset`, such as `-10d`; `set` changes that. */
async function startWithClock(directory: string, offset: string) {
  const path = join(directory, 'wall-clock');
  const set = (to: string) => writeFileSync(path, to);
  set(offset);
  const faked = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: path,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  Object.assign(process.env, faked);
  const starting = startGatewayProcess(directory);
  for (const name of Object.keys(faked)) delete process.env[name];
  return { gateway: await starting, set };
}

const isBetween = (text: string, from: number, to: number) => {
  const at = Date.parse(text);
  return at >= from - 1_000 && at <= to + 1_000;
};

it('marks what it takes without the time, lets an alarm go at once, and repairs the rest', async () => {
  expect(library).not.toBe('');
  const { directory, oximeter, seen } = await startWard();
  const started = Date.now();
  const { gateway, set } = await startWithClock(directory, '-10d');
  await gateway.event({ event: 'time.untrusted' });
  oximeter.alarm(true);
  await until('an alarm at the hospital', () => seen().some(isAlert));
  // Nothing but alarms leaves before the time is known; and these say that it is not.
  expect(seen().every(isAlert)).toBe(true);
  for (const alert of seen()) {
    expect(tagsOf(alert)).toContain('untrusted');
    // No time is before the newest that was known.
    expect(Date.parse(alert.effectiveDateTime)).toBeGreaterThan(started - 2 * dayMs);
    expect(isBetween(alert.effectiveDateTime, started, Date.now())).toBe(false);
  }

  oximeter.alarm(false);
  const knownAt = Date.now();
  set('+0');
  await gateway.event({ event: 'time.trusted' });
  const isOfBefore = ({ issued }: Seen) => Date.parse(issued) < knownAt;
  await until('what was measured before', () =>
    seen().some((one) => !isAlert(one) && isOfBefore(one)),
  );
  for (const one of seen().filter((each) => !isAlert(each))) {
    expect(tagsOf(one)).not.toContain('untrusted');
    expect(isBetween(one.effectiveDateTime, started, Date.now())).toBe(true);
    expect(isBetween(one.issued, started, Date.now())).toBe(true);
  }
  await gateway.stop();
}, 90_000);

it('keeps its time when the wall clock jumps by years, either way, and nothing is lost', async () => {
  const { directory, seen } = await startWard();
  const started = Date.now();
  const { gateway, set } = await startWithClock(directory, '+0');
  await until('something at the hospital', () => seen().length > 0);
  for (const offset of ['+3650d', '-3650d']) {
    set(offset);
    await until('the jump is noticed', () =>
      gateway.events.some(
        ({ event, stepMs, isFollowed }) =>
          event === 'time.stepped' &&
          isFollowed === false &&
          Math.abs(Number(stepMs) - Number.parseInt(offset, 10) * dayMs) < 60_000,
      ),
    );
  }
  set('+0');
  const count = seen().length;
  await until('more at the hospital', () => seen().length > count + 5);
  const ids = seen().flatMap(({ identifier }) => identifier.map(({ value }) => value));
  expect(new Set(ids).size).toBe(ids.length);
  for (const { effectiveDateTime, issued } of seen()) {
    expect(isBetween(effectiveDateTime, started, Date.now())).toBe(true);
    expect(isBetween(issued, started, Date.now())).toBe(true);
  }
  await gateway.stop();
}, 90_000);

it('starts in 2020, waits for the time, and what it took meanwhile carries the repaired one', async () => {
  const { directory, seen } = await startWard();
  const started = Date.now();
  const { gateway, set } = await startWithClock(directory, '-2500d');
  await gateway.event({ event: 'line.opened' });
  // Its clock is too old even for the hospital's certificate.
  await gateway.event({ event: 'time.untrusted' });
  set('+0');
  await gateway.event({ event: 'time.trusted' });
  await until('what was measured', () => seen().length > 0);
  for (const one of seen()) {
    expect(tagsOf(one)).not.toContain('untrusted');
    expect(isBetween(one.effectiveDateTime, started, Date.now())).toBe(true);
  }
  await gateway.stop();
}, 90_000);
