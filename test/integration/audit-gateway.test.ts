import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import vitalSignsMonitor from '../../device-profiles/generic/vital-signs-monitor.ts';
import { saveConfig } from '../../gateway/config.ts';
import { readSecret } from '../../gateway/pki/secrets.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { openDatabase } from '../../gateway/store/database.ts';
import { wardgateJson } from '../support/command.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { host, makeSite, temporaryFolder } from '../support/site.ts';

async function newSite(): Promise<string> {
  const folder = temporaryFolder('audit-gateway');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  await makeSite(directory, [], { https: { port: 0 } });
  return directory;
}

function entriesOf(directory: string, action: string) {
  const { store } = openSiteStore(directory);
  const entries = store.audit.list().filter((entry) => entry.action === action);
  store.close();
  return entries;
}

it('a gateway enters its start, whom it refused, and its end', async () => {
  const directory = await newSite();
  const gateway = await startGatewayProcess(directory);
  const socket = connect({ host, port: gateway.mqttPort, rejectUnauthorized: false });
  socket.on('error', () => undefined).resume();
  await new Promise((resolve) => socket.once('close', resolve));
  await gateway.stop();

  expect(entriesOf(directory, 'gateway.start')).toHaveLength(1);
  expect(entriesOf(directory, 'access.refused')).toMatchObject([
    { actor: `address:${host}`, outcome: 'failure', object: 'connection' },
  ]);
  expect(entriesOf(directory, 'gateway.stop')).toHaveLength(1);
  expect(await wardgateJson('audit', 'verify', '--dir', directory)).toMatchObject({ ok: true });
}, 60_000);

it('a start with other settings says which changed, and not to what', async () => {
  const directory = await newSite();
  await (await startGatewayProcess(directory)).stop();
  await (await startGatewayProcess(directory)).stop();
  expect(entriesOf(directory, 'settings.change')).toEqual([]);
  const retention = { days: 5 };
  saveConfig(directory, { site: 'test', host, mqtt: { port: 0 }, https: { port: 0 }, retention });
  const profile = JSON.stringify({ ...vitalSignsMonitor, id: 'own-monitor' });
  writeFileSync(join(directory, 'profiles/own-monitor.json'), profile);
  await (await startGatewayProcess(directory)).stop();
  const [change] = entriesOf(directory, 'settings.change');
  expect(change?.detail).toBe('profiles.own-monitor retention.days');
}, 60_000);

it('a gateway whose audit trail was cut starts all the same, and says so loudly', async () => {
  const directory = await newSite();
  await (await startGatewayProcess(directory)).stop();
  const database = openDatabase(directory, readSecret(directory, 'store.key'), true);
  database.exec('delete from audit where sequence >= 3');
  database.close();
  const gateway = await startGatewayProcess(directory);
  await gateway.event({ event: 'audit.damaged', problem: 'truncated' });
  await gateway.stop();
  const { store } = openSiteStore(directory);
  const [first, ...more] = store.journal.findings();
  store.close();
  const about = { threat: 'D20', detector: 'audit-chain', severity: 'critical' };
  expect(first).toMatchObject({ ...about, evidence: { problem: 'truncated', sequence: 3 } });
  // What is written after the cut stands in the place of what was cut off.
  for (const each of more)
    expect(each).toMatchObject({ ...about, evidence: { problem: 'replaced' } });
  expect(entriesOf(directory, 'audit.damaged')).toHaveLength(1 + more.length);
}, 60_000);
