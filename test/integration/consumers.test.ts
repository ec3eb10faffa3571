import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { wardgate } from '../support/command.ts';
import { startGatewayProcess } from '../support/gateway-under-test.ts';
import { host, makeSite, temporaryFolder } from '../support/site.ts';

/** Real consumers: mosquitto's own clients with certificates of `wardgate pki issue`. */
async function startWard() {
  const folder = temporaryFolder('consumers');
  onTestFinished(() => folder.remove());
  const directory = join(folder.path, 'site');
  const profile = 'generic-vital-signs-monitor';
  await makeSite(directory, [
    { id: 'mon-1', profile, subject: 'MRN-4711' },
    { id: 'mon-2', profile },
  ]);
  const out = (name: string) => join(folder.path, name);
  for (const words of [
    ['device', 'enrol', 'mon-1', '--out', out('mon-1')],
    ['device', 'enrol', 'mon-2', '--out', out('mon-2')],
    ['pki', 'issue', 'consumer', 'analytics-1', '--out', out('analytics-1')],
  ]) {
    const { code, err } = await wardgate([...words, '--dir', directory]);
    expect({ code, err }).toMatchObject({ code: 0 });
  }
  const gateway = await startGatewayProcess(directory);
  const as = (name: string) => [
    ...['-h', host, '-p', String(gateway.mqttPort), '-i', name],
    ...['--cafile', join(out(name), `${name}.ca.pem`)],
    ...['--cert', join(out(name), `${name}.pem`), '--key', join(out(name), `${name}.key`)],
  ];
  return { gateway, as };
}
type Ward = Awaited<ReturnType<typeof startWard>>;

/** Resolves once it has its SUBACK. */
async function subscribe({ as }: Ward, ...filters: readonly string[]) {
  const topics = filters.flatMap((filter) => ['-t', filter]);
  const words = [...as('analytics-1'), '-q', '1', '-v', '-d', ...topics];
  const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (wanted: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`mosquitto_sub ended before ${wanted}`);
      if (wanted.test(value)) return value;
    }
  };
  await next(/^Subscribed/);
  return { next, child };
}

function publish({ as }: Ward, device: string, kind: string, message: object) {
  const topic = ['-t', `devices/${device}/${kind}`];
  execFileSync('mosquitto_pub', [
    ...as(device),
    '-q',
    '1',
    ...topic,
    '-m',
    JSON.stringify(message),
  ]);
}

const saturation = (seq: number, value: number) => ({
  seq,
  values: { MDC_PULS_OXIM_SAT_O2: value },
});
const alarm = {
  seq: 9,
  alerts: [{ event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' }],
};

it('reads live what is released, under pseudonyms, by QoS 1', async () => {
  const ward = await startWard();
  const { next } = await subscribe(ward, 'released/+/observations', 'released/+/alerts');
  publish(ward, 'mon-1', 'observations', saturation(1, 97));
  // QoS, then the payload: mosquitto_sub -d prints both.
  expect(await next(/PUBLISH .*observations/)).toMatch(/q1, r0/);
  const line = await next(/^released\//);
  const [topic = '', payload = ''] = [
    line.slice(0, line.indexOf(' ')),
    line.slice(line.indexOf(' ')),
  ];
  const [observation] = JSON.parse(payload).observations;
  expect(observation).toMatchObject({ kind: 'numeric', value: 97, unit: '%' });
  expect(topic).toBe(`released/${observation.device}/observations`);
  expect(line).not.toMatch(/mon-1|4711/);

  // Nobody is bound to it: its values wait, its alarm does not.
  publish(ward, 'mon-2', 'observations', saturation(1, 50));
  publish(ward, 'mon-2', 'alerts', alarm);
  const second = await next(/^released\//);
  expect(second).toMatch(/^released\/_[\w-]+\/alerts /);
  expect(second).not.toContain('subject');

  await ward.gateway.event({ event: 'consumer.connected', consumer: 'analytics-1' });
  expect(ward.gateway.events).not.toContainEqual(
    expect.objectContaining({ event: 'device.connected', device: 'analytics-1' }),
  );
});

it('may read findings, and neither commands nor what devices say', async () => {
  const ward = await startWard();
  const { as } = ward;
  const { next } = await subscribe(ward, 'findings/#');
  const one = [...as('mon-1'), '-q', '1', '-m', '{}'];
  for (let count = 0; count < 10; count += 1) {
    // Another device's topic, again and again.
    const child = spawn('mosquitto_pub', [...one, '-t', 'devices/mon-2/observations']);
    await once(child, 'exit');
  }
  expect(await next(/^findings\/D/)).toMatch(/"threat":"D\d\d"/);
  const words = [...as('analytics-1'), '-t', 'devices/#', '-E', '-d'];
  const { stdout } = spawn('mosquitto_sub', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  for await (const line of createInterface(stdout)) lines.push(line);
  // SUBACK 0x80 (MQTT-3.9.3).
  expect(lines.join('\n')).toContain('128');
});

it('publishes nothing, not even what it may read', async () => {
  const ward = await startWard();
  const words = [...ward.as('analytics-1'), '-q', '1', '-t', 'released/_x/alerts', '-m', '{}'];
  const child = spawn('mosquitto_pub', words, { stdio: 'ignore' });
  await ward.gateway.event({ event: 'device.refused', cause: 'topic-refused' });
  child.kill();
});
