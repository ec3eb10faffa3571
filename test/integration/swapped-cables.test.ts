import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { SerialPort } from 'serialport';
import { expect, it, onTestFinished } from 'vitest';
import type { EventFields, EventName } from '../../gateway/core/event.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { pseudonymOf } from '../../gateway/core/pseudonym.ts';
import { startGateway } from '../../gateway/gateway.ts';
import { ensureSecret } from '../../gateway/pki/secrets.ts';
import { simulate } from '../../gateway/simulation.ts';
import { findProfile, loadProfiles } from '../../gateway/site/profiles.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { monotonicMs } from '../../gateway/time/monotonic.ts';
import { freePort } from '../support/free-port.ts';
import { owed } from '../support/outbox.ts';
import { openPseudoTerminal } from '../support/pseudo-terminal.ts';
import { host, makeSite, temporaryFolder, until } from '../support/site.ts';

const profile = 'masimo-radical-7';

/** Two oximeters on two serial ports, each bound to a patient; the hospital is out of reach. */
async function start() {
  const folder = temporaryFolder('cables');
  onTestFinished(() => folder.remove());
  const cables = [await openPseudoTerminal(), await openPseudoTerminal()] as const;
  const serial = cables.map(({ hostPath }, index) => ({
    device: `oxi-${index + 1}` as never,
    path: hostPath,
  }));
  const devices = [
    { id: 'oxi-1', profile, subject: 'A' },
    { id: 'oxi-2', profile, subject: 'B' },
  ];
  const relay = { id: 'ehr', use: 'fhir', url: `https://${host}:${await freePort()}/fhir` };
  await makeSite(folder.path, devices, { https: { port: 0 }, serial, relays: [relay] });
  const logged: { readonly event: EventName; readonly fields: EventFields }[] = [];
  const gateway = await startGateway({
    directory: folder.path,
    log: (event, fields = {}) => void logged.push({ event, fields }),
    now: () => Date.now() as Instant,
    monotonicMs,
    chance: Math.random,
    onFault: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => gateway.stop());
  const { store } = openSiteStore(folder.path);
  onTestFinished(() => store.close());
  const plugs = await Promise.all(cables.map(({ devicePath }) => openPort(devicePath)));
  return { folder, store, logged, plugs };
}

async function openPort(path: string): Promise<SerialPort> {
  const port = new SerialPort({ path, baudRate: 9_600, autoOpen: false });
  onTestFinished(async () => {
    if (!port.isOpen) return;
    port.close();
    await once(port, 'close');
  });
  port.open();
  await once(port, 'open');
  return port;
}

it('two devices whose cables are swapped are noticed and held, until each is back', async () => {
  const { folder, store, logged, plugs } = await start();
  const radical = findProfile(await loadProfiles(), profile);
  const speakers = [await simulate(radical, 1), await simulate(radical, 2)];
  /** One line of the oximeter with this saturation, on a port. */
  const say = (oximeter: number, port: number, saturation: number) => {
    const [write] = speakers[oximeter]?.(saturation, Date.now() as Instant) ?? [];
    const line = Buffer.from(write?.bytes ?? []).toString();
    plugs[port]?.write(line.replace(/SPO2=\d{3}%/, `SPO2=0${saturation}%`));
  };
  const key = createSecretKey(ensureSecret(folder.path, 'pseudonym-ehr.key'));
  const names = new Map(['A', 'B'].map((name) => [pseudonymOf('subject', name, key), name]));
  const released = () =>
    owed(store, 'ehr', 1_000).flatMap(({ observations }) =>
      observations.flatMap((one) =>
        one.kind === 'numeric' && one.metric === 'MDC_PULS_OXIM_SAT_O2'
          ? [`${one.value} ${names.get(one.subject as never)}`]
          : [],
      ),
    );
  const held = () =>
    store.held.depths().map(({ device, cause, rows }) => `${device} ${cause} ${rows}`);

  say(0, 0, 91);
  say(1, 1, 92);
  await until('both patients’ values', () => released().length === 2);
  expect(released().toSorted()).toEqual(['91 A', '92 B']);
  expect(held()).toEqual([]);

  say(1, 0, 93);
  say(0, 1, 94);
  await until('both to be held', () => held().length === 2);
  expect(held()).toEqual(['oxi-1 swapped 1', 'oxi-2 swapped 1']);
  const findings = logged.filter(({ event }) => event === 'finding.new');
  expect(findings.map(({ fields }) => `${fields['threat']} ${fields['about']}`).toSorted()).toEqual(
    ['D04 oxi-1', 'D04 oxi-2'],
  );

  say(0, 0, 95);
  say(1, 1, 96);
  await until('both to be back', () => released().length === 4);
  expect(released().toSorted()).toEqual(['91 A', '92 B', '95 A', '96 B']);
  expect(held()).toEqual(['oxi-1 swapped 1', 'oxi-2 swapped 1']);
}, 60_000);
