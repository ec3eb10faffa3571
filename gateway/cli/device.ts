import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, siteOptions } from '../command.ts';
import type { AuditAction } from '../core/audit-action.ts';
import { type KnownClock, zoneOf } from '../core/clock.ts';
import { clinicalFunctions, type Device, DeviceId, deviceClasses } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Place } from '../core/place.ts';
import { openSitePki } from '../pki/site-pki.ts';
import { findProfile, loadProfiles } from '../site/profiles.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import type { Store } from '../store/store.ts';
import { deviceKinds } from '../trust/certificate-calls.ts';
import { writeCertificateFiles } from '../trust/certificate-files.ts';
import { createEnrolmentToken } from '../trust/enrolment.ts';
import { placeDevice } from '../ward/association.ts';
import { grace } from './device/grace.ts';
import { quarantine } from './device/quarantine.ts';
import { release } from './device/release.ts';
import { revoke } from './device/revoke.ts';
import { signingKey } from './device/signing-key.ts';
import { token } from './device/token.ts';

/** As the hospital writes it in PV1-3, so that admissions find the device. */
const placeOptions = {
  ward: z.string().max(64).default('').describe('Where it stands: PV1-3.1, the point of care.'),
  room: z.string().max(64).default('').describe('PV1-3.2, where the hospital states a room.'),
  bed: z
    .string()
    .max(64)
    .default('')
    .describe('PV1-3.3. Without it the device goes with its patient.'),
};

const add = defineCommand({
  name: 'add',
  summary: 'Registers a device and prints its one-time enrolment token (24 h).',
  arguments: ['<id>'],
  options: z.strictObject({
    dir: dirOption,
    profile: z.string().describe('What it is: an id of wardgate profile list.'),
    class: z
      .enum(deviceClasses)
      .optional()
      .describe('MDR I..III or IVDR A..D, if not the profile’s.'),
    function: z
      .enum(clinicalFunctions)
      .optional()
      .describe('Clinical function, if not the profile’s.'),
    ...placeOptions,
    json: jsonOption,
  }),
  example: 'wardgate device add mon-1 --profile generic-vital-signs-monitor --ward 3b',

  async run({ arguments: [word = ''], options, print }) {
    const id = DeviceId.safeParse(word);
    if (!id.success)
      throw new GatewayError('usage', `device id ${word}: ${z.prettifyError(id.error)}`);
    const profile = findProfile(await loadProfiles(options.dir), options.profile);
    const where = placeOf(options);
    const { store } = openSiteStore(options.dir);
    try {
      if (store.devices.find(id.data)) throw new GatewayError('device-exists', `${word} exists`);
      const now = Date.now();
      const { token: secret, hash, expiresAt } = createEnrolmentToken(now);
      const device: Device = {
        id: id.data,
        profile: profile.id,
        class: options.class ?? profile.class,
        function: options.function ?? profile.function,
        ward: options.ward,
        addedAt: now,
      };
      store.transact(() => {
        store.devices.add(device, { hash, expiresAt });
        record(store, 'device.add', word, `profile ${profile.id}`);
        if (options.bed === '') return;
        placeDevice(store, { device: word, place: where, actor: commandActor(), now });
      });
      if (options.json)
        print(JSON.stringify({ ...device, ...where, token: secret, tokenExpiresAt: expiresAt }));
      else {
        print(`Registered ${word} (${profile.manufacturer} ${profile.model}).`);
        print(`Enrolment token, good once and for 24 h: ${secret}`);
        print(`Or make its certificate here: wardgate device enrol ${word} --dir ${options.dir}`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});

const enrol = defineCommand({
  name: 'enrol',
  summary: 'Issues key and certificate here, for a device that cannot enrol by itself.',
  arguments: ['<id>'],
  options: z.strictObject({
    dir: dirOption,
    out: z.string().default('.').describe('Folder the files are written to.'),
    format: z.enum(['pem', 'p12']).default('pem').describe('PEM files or one PKCS#12 bundle.'),
    key: z
      .enum(['ecdsa-p256', 'rsa-2048', 'rsa-3072'])
      .default('ecdsa-p256')
      .describe('Key algorithm; RSA for devices that know no other.'),
    json: jsonOption,
  }),
  example: 'wardgate device enrol mon-1 --out ./mon-1',

  async run({ arguments: [word = ''], options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const device = findDevice(store, word);
      const pki = openSitePki(options.dir);
      const issued = await pki.issueDevice(device.id, { key: options.key, now: Date.now() });
      const { serialNumber, fingerprint256: fingerprint, notBefore, notAfter } = issued;
      store.transact(() => {
        const validity = { notBefore, notAfter };
        const names = { kind: 'device', subject: device.id };
        store.certificates.add({ ...names, serialNumber, fingerprint, ...validity });
        record(store, 'device.enrol', word, `certificate ${serialNumber}`);
      });
      // Only now: a certificate that nobody entered must not leave.
      const files = await writeCertificateFiles(
        { ...issued, id: device.id, rootPem: pki.rootPem },
        options,
      );
      if (options.json) print(JSON.stringify({ device: word, serialNumber, notAfter, ...files }));
      else {
        for (const [what, path] of Object.entries(files)) print(`${what}: ${path}`);
        print(`Valid until ${new Date(notAfter).toISOString()}.`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});

const list = defineCommand({
  name: 'list',
  summary: 'Lists the registered devices.',
  options: siteOptions,
  example: 'wardgate device list --json',

  async run({ options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const now = Date.now();
      const devices = store.devices.list().map((device) => describe(store, device, now));
      if (options.json) print(JSON.stringify(devices));
      else {
        for (const { id, profile, isBound, certificates, quarantine, ...where } of devices) {
          const [newest] = certificates;
          const until = newest ? new Date(newest.notAfter).toISOString().slice(0, 10) : 'none';
          const state = quarantine ? `  quarantined (${quarantine.mode})` : '';
          print(
            `${id}  ${profile}  ${textOf(where)}  certificate ${until}  ${isBound ? 'bound' : 'unbound'}${state}`,
          );
        }
      }
      return 0;
    } finally {
      store.close();
    }
  },
});

const show = defineCommand({
  name: 'show',
  summary: 'Shows one device: certificates, association, its clock, what is held.',
  arguments: ['<id>'],
  options: siteOptions,
  example: 'wardgate device show mon-1',

  async run({ arguments: [word = ''], options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const device = describe(store, findDevice(store, word), Date.now());
      if (options.json) print(JSON.stringify(device));
      else
        for (const [key, value] of Object.entries(device))
          print(`${key}: ${JSON.stringify(value)}`);
      return 0;
    } finally {
      store.close();
    }
  },
});

const place = defineCommand({
  name: 'place',
  summary: 'Says where a device stands from now on; it leaves the patient of the bed before.',
  arguments: ['<id>'],
  options: z.strictObject({ dir: dirOption, ...placeOptions, json: jsonOption }),
  example: 'wardgate device place mon-1 --ward 3B --bed 2',

  async run({ arguments: [device = ''], options, print }) {
    const where = placeOf(options);
    const { store } = openSiteStore(options.dir);
    try {
      const order = { device, place: where, actor: commandActor(), now: Date.now() };
      const { isBound } = placeDevice(store, order);
      if (options.json) print(JSON.stringify({ device, ...where, isBound }));
      else print(`${device} stands at ${textOf(where)}, ${isBound ? 'bound' : 'unbound'}.`);
      return 0;
    } finally {
      store.close();
    }
  },
});

function placeOf({ ward, room, bed }: Place): Place {
  if (bed.trim() !== '' && ward.trim() === '') {
    throw new GatewayError('usage', '--bed needs --ward: a bed is one of a ward');
  }
  return { ward, room, bed };
}

function textOf({ ward, room = '', bed = '' }: Pick<Device, 'ward' | 'room' | 'bed'>): string {
  const parts = [
    ['ward', ward || '-'],
    ['room', room],
    ['bed', bed],
  ];
  return parts.flatMap(([what, name]) => (name === '' ? [] : [`${what} ${name}`])).join(' ');
}

const accept = defineCommand({
  name: 'accept',
  summary: 'Accepts that another device answers under this name, after a swap on purpose.',
  arguments: ['<id>'],
  options: siteOptions,
  example: 'wardgate device accept oxi-12',

  async run({ arguments: [word = ''], options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const device = findDevice(store, word);
      store.transact(() => {
        store.devices.announce(device.id, undefined);
        store.held.unblock(device.id, 'swapped');
        record(store, 'device.accept', word, 'announces itself anew');
      });
      if (options.json) print(JSON.stringify({ device: word, accepted: true }));
      else {
        print(`${word}: the serial number it announces next is taken for its own.`);
        print(`What was held goes with: wardgate associate ${word} SUBJECT --dir ${options.dir}`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});

export default defineCommand({
  name: 'device',
  summary: 'Registers, enrols, lists, places, accepts, quarantines and revokes devices.',
  example: 'wardgate device add mon-1 --profile generic-vital-signs-monitor',
  commands: [
    add,
    token,
    signingKey,
    enrol,
    list,
    show,
    place,
    accept,
    quarantine,
    release,
    revoke,
    grace,
  ],
});

function findDevice(store: Store, id: string): Device {
  const device = store.devices.find(id);
  if (device) return device;
  throw new GatewayError('device-unknown', `${id} is not registered`);
}

/** In ms, positive where the device is ahead, each with how far off it may be. */
function describeClock(clock: KnownClock | undefined) {
  if (!clock) return undefined;
  const { isZoned, offsetMs, uncertaintyMs, driftLowPpm, driftHighPpm, readings, at } = clock;
  const middleMs = Math.round(offsetMs + uncertaintyMs / 2);
  const { zoneMinutes, errorMs } = isZoned
    ? { zoneMinutes: undefined, errorMs: middleMs }
    : zoneOf(middleMs);
  return {
    offsetMs: middleMs,
    uncertaintyMs: Math.ceil(uncertaintyMs / 2),
    // What is left once the zone it seems to run in is taken off.
    errorMs,
    zoneMinutes,
    statesItsZone: isZoned,
    driftPpm: Math.round((driftLowPpm + driftHighPpm) / 2),
    driftUncertaintyPpm: Math.ceil((driftHighPpm - driftLowPpm) / 2),
    readings,
    readAt: new Date(at).toISOString(),
    runsSince: new Date(clock.since).toISOString(),
  };
}

/** The patient’s id is not shown: whether there is one is enough here. */
function describe(store: Store, device: Device, now: number) {
  const [association] = store.devices.associations(device.id);
  const held = store.held.depths().filter((row) => row.device === device.id);
  return {
    ...device,
    isBound: association !== undefined && (association.until ?? now + 1) > now,
    boundSince: association?.since,
    serialNumber: store.devices.serialNumber(device.id),
    quarantine: store.quarantines.find(device.id),
    clock: describeClock(store.deviceClocks.find(device.id)),
    held: held.map(({ cause, rows }) => ({ cause, rows })),
    certificates: store.certificates.of(device.id, deviceKinds),
  };
}

function record(store: Store, action: AuditAction, object: string, detail: string): void {
  store.audit.add({
    at: Date.now(),
    actor: commandActor(),
    action,
    object,
    outcome: 'success',
    detail,
  });
}
