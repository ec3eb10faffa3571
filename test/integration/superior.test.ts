import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { expect, it, vi } from 'vitest';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { installSuperior, removeSuperior, requestSuperior } from '../../gateway/pki/superior.ts';
import { connect, publish } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { type EnrolledSite, startEnrolledSite } from '../support/enrolled-site.ts';
import type { Certificate } from '../support/mqtt-certificates.ts';
import { host, until } from '../support/site.ts';

// A gateway, and an authority of the hospital made by openssl.
vi.setConfig({ testTimeout: 120_000 });

const clientId = 'oxi-12';

async function deviceOf(directory: string): Promise<Certificate> {
  const pki = openSitePki(directory);
  const issued = await pki.issue('device', clientId, { now: Date.now() });
  return { key: issued.privateKeyPem ?? '', cert: issued.chainPem };
}

/** A root and an authority below it, as openssl makes them; signs what it is given. */
class Hospital {
  readonly #site: EnrolledSite;
  readonly rootPem: string;

  constructor(site: EnrolledSite) {
    this.#site = site;
    this.#make('hospital', 'Hospital Root', ['-x509', '-days', '3650']);
    this.#make('policy', 'Hospital Policy CA', [
      ...['-x509', '-days', '1825', '-CA', site.file('hospital.pem')],
      ...['-CAkey', site.file('hospital.key')],
    ]);
    this.rootPem = site.read('hospital.pem');
  }

  #make(name: string, commonName: string, words: readonly string[]): void {
    const { file } = this.#site;
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
    const authority = ['-addext', 'basicConstraints=critical,CA:TRUE'];
    const subject = ['-subj', `/CN=${commonName}`];
    execFileSync('openssl', ['req', ...words, ...key, ...files, ...subject, ...authority], {
      stdio: 'ignore',
    });
  }

  /** The chain it answers with, up to its root. */
  sign(csrPem: string, ...words: readonly string[]): string {
    const { file, read } = this.#site;
    writeFileSync(file('site.csr'), csrPem);
    execFileSync('openssl', ['req', '-verify', '-noout', '-in', file('site.csr')], {
      stdio: 'pipe',
    });
    const signing = ['-CA', file('policy.pem'), '-CAkey', file('policy.key'), '-CAcreateserial'];
    const copied = words.length > 0 ? words : ['-copy_extensions', 'copyall'];
    const files = ['-in', file('site.csr'), '-out', file('site.pem')];
    execFileSync('openssl', ['x509', '-req', '-days', '900', ...signing, ...copied, ...files], {
      stdio: 'ignore',
    });
    return read('site.pem') + read('policy.pem') + this.rootPem;
  }
}

/** Whether a client that trusts `ca` alone reaches the gateway as this device. */
async function reaches(site: EnrolledSite, ca: string, tls: Certificate): Promise<boolean> {
  const socket = connectTls({ host, port: site.mqttPort, ca, ...tls });
  socket.on('error', () => {});
  socket.write(connect({ clientId }));
  let answer: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    answer = chunk;
    socket.destroy();
  });
  // Refused by the client itself, it ends with an error: that is an answer too.
  await new Promise((resolve) => socket.once('close', resolve));
  return answer?.toString('hex') === '20020000';
}

it('issues below the hospital’s authority, and whoever was there before stays', async () => {
  const site = await startEnrolledSite({
    'oxi-12': 'generic-vital-signs-monitor',
    'oxi-13': 'generic-vital-signs-monitor',
  });
  const { directory, rootPem } = site;
  const before = await deviceOf(directory);
  const pki = openSitePki(directory);
  const other = await pki.issue('device', 'oxi-13', { now: Date.now() });
  const kept = { key: other.privateKeyPem ?? '', cert: other.chainPem };
  const connected = await RawClient.connected(site.mqttPort, rootPem, kept, { clientId: 'oxi-13' });
  const hospital = new Hospital(site);
  expect(await reaches(site, hospital.rootPem, before)).toBe(false);

  const chainPem = hospital.sign(requestSuperior(directory, undefined));
  installSuperior(directory, chainPem, Date.now());
  await until('the gateway follows', () => reaches(site, hospital.rootPem, before));

  // By either root, with a certificate of before or of now.
  const after = await deviceOf(directory);
  for (const ca of [hospital.rootPem, rootPem]) {
    for (const certificate of [before, after]) {
      expect(await reaches(site, ca, certificate)).toBe(true);
    }
  }
  connected.send(publish('devices/oxi-13/observations', '{}'));
  expect((await connected.next())?.at(0)).toBe(0x40);

  // What the hospital's authority issues to others is nobody here.
  expect(await reaches(site, rootPem, siblingOf(site))).toBe(false);

  removeSuperior(directory);
  await until('the gateway follows', async () => !(await reaches(site, hospital.rootPem, after)));
  expect(await reaches(site, rootPem, after)).toBe(true);
  expect(await reaches(site, rootPem, before)).toBe(true);
});

it('takes no chain that clients could not follow, and changes nothing then', async () => {
  const site = await startEnrolledSite({});
  const { directory, file } = site;
  const hospital = new Hospital(site);
  const csr = requestSuperior(directory, undefined);
  const good = hospital.sign(csr);
  const [own = '', policy = '', root = ''] = good.split(/(?<=-----END CERTIFICATE-----\n)/);
  writeFileSync(
    file('leaf.ext'),
    'basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=none\n',
  );
  writeFileSync(
    file('other.ext'),
    'basicConstraints=critical,CA:TRUE,pathlen:1\nsubjectKeyIdentifier=hash\n',
  );
  writeFileSync(
    file('short.ext'),
    'basicConstraints=critical,CA:TRUE,pathlen:0\nsubjectKeyIdentifier=none\n',
  );
  const renamed = ['-copy_extensions', 'copyall', '-subj', '/CN=Ward 3b'];
  const cases: readonly (readonly [string, string])[] = [
    ['', 'chain: the site’s certificate first'],
    [own, 'chain: the site’s certificate first'],
    [own + root, 'chain: CN=test root authority is not issued by the next one'],
    [own + policy, 'chain: CN=Hospital Policy CA is not issued by the next one'],
    [policy + root, 'chain: the first certificate is of another key'],
    [hospital.sign(csr, '-extfile', file('leaf.ext')), 'is no authority'],
    [hospital.sign(csr, '-extfile', file('short.ext')), 'has path length 0; it needs 1'],
    [hospital.sign(csr, '-extfile', file('other.ext')), 'the subject key identifier is not'],
    [hospital.sign(csr, ...renamed), 'chain: the subject is not the one requested'],
  ];
  const before = openSitePki(directory).authoritiesPem;
  for (const [chainPem, message] of cases) {
    expect(() => installSuperior(directory, chainPem, Date.now())).toThrow(message);
  }
  const late = Date.now() + 901 * 86_400_000;
  expect(() => installSuperior(directory, good, late)).toThrow('is not valid now');
  expect(openSitePki(directory).authoritiesPem).toBe(before);
});

/** A certificate like a device's, from the hospital's authority itself. */
function siblingOf({ file }: EnrolledSite): Certificate {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const issuer = ['-CA', file('policy.pem'), '-CAkey', file('policy.key'), '-days', '30'];
  const names = [
    ...['-subj', `/CN=${clientId}`, '-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', `subjectAltName=URI:urn:wardgate:device:${clientId}`],
    ...['-addext', 'extendedKeyUsage=clientAuth'],
  ];
  const files = ['-keyout', file('sibling.key'), '-out', file('sibling.pem')];
  execFileSync('openssl', ['req', '-x509', ...key, ...issuer, ...names, ...files], {
    stdio: 'ignore',
  });
  const read = (name: string) => readFileSync(file(name), 'utf8');
  return { key: read('sibling.key'), cert: read('sibling.pem') + read('policy.pem') };
}
