import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { GivenRelay } from '../../gateway/config.ts';
import { awaitLine, startChild } from '../children.ts';
import { mosquitto } from '../peers/mosquitto.ts';
import type { Bench } from '../question.ts';
import { idOf } from '../ward.ts';

export const kinds = ['fhir', 'hl7v2', 'mqtt', 'webhook'] as const;
export type Kind = (typeof kinds)[number];

/** A hospital that answers as fast as it can, in a process of its own. */
export interface FastHospital {
  readonly port: number;
  readonly settings: GivenRelay;
  /** How long after their device's time alerts came, so far. */
  readonly alertsMs: readonly number[];
  /** Puts what the relay reads beside the settings. */
  furnish(site: string): void;
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, 'hospital.ts');
const host = '127.0.0.1';
/** In the site directory. */
const ca = 'hospital.pem';
const papers = 'gateway.pem';
const signingKey = 'webhook.pem';
/** The bench asks how fast it can be. */
const backlogPerSecondMax = 1_000_000;

const Said = z.union([z.object({ port: z.int() }), z.object({ alertMs: z.number() })]);

export async function startHospital(bench: Bench, kind: Kind): Promise<FastHospital> {
  const { load, ward } = bench;
  const broker = kind === 'mqtt' ? await mosquitto.start(bench) : undefined;
  const own = join(ward.certificates, `${idOf(0)}.pem`);
  const tls = broker ? [own, own] : [ward.serverKey, ward.serverChain];
  const where = broker ? [`${broker.port}`, ward.root] : [];
  const child = startChild(load.path, [process.execPath, program, kind, ...tls, ...where]);
  const alertsMs: number[] = [];
  const port = await awaitLine(child, (line) => {
    const said = Said.parse(JSON.parse(line));
    return 'port' in said ? said.port : undefined;
  });
  const listening = (async () => {
    for await (const line of child.lines) {
      const said = Said.parse(JSON.parse(line));
      if ('alertMs' in said) alertsMs.push(said.alertMs);
    }
  })();
  return {
    port,
    settings: { id: 'ehr', use: kind, backlogPerSecondMax, ca, ...optionsOf(kind, port) },
    alertsMs,
    furnish(site) {
      copyFileSync(ward.root, join(site, ca));
      copyFileSync(own, join(site, papers));
      const pem = generateKeyPairSync('ed25519').privateKey.export({
        type: 'pkcs8',
        format: 'pem',
      });
      writeFileSync(join(site, signingKey), pem, { mode: 0o600 });
    },
    async stop() {
      await child.stop();
      await listening;
      await broker?.stop();
    },
  };
}

function optionsOf(kind: Kind, port: number): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'fhir':
      return { url: `https://${host}:${port}/fhir` };
    case 'webhook':
      return { url: `https://${host}:${port}/hook`, signingKey, signingKeyId: 'bench' };
    case 'hl7v2':
      return { host, port };
    case 'mqtt':
      return { host, port, clientCertificate: papers, clientKey: papers };
  }
}
