/** What of one workspace's campaigns fails keeps neither its own neighbours nor other workspaces waiting, and is not lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_MS, mail, newPlace, sql } from './campaignsProduct.ts';

const PEOPLE = 40;

/** Makes what a campaign is taken by unreadable, as a fault of ours might. */
async function spoil(campaignId: number): Promise<void> {
  await sql`UPDATE campaign_versions SET file = '{"steps": 5}' WHERE campaign_id = ${campaignId}`;
  await sql`UPDATE campaign_stamp SET n = n + 1`;
}

test('an event that campaigns cannot look at is kept, and the others in its lane go on', async () => {
  const [bad, good] = [await newPlace(), await newPlace()];
  const file = { key: 'hello', trigger: { event: { did: 'signup' } }, steps: [mail('welcome')] };
  const { id } = await bad.live(file);
  await good.live(file);
  await spoil(id);
  const theirs: number[] = [];
  for (let n = 0; n < PEOPLE; n++) {
    await bad.tell(`bad${n}`, { name: 'signup' });
    theirs.push(await good.tell(`good${n}`, { name: 'signup' }));
  }
  await good.settled();
  for (const contactId of theirs) assert.deepEqual(await good.mails(contactId), ['welcome']);
  await bad.settled();
  const [kept] = await sql<
    { n: number }[]
  >`SELECT count(*) AS n FROM contact_events WHERE workspace_id = ${bad.id}`;
  assert.equal(kept!.n, PEOPLE);
  const [counted] = await sql<
    { n: number }[]
  >`SELECT coalesce(sum(count), 0)::int AS n FROM event_stats WHERE workspace_id = ${bad.id}`;
  assert.equal(counted!.n, PEOPLE, 'what is kept is counted');
  const [sent] = await sql<
    { n: number }[]
  >`SELECT count(*) AS n FROM messages WHERE workspace_id = ${bad.id}`;
  assert.equal(sent!.n, 0);
});

test('a timer that cannot be taken comes back later, and the others in its lane fire', async () => {
  const [bad, good] = [await newPlace(), await newPlace()];
  const file = {
    key: 'later',
    trigger: { event: { did: 'signup' } },
    steps: [{ key: 'rest', wait: { for: '1d' } }, mail('a-day-later')],
  };
  await bad.live(file);
  await good.live(file);
  const theirs: number[] = [];
  for (let n = 0; n < PEOPLE; n++) {
    await bad.tell(`bad${n}`, { name: 'signup' });
    theirs.push(await good.tell(`good${n}`, { name: 'signup' }));
  }
  await bad.settled();
  await good.settled();
  // Where they stand cannot be read any more.
  await sql`UPDATE enrolments SET place = 'null' WHERE workspace_id = ${bad.id}`;
  await bad.advance(DAY_MS);
  await good.advance(DAY_MS);
  for (const contactId of theirs) assert.deepEqual(await good.mails(contactId), ['a-day-later']);
  const [inside] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM enrolments e JOIN timers t ON t.bucket = e.bucket AND t.contact_id = e.contact_id AND t.owner_id = e.id
    WHERE e.workspace_id = ${bad.id}`;
  assert.equal(inside!.n, PEOPLE);
});
