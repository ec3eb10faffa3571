import { expect, it } from 'vitest';
import { glassCalls } from '../../gateway/keeper/glass-calls.ts';
import { addPerson, startSiteWithUsers, takeFirstSteps } from '../support/site-with-users.ts';

const hourMs = 3_600_000;
const reason = 'patient in bed 4 is Mrs Example, her pump does not answer';

it('raises a person for an hour, with a reason, until somebody else has looked at it', async () => {
  const site = await startSiteWithUsers();
  const { browser: admin } = await takeFirstSteps(site);
  const nurse = await addPerson(site, admin, 'mara', 'clinical');
  const officer = await addPerson(site, admin, 'jon', 'security');

  expect(await nurse.post('outbox/retry', {})).toMatchObject({ status: 403 });
  expect(await nurse.post('break-glass', { reason: '          ' })).toMatchObject({ status: 422 });
  expect(await nurse.post('break-glass')).toMatchObject({ status: 422 });
  const broken = await nurse.post('break-glass', { reason });
  expect(broken).toMatchObject({ status: 201, json: { user: 'mara', reviewState: 'due' } });
  const { openedAt, until } = broken.json;
  expect(Date.parse(until) - Date.parse(openedAt)).toBe(hourMs);
  expect(await nurse.post('break-glass', { reason })).toMatchObject({ status: 409 });
  expect(await nurse.post('outbox/retry', {})).toMatchObject({ status: 200 });
  // What the table does not mark stays refused.
  expect(await nurse.get('audit')).toMatchObject({ status: 403 });
  // Somebody else’s glass raises nobody.
  expect((await officer.get('break-glass')).json.breaks).toMatchObject([{ user: 'mara', reason }]);

  const review = `break-glass/mara/${broken.json.sequence}/review`;
  expect(await nurse.post(review, { verdict: 'justified' })).toMatchObject({ status: 403 });
  const elsewhere = `break-glass/admin/${broken.json.sequence}/review`;
  expect(await officer.post(elsewhere, { verdict: 'justified' })).toMatchObject({ status: 404 });

  site.look((store) => {
    const isRaised = (at: number) => glassCalls(store).isRaised('mara', at);
    expect(isRaised(Date.parse(until) - 1)).toBe(true);
    expect(isRaised(Date.parse(until))).toBe(false);
    // A clock that was set back raises nobody.
    expect(isRaised(Date.parse(openedAt) - 1)).toBe(false);
  });
  site.look(({ audit }) => {
    const text = JSON.stringify(audit.list(0, 500));
    expect(text).toContain('"actor":"mara","action":"break-glass.open","object":"mara"');
    expect(text).not.toContain('Example');
  });
  expect(JSON.stringify(site.lines)).not.toContain('Example');
  expect(site.lines).toContainEqual(expect.objectContaining({ event: 'glass.broken' }));
});

it('says what nobody has looked at in time, and takes one review by somebody else', async () => {
  const site = await startSiteWithUsers();
  const { browser: admin } = await takeFirstSteps(site);
  const officer = await addPerson(site, admin, 'jon', 'security');
  const { json } = await officer.post('break-glass', { reason });
  const own = `break-glass/jon/${json.sequence}/review`;
  expect(await officer.post(own, { verdict: 'justified' })).toMatchObject({ status: 403 });
  site.look(({ glassBreaks }) => expect(glassBreaks.find(json.sequence)?.review).toBeUndefined());
  expect(await admin.post(own, { verdict: 'perhaps' })).toMatchObject({ status: 422 });
  const reviewed = await admin.post(own, { verdict: 'not-justified' });
  expect(reviewed.json).toMatchObject({
    reviewState: 'done',
    review: { by: 'admin', verdict: 'not-justified' },
  });
  expect(await admin.post(own, { verdict: 'justified' })).toMatchObject({ status: 409 });
});
