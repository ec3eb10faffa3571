import { expect, it, vi } from 'vitest';
import type { Finding } from '../../gateway/core/finding.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { expectRefusal, wardgate, wardgateJson } from '../support/command.ts';
import { startInterface } from '../support/interface-under-test.ts';

vi.setConfig({ testTimeout: 120_000 });

const minute = 60_000;
const base = Date.parse('2026-11-22T10:00:00.000Z');
const found = (minutes: number, more: Partial<Finding> = {}): Finding => ({
  ...{
    threat: 'D05',
    detector: 'topic-abuse',
    about: 'mon-1',
    at: (base + minutes * minute) as Instant,
  },
  ...{ severity: 'medium', confidence: 0.8, outcome: 'blocked', evidence: { topic: 'a' } },
  ...more,
});

it('folds what one detector finds about one device in ten minutes into one episode, by its worst', async () => {
  const { store } = await startInterface();
  const { journal } = store;
  const numbers = journal.addFindings([
    found(0),
    found(9, { severity: 'high', confidence: 0.6, outcome: 'detected', evidence: { topic: 'b' } }),
    found(5, { severity: 'low', confidence: 0.95 }),
    found(9, { about: 'mon-2' }),
    found(9, { detector: 'another' }),
    found(10),
  ]);
  expect(numbers).toEqual([1, 1, 1, 2, 3, 4]);
  expect(journal.episodes.find(1)).toEqual({
    ...found(0, {
      severity: 'high',
      confidence: 0.95,
      outcome: 'detected',
      evidence: { topic: 'b' },
    }),
    ...{ sequence: 1, count: 3, lastAt: base + 9 * minute, state: 'new' },
  });
  expect(journal.findings()).toHaveLength(6);
  expect(journal.episodes.of('mon-1', base + 10 * minute).map(({ sequence }) => sequence)).toEqual([
    4,
  ]);
});

it('begins another episode after one was closed, and forgets the closed ones alone', async () => {
  const { store } = await startInterface();
  const { episodes } = store.journal;
  const judgement = { actor: 'a', changedAt: base, reason: 'r' };
  store.journal.addFindings([found(0)]);
  episodes.judge(1, { state: 'closed', cause: 'test', ...judgement });
  store.journal.addFindings([found(1)]);
  episodes.judge(2, { state: 'acknowledged', ...judgement });
  expect(store.journal.addFindings([found(2)])).toEqual([2]);
  store.journal.forget(base + 20 * minute);
  expect(episodes.page({ countMax: 9 }).map(({ sequence, state }) => [sequence, state])).toEqual([
    [2, 'acknowledged'],
  ]);
  store.journal.addFindings([found(30)]);
  expect(episodes.page({ countMax: 1 })).toMatchObject([{ sequence: 3 }]);
});

it('lets security acknowledge, close and reopen, audited with who and why, and nobody else', async () => {
  const { ask, store } = await startInterface();
  store.journal.addFindings([found(0), found(1)]);
  const order = (name: string, body: object, as: 'security' | 'viewer' | 'clinical' = 'security') =>
    ask(`/api/v1/findings/1/${name}`, { method: 'POST', as, body });
  expect((await order('acknowledge', { reason: 'mine' }, 'viewer')).status).toBe(403);
  expect((await order('acknowledge', { reason: 'mine' }, 'clinical')).status).toBe(403);
  expect((await order('acknowledge', { reason: 'mine' })).json()).toMatchObject({
    ...{ state: 'acknowledged', actor: 'a-security', reason: 'mine', count: 2 },
  });
  expect((await order('acknowledge', { reason: 'again' })).status).toBe(409);
  expect((await order('close', { reason: 'no cause' })).status).toBe(422);
  const closed = await order('close', { cause: 'false-positive', reason: 'a new pump' });
  expect(closed.json()).toMatchObject({ state: 'closed', cause: 'false-positive' });
  expect((await order('reopen', { reason: 'it was not' })).json()).toMatchObject({ state: 'new' });
  expect((await ask('/api/v1/findings/2', { as: 'viewer' })).status).toBe(404);
  const one = await ask('/api/v1/findings/1', { as: 'viewer' });
  expect(one.json()).toMatchObject({ sequence: 1, findings: [{ evidence: { topic: 'a' } }, {}] });
  expect((await ask('/api/v1/findings?state=closed', { as: 'viewer' })).json()).toEqual({
    findings: [],
  });
  expect(store.audit.list().map(({ action, object, detail }) => [action, object, detail])).toEqual(
    expect.arrayContaining([
      ['finding.acknowledge', '1', 'mine'],
      ['finding.close', '1', 'false-positive: a new pump'],
      ['finding.reopen', '1', 'it was not'],
    ]),
  );
});

it('does the same by command, beside the running gateway', async () => {
  const { directory, store } = await startInterface();
  store.journal.addFindings([found(0)]);
  const command = (...words: readonly string[]) =>
    wardgateJson('findings', ...words, '--dir', directory);
  expect(await command()).toMatchObject([{ sequence: 1, state: 'new' }]);
  await command('acknowledge', '1', '--reason', 'mine');
  expect(await command('show', '1')).toMatchObject({ state: 'acknowledged', findings: [{}] });
  const shown = await wardgate(['findings', 'show', '1', '--dir', directory]);
  expect(shown.out).toMatch(/Topic abuse.*\n.*T0842.*\n/);
  await command('close', '1', '--cause', 'fixed', '--reason', 'done');
  expect(await command('--state', 'closed')).toMatchObject([{ cause: 'fixed', reason: 'done' }]);
  const refuse = (...words: readonly string[]) =>
    wardgate(['findings', ...words, '--dir', directory]);
  expectRefusal(await refuse('acknowledge', '1', '--reason', 'x'), 1, 'finding-state');
  expectRefusal(await refuse('show', '7'), 1, 'finding-unknown');
  expectRefusal(await refuse('show', 'x'), 1, 'finding-unknown');
});

it('exports what was found as STIX 2.1 and as CEF, and the audit says so', async () => {
  const { directory, store } = await startInterface();
  store.journal.addFindings([found(0), found(1), found(60, { about: '10.0.0.9' })]);
  const exported = async (...words: readonly string[]) =>
    (await wardgate(['findings', 'export', ...words, '--dir', directory])).out;
  const types = (text: string) =>
    (JSON.parse(text) as { objects: { type: string }[] }).objects.map(({ type }) => type);
  expect(types(await exported()).filter((type) => type === 'sighting')).toHaveLength(2);
  const since = ['--since', new Date(base + 30 * minute).toISOString()];
  expect(types(await exported(...since)).filter((type) => type === 'sighting')).toHaveLength(1);
  const lines = (await exported('--format', 'cef')).trim().split('\n');
  expect(lines).toHaveLength(3);
  for (const line of lines)
    expect(line).toMatch(/^CEF:0\|wardgate\|wardgate\|[^|]+\|D05:topic-abuse\|/);
  expect(store.audit.list().map(({ action, object }) => `${action} ${object}`)).toContain(
    'finding.export cef',
  );
});

it('says what stands behind each detection, and what no gateway can see', async () => {
  const { threats, unseen } = await wardgateJson<{
    threats: { id: string; detectors: string[]; tests: string[] }[];
    unseen: { enisa: number }[];
  }>('threats', '--coverage');
  expect(threats).toHaveLength(20);
  const d05 = threats.find(({ id }) => id === 'D05');
  expect(d05?.detectors).toContain('topic-abuse');
  expect(d05?.tests).toContain('topic-abuse');
  expect(unseen.map(({ enisa }) => enisa)).toEqual([2, 3, 5]);
  expect((await wardgate(['threats'])).out.split('\n')).toHaveLength(21);
});

it('counts what each detector found, hour by hour back from now', async () => {
  const { store } = await startInterface();
  const hour = 60;
  store.journal.addFindings([found(-1), found(-2), found(-30 * hour - 1), found(-500 * hour)]);
  const { counts, first } = store.journal.findingCounts(base, 360);
  expect(counts.map(({ hoursAgo, count }) => [hoursAgo, count])).toEqual([
    [0, 2],
    [30, 1],
  ]);
  expect(first).toBe(base - 500 * hour * minute);
});
