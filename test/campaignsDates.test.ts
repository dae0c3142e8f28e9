/**
 * A date that comes between the publishing of a campaign that goes by it and the moment in which its lanes are gone through for who has such a date:
 * nobody is lost, and nobody enters twice.
 */
import assert from 'node:assert/strict';
import type { CampaignFile } from '../contract/campaign.ts';
import { isoTime } from '../src/base/clock.ts';
import { bucketOf, toHex24 } from '../src/base/ids.ts';
import { publish, saveDraft } from '../src/campaigns/campaigns.ts';
import { mergePeople } from '../src/people/people.ts';
import {
  DAY_MS,
  HOUR_MS,
  mail,
  MINUTE_MS,
  newDoor,
  newPlace,
  provesWhole,
  scenario,
  sql,
  world,
  type Place,
} from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { newConsoleKey } from './support/messages.ts';
import { callApi, must } from './support/world.ts';

const { ctx } = world;

const laneOf = (contactId: number) => ctx.queue.laneOf(bucketOf(contactId));

/** Publishes a campaign by the date `moment`; lanes are not gone through for it: none, or not those of some. */
async function publishedUnfound(place: Place, more: Partial<CampaignFile>, lanes?: readonly number[]) {
  const nowMs = await place.nowMs();
  const trigger = { date: { attribute: 'moment' } };
  const file = { parley: 'campaign/1', key: 'dated', trigger, steps: [mail('it-is-time')], ...more };
  return await ctx.queue.transact(async (tx) => {
    const { id } = must(await saveDraft(ctx, tx, place.id, file, nowMs));
    must(await publish(ctx, tx, place.id, id, 'move', nowMs));
    const some = lanes ? tx`AND lane = ANY(${[...lanes]}::smallint[])` : tx``;
    await tx`UPDATE campaign_tasks SET due_ms = due_ms + ${400 * DAY_MS} WHERE workspace_id = ${place.id} AND kind = 'build' ${some}`;
    return id;
  });
}

/** Now they are. */
async function found(place: Place): Promise<void> {
  await sql`UPDATE campaign_tasks SET due_ms = 0 WHERE workspace_id = ${place.id} AND kind = 'build'`;
  await ctx.queue.transact(async (tx) =>
    ctx.queue.turn(tx, new Set(ctx.queue.lanes().map(({ lane }) => lane))),
  );
  await place.built();
  await place.settled();
}

/** When somebody entered, as far from a moment (ms). */
async function enteredAt(contactId: number, fromMs: number): Promise<number[]> {
  const rows = await sql<{ atMs: number }[]>`
    SELECT entered_ms AS "atMs" FROM campaign_entries WHERE contact_id = ${contactId} ORDER BY 1`;
  return rows.map(({ atMs }) => atMs - fromMs);
}

const tells = (place: Place, who: string, momentMs: number, more: object = {}) =>
  place.tell(who, undefined, { attributes: { moment: isoTime(momentMs), ...more } });

scenario(
  'scenario 27 (since it is published): a date that comes before lanes are gone through for it lets in as of its moment, once',
  async () => {
    const place = await newPlace();
    const fromMs = Math.ceil((await place.nowMs()) / 1_000) * 1_000 + 10 * MINUTE_MS;
    const before = await tells(place, 'before', fromMs - DAY_MS);
    const people = await Promise.all(
      Array.from({ length: 40 }, (_, i) => tells(place, `p${i}`, fromMs + i * MINUTE_MS)),
    );
    const seen = await tells(place, 'seen', fromMs + HOUR_MS);
    const after = await tells(place, 'after', fromMs + 3 * HOUR_MS);
    await place.settled();
    await publishedUnfound(place, {});
    // Something comes of one meanwhile, so that their date is known by then.
    await tells(place, 'seen', fromMs + HOUR_MS, { city: 'Lier' });
    await place.settled();
    await place.advance(2 * HOUR_MS);
    const late = await tells(place, 'late', fromMs + MINUTE_MS);
    await place.settled();
    assert.deepEqual(
      (await enteredAt(seen, fromMs)).map((ms) => ms / MINUTE_MS),
      [60],
    );
    assert.deepEqual(await enteredAt(people[0]!, fromMs), [], 'nobody has looked');
    await found(place);
    for (const [i, id] of people.entries())
      assert.deepEqual(
        [await enteredAt(id, fromMs), await place.mails(id)],
        [[i * MINUTE_MS], ['it-is-time']],
      );
    assert.deepEqual(await enteredAt(seen, fromMs), [HOUR_MS]);
    const rest = [before, after, late];
    assert.deepEqual(await Promise.all(rest.map((id) => enteredAt(id, fromMs))), [[], [], []]);
    await place.advance(2 * HOUR_MS);
    assert.deepEqual(await enteredAt(after, fromMs), [3 * HOUR_MS]);
    assert.deepEqual(await enteredAt(seen, fromMs), [HOUR_MS]);
    await provesWhole();
  },
);

scenario(
  'campaigns.md §3.2: who enters by a date as of then is as if they had been looked at: refreshed once, by steps that others go by',
  async () => {
    const place = await newPlace();
    const fromMs = (await place.nowMs()) + 10 * MINUTE_MS;
    const [ann, bob] = [await tells(place, 'ann', fromMs), await tells(place, 'bob', fromMs)];
    await place.settled();
    await place.live({ key: 'marked', trigger: { tag: { entered: 'came' } }, steps: [mail('marked')] });
    await place.built();
    const steps = [
      { key: 'mark', tag: { add: ['came'] } },
      { key: 'rest', wait: { for: '2h' } },
      mail('rested'),
    ];
    await publishedUnfound(place, { steps, entry: 'once', whileActive: 'refresh' });
    await tells(place, 'bob', fromMs, { city: 'Lier' });
    await place.settled();
    await place.advance(HOUR_MS);
    await found(place);
    for (const id of [ann, bob]) {
      assert.deepEqual(await place.mails(id), ['marked']);
      const why =
        await sql`SELECT 1 FROM enrolment_log WHERE contact_id = ${id} AND concat(what, detail) LIKE '%refreshed%'`;
      assert.equal(why.length, 0, 'nobody comes by one date twice');
    }
    await place.advance(HOUR_MS + 5 * MINUTE_MS);
    assert.deepEqual(await Promise.all([ann, bob].map((id) => place.mails(id))), [['marked'], ['marked']]);
    await place.advance(10 * MINUTE_MS);
    assert.deepEqual(await Promise.all([ann, bob].map((id) => place.mails(id))), [
      ['marked', 'rested'],
      ['marked', 'rested'],
    ]);
    await provesWhole();
  },
);

scenario(
  'campaigns.md §3.7: who becomes another before their lane is gone through, and whose date came, enters as that one',
  async () => {
    const place = await newPlace();
    const fromMs = (await place.nowMs()) + 10 * MINUTE_MS;
    const survivingId = await place.tell('stays');
    const others = await Promise.all(['a', 'b', 'c', 'd'].map((who) => tells(place, who, fromMs)));
    const discardedId = others.find((id) => laneOf(id) !== laneOf(survivingId))!;
    await place.settled();
    await publishedUnfound(place, {}, [laneOf(discardedId)]);
    await until('all other lanes are gone through', async () => {
      const left = await sql`SELECT 1 FROM campaign_tasks WHERE workspace_id = ${place.id}`;
      return left.length === 1;
    });
    await place.advance(HOUR_MS);
    const nowMs = await place.nowMs();
    const pair = { workspaceId: place.id, survivingId, discardedId };
    must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, nowMs, pair)));
    await found(place);
    assert.deepEqual(
      [await enteredAt(survivingId, fromMs), await place.mails(survivingId)],
      [[0], ['it-is-time']],
    );
  },
);

scenario(
  'campaigns.md §3.8: the zone of the workspace becomes another while people wait by it: nobody misses a date for that, or waits by the old one',
  async () => {
    const place = await newPlace('Europe/Amsterdam');
    const key = await newConsoleKey(ctx, place.id);
    const nextMs = Math.ceil((await place.nowMs()) / DAY_MS) * DAY_MS + 5 * HOUR_MS;
    await place.advance(nextMs - (await place.nowMs()));
    const day = (more: number) => isoTime(nextMs + more * DAY_MS).slice(0, 10);
    const dated = { trigger: { date: { attribute: 'moment', at: '09:00' } } };
    await place.live({ ...dated, key: 'greets', steps: [mail('greeted')] });
    await place.live({
      key: 'rests',
      trigger: { event: { did: 'rest' } },
      steps: [{ key: 'w', wait: { for: '1m', thenAt: '14:30' } }, mail('rested')],
    });
    await place.live({
      key: 'hours',
      trigger: { event: { did: 'hours' } },
      steps: [{ key: 'w', wait_until: { from: '15:00', to: '16:00' } }, mail('in-hours')],
    });
    await place.live({
      key: 'awaits',
      trigger: { event: { did: 'await' } },
      steps: [{ key: 'w', wait_until: { attribute: 'until', at: '09:00' } }, mail('awaited')],
    });
    await place.built();
    const own = { attributes: { moment: day(0) }, timeZone: 'Europe/Amsterdam' };
    const today = await place.tell('today', undefined, { attributes: { moment: day(0) } });
    const stays = await place.tell('stays', undefined, own);
    const tomorrow = await place.tell('tomorrow', undefined, { attributes: { moment: day(1) } });
    const past = await place.tell('past', undefined, { attributes: { moment: day(-1) } });
    const rests = await place.tell('rests', { name: 'rest' });
    const hours = await place.tell('hours', { name: 'hours' });
    const awaits = await place.tell('awaits', { name: 'await' }, { attributes: { until: day(1) } });
    await place.settled();
    const path = `/api/workspaces/${toHex24(place.id)}`;
    const { status } = await callApi(world, key, 'PATCH', path, { timeZone: 'Asia/Tokyo' });
    assert.equal(status, 200);
    await until('all who wait by it were gone through', async () => {
      const left = await sql`SELECT 1 FROM campaign_tasks WHERE workspace_id = ${place.id}`;
      return left.length === 0;
    });
    await place.settled();
    const mails = async () => {
      const all = [today, stays, tomorrow, past, rests, hours, awaits].map((id) => place.mails(id));
      return (await Promise.all(all)).map(([first]) => first ?? '');
    };
    const none = '';
    assert.deepEqual(await mails(), ['greeted', none, none, none, none, none, none], 'it was nine there');
    await place.advance(40 * MINUTE_MS);
    assert.deepEqual((await mails()).slice(4), ['rested', none, none]);
    await place.advance(40 * MINUTE_MS);
    assert.deepEqual((await mails()).slice(4), ['rested', 'in-hours', none]);
    await place.advance(2 * HOUR_MS);
    assert.deepEqual(await mails(), ['greeted', 'greeted', none, none, 'rested', 'in-hours', none]);
    await place.advance(17 * HOUR_MS);
    assert.deepEqual(await mails(), ['greeted', 'greeted', 'greeted', none, 'rested', 'in-hours', 'awaited']);
    await place.advance(2 * DAY_MS);
    for (const id of [today, stays, tomorrow]) assert.deepEqual(await place.mails(id), ['greeted']);
    await provesWhole();
  },
);

scenario('campaigns.md §3.2: nobody enters by a date of whom nobody knows who it is', async () => {
  const door = await newDoor();
  const fromMs = (await door.place.nowMs()) + 10 * MINUTE_MS;
  await door.post('/v2/identify', { anon_id: 'phone', attributes: { moment: isoTime(fromMs) } });
  await door.place.settled();
  await publishedUnfound(door.place, {});
  await door.place.advance(HOUR_MS);
  await found(door.place);
  assert.deepEqual(await enteredAt(await door.who('phone'), fromMs), []);
  assert.equal(await door.place.refusal(await door.who('phone')), 'anonymous');
});
