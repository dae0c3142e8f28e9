/** Many people in a campaign, and one that breaks: ten thousand under the clock of a test workspace, and neighbours who lose nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { monotonicMs } from '../src/base/clock.ts';
import { DAY_MS, mail, newPlace, provesWhole, sql, world } from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;
const PEOPLE = 10_000;
const BATCH = 500;

/** How many statements that write were made since, by this whole process; looking does not count, since who waits looks as often as it likes. */
function countWrites(t: { after(run: () => void): void }): () => number {
  const prototype = pg.Client.prototype as unknown as { query: (...given: unknown[]) => unknown };
  const { query } = prototype;
  let writes = 0;
  prototype.query = function (this: unknown, ...given: unknown[]) {
    const [asked] = given as [string | { text?: string }];
    const text = typeof asked === 'string' ? asked : (asked?.text ?? '');
    if (/\b(INSERT INTO|UPDATE|DELETE FROM)\b/.test(text)) writes++;
    return query.apply(this, given);
  };
  t.after(() => (prototype.query = query));
  return () => writes;
}

test('O11: ten thousand signed up in San Francisco; those without a picture in two weeks get one mail', async (t) => {
  const place = await newPlace();
  const campaign = await place.live({
    key: 'picture-reminder',
    trigger: { event_without: { did: 'signup', not: 'upload picture', within: '14d' } },
    filter: { attribute: 'city', is: 'San Francisco' },
    entry: 'once',
    steps: [mail('pictures')],
  });
  const tell = async (name: string, who: (i: number) => boolean) => {
    const all = Array.from({ length: PEOPLE }, (_, i) => i).filter(who);
    for (let from = 0; from < all.length; from += BATCH)
      must(
        await ctx.arrive(
          place.id,
          all.slice(from, from + BATCH).map((i) => ({
            person: place.person(`m${i}`, { attributes: { city: i % 10 ? 'San Francisco' : 'Oakland' } }),
            event: { name },
          })),
        ),
      );
  };
  const writes = countWrites(t);
  const beganMs = monotonicMs();
  await tell('signup', () => true);
  await place.settled();
  const toldMs = monotonicMs();
  await tell('upload picture', (i) => i % 2 === 0);
  await place.settled();
  const uploadedMs = monotonicMs();
  must(await ctx.simulator.advanceClock(place.id, 14 * DAY_MS));
  await place.settled();
  const endedMs = monotonicMs();
  const seconds = (fromMs: number, toMs: number) => `${((toMs - fromMs) / 1000).toFixed(1)} s`;
  t.diagnostic(
    `signed up ${seconds(beganMs, toldMs)}, uploaded ${seconds(toldMs, uploadedMs)}, 14 days ${seconds(uploadedMs, endedMs)}`,
  );
  // What it costs however fast the machine is: batches, so that a person is a small part of a statement.
  const each = writes() / PEOPLE;
  t.diagnostic(`${each.toFixed(2)} statements that write for each person`);
  assert.ok(each < 1, `${each} statements that write for each person`);
  const counts = await place.tallies(campaign.id);
  // Nine of ten live there; of these those with an odd number have no picture, and of the even ones four of five live there.
  assert.deepEqual(
    [counts['entered'], counts['pictures sent'], counts['ended:did_it'], counts['ended:completed']],
    [9_000, 5_000, 4_000, 5_000],
  );
  const [mails] = await sql`
    SELECT count(*) AS n, count(DISTINCT contact_id) AS people FROM messages WHERE workspace_id = ${place.id} AND direction = 'out'`;
  assert.deepEqual([mails!['n'], mails!['people']], [5_000, 5_000]);
  await provesWhole();
});

test('a version that cannot be read costs its own campaign: others are taken, and what was told is kept', async () => {
  const [broken, fine] = [await newPlace(), await newPlace()];
  const steps = [mail('in')];
  const bad = await broken.live({ key: 'bad', trigger: { event: { did: 'in' } }, steps });
  await fine.live({ key: 'fine', trigger: { event: { did: 'in' } }, steps });
  await sql`UPDATE campaign_versions SET file = jsonb_set(file, '{steps}', '7') WHERE campaign_id = ${bad.id}`;
  const told = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => {
      const lost = await broken.tell(`lost${i}`, { name: 'in' });
      return { lost, ok: await fine.tell(`ok${i}`, { name: 'in' }) };
    }),
  );
  await fine.settled();
  await broken.settled();
  for (const { lost, ok } of told) {
    assert.deepEqual(await fine.mails(ok), ['in']);
    assert.equal((await sql`SELECT 1 FROM contact_events WHERE contact_id = ${lost}`).length, 1);
  }
});
