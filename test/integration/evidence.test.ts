import { expect, it, vi } from 'vitest';
import type { DeviceId } from '../../gateway/core/device.ts';
import type { Channel, Intake } from '../../gateway/core/intake.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { createEvidence, type ShownFrame } from '../../gateway/ward/evidence.ts';
import { wardgateJson } from '../support/command.ts';
import { type InterfaceUnderTest, startInterface } from '../support/interface-under-test.ts';
import { until } from '../support/site.ts';

vi.setConfig({ testTimeout: 120_000 });

const monitor = 'mon-1' as DeviceId;
const pump = 'gateway-1' as DeviceId;
const hl7 = (id: string) =>
  `\x0bMSH|^~\\&|MON|W|||20261122100000+0000||ORU^R01^ORU_R01|${id}|P|2.6\rPID|||4711-SMITH^^^H^MR||Smith^Jane\r\x1c\r`;

async function offer(site: InterfaceUnderTest, device: DeviceId, text: string, channel: Channel) {
  const bytes = Buffer.from(text);
  await site.watch.queue.offer({ device, channel, bytes, receivedAt: Date.now() as Instant });
}

/** Another one’s topic: an attack that every device can make. */
async function abuse(site: InterfaceUnderTest, device: DeviceId): Promise<void> {
  const at = Date.now() as Instant;
  const topic = 'devices/other/observations';
  site.watch.queue.signal({ kind: 'topic-refused', action: 'publish', topic, device, at });
  const { episodes } = site.store.journal;
  await until('a finding', () => episodes.of(device, 0).length > 0);
}

const framesAs = async (
  { ask }: InterfaceUnderTest,
  episode: number,
  as: 'clinical' | 'security' | 'viewer',
) => {
  const reply = await ask(`/api/v1/findings/${episode}/frames`, { as });
  return reply.status === 200
    ? (reply.json() as { frames: (Omit<ShownFrame, 'at'> & { at: string })[] }).frames
    : reply.status;
};
const textOf = ({ base64 }: { readonly base64: string }) =>
  Buffer.from(base64, 'base64').toString();

it('keeps the frames before and after a finding, in clear for who sees patients and masked for others', async () => {
  const site = await startInterface([
    { id: monitor, profile: 'generic-vital-signs-monitor' },
    { id: pump, profile: 'generic-pcd01-monitor' },
  ]);
  const values = (seq: number) => `{"seq":${seq},"values":{"MDC_ECG_HEART_RATE":72}}`;
  for (let seq = 1; seq <= 20; seq += 1) await offer(site, monitor, values(seq), 'observations');
  await offer(site, pump, hl7('1'), 'line');
  expect(site.store.frames.of(1)).toEqual([]);
  await abuse(site, monitor);
  for (let seq = 21; seq <= 40; seq += 1) await offer(site, monitor, values(seq), 'observations');
  await abuse(site, pump);

  const clear = await framesAs(site, 1, 'clinical');
  const expected = Array.from({ length: 24 }, (_, index) => values(index + 5));
  expect(Array.isArray(clear) && clear.map(textOf)).toEqual(expected);
  // wardgate-json declares no mask: what is not proven to name nobody is withheld.
  expect(await framesAs(site, 1, 'security')).toContainEqual(
    expect.objectContaining({ form: 'withheld', base64: '', byteCount: values(5).length }),
  );
  expect(await framesAs(site, 1, 'viewer')).toBe(403);

  const [masked] = (await framesAs(site, 2, 'security')) as { base64: string; form: string }[];
  expect(masked?.form).toBe('masked');
  expect(textOf(masked ?? { base64: '' })).toMatch(/MSH\|.*PID/s);
  expect(textOf(masked ?? { base64: '' })).not.toMatch(/SMITH|4711/i);
  const shown = await wardgateJson<{ frames: ShownFrame[] }>(
    ...['findings', 'show', '2', '--frames', '--dir', site.directory],
  );
  expect(shown.frames.map(textOf).join()).not.toMatch(/SMITH|4711/i);
  expect(
    site.store.audit.list().map(({ action, actor, detail }) => [action, actor, detail]),
  ).toEqual(
    expect.arrayContaining([
      ['finding.frames', 'a-clinical', '24 frames, clear'],
      ['finding.frames', 'a-security', '24 frames, masked'],
    ]),
  );
  site.store.journal.forget(Date.now() + 1);
  site.store.frames.forget(Date.now() + 1);
  expect(site.store.frames.of(1)).toEqual([]);
});

it('remembers no more than its bounds, however many devices say however much', async () => {
  const { store } = await startInterface();
  const evidence = createEvidence();
  const bytes = Buffer.alloc(65_536, 1);
  const at = Date.now() as Instant;
  const said = (device: string): Intake => ({
    ...{ device: device as DeviceId, channel: 'observations', bytes, receivedAt: at },
  });
  for (let index = 0; index < 400; index += 1) {
    evidence.keep(
      store,
      Array.from({ length: 20 }, () => said(`d-${index}`)),
      [],
      [],
    );
  }
  const finding = (about: string) => ({
    ...({ threat: 'D05', detector: 'x', about, at, severity: 'high', confidence: 1 } as const),
    ...({ outcome: 'blocked', evidence: {} } as const),
  });
  evidence.keep(store, [], [finding('d-0'), finding('d-399')], [1, 2]);
  // The one that was quiet longest was forgotten; of the last one the newest are there, cut.
  expect(store.frames.of(1)).toEqual([]);
  expect(store.frames.of(2).map((frame) => frame.bytes.length)).toEqual(Array(16).fill(4_096));
});
