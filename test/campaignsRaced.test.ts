/** What happens to people of campaigns at one moment, or between two others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askRemoval } from '../src/accounts/removal.ts';
import { isFault } from '../src/base/fault.ts';
import { bucketOf } from '../src/base/ids.ts';
import { beginBacktest } from '../src/campaigns/backtest/backtests.ts';
import { endCampaign, publish, saveDraft } from '../src/campaigns/campaigns.ts';
import { createSegment, removeSegment } from '../src/campaigns/segments/segments.ts';
import { usesOfSet } from '../src/campaigns/segments/uses.ts';
import { deleteSet, ensureSets, lockSet } from '../src/contacts/sets.ts';
import type { Tx } from '../src/db/pool.ts';
import { mergePeople } from '../src/people/people.ts';
import { DAY_MS, HOUR_MS, mail, newPlace, sql, world, type Place } from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;

const laneOf = (contactId: number) => ctx.queue.laneOf(bucketOf(contactId));

async function merge(place: Place, survivingId: number, discardedId: number): Promise<void> {
  const nowMs = await place.nowMs();
  const pair = { workspaceId: place.id, survivingId, discardedId };
  must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, nowMs, pair)));
}

test('campaigns.md §3.7: what is told of a message that was sent to who became another is of who they are now', async () => {
  const place = await newPlace();
  for (const { id } of must(await ctx.simulator.listRules(place.id)))
    await ctx.simulator.deleteRule(place.id, id);
  const outcome = { outcome: 'undelivered' as const, receiptAfterMs: HOUR_MS };
  must(await ctx.simulator.addRule(place.id, { channel: 'email', addressPattern: 'goes@*', outcome }));
  const steps = [
    mail('one', { await: 'delivered' }),
    { key: 'heard', stop: { reason: 'heard' } },
    { key: 'bounced', stop: { reason: 'bounced' } },
  ];
  const first = { ...steps[0]!, then: { failed: 'bounced' } };
  const { id } = await place.live({
    key: 'told',
    trigger: { event: { did: 'in' } },
    steps: [first, ...steps.slice(1)] as never,
  });
  const discardedId = await place.tell('goes', { name: 'in' });
  const survivingId = await place.tell('stays');
  await until(
    'it is sent, and that is told',
    async () => (await place.tallies(id))['one accepted:first'] === 1,
  );
  await merge(place, survivingId, discardedId);
  await place.advance(2 * HOUR_MS);
  assert.deepEqual(await place.entries(survivingId), ['bounced']);
  assert.equal((await place.tallies(id))['one failed:first'], 1);
});

test('campaigns.md §3.7: merged while a campaign is over where the other is and not where they were: they are out of it', async () => {
  const place = await newPlace();
  const { id } = await place.live({
    key: 'ended',
    trigger: { event: { did: 'in' } },
    steps: [{ key: 'rest', wait: { for: '30d' } }, mail('out')],
  });
  const names = ['a', 'b', 'c', 'd', 'e'];
  const people = await Promise.all(names.map((who) => place.tell(who)));
  const [survivingId] = people as [number];
  const discardedId = people.find((one) => laneOf(one) !== laneOf(survivingId))!;
  await place.tell(names[people.indexOf(discardedId)]!, { name: 'in' });
  await place.settled();
  const nowMs = await place.nowMs();
  await ctx.queue.transact(async (tx) => {
    must(await endCampaign(ctx, tx, place.id, id, nowMs));
    // It has not come to the lane of whom they were.
    await tx`UPDATE campaign_tasks SET due_ms = ${ctx.clock.nowMs() + HOUR_MS} WHERE campaign_id = ${id} AND lane = ${laneOf(discardedId)}`;
  });
  await until('it is over everywhere else', async () => {
    const left = await sql`SELECT 1 FROM campaign_tasks WHERE campaign_id = ${id}`;
    return left.length === 1;
  });
  await merge(place, survivingId, discardedId);
  await sql`UPDATE campaign_tasks SET due_ms = 0 WHERE campaign_id = ${id}`;
  await place.settled();
  assert.deepEqual(await place.entries(survivingId), ['campaign_ended']);
});

test('campaigns.md §3.7: what two who become one did as one event is counted once, as it is kept', async () => {
  const place = await newPlace();
  const event = { name: 'in', key: 'm:1', timestamp: (await place.nowMs()) - 60_000 };
  const discardedId = await place.tell('goes', event);
  await place.tell('goes', { ...event, key: 'm:2' });
  const survivingId = await place.tell('stays', event);
  await place.settled();
  await merge(place, survivingId, discardedId);
  await place.settled();
  const [stat] = await sql<
    { n: number }[]
  >`SELECT count AS n FROM event_stats WHERE contact_id = ${survivingId}`;
  const [kept] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM contact_events WHERE contact_id = ${survivingId}`;
  assert.deepEqual([stat!.n, kept!.n], [2, 2]);
});

test('a date that no calendar has keeps nobody out: it never comes, and what they do is looked at', async () => {
  const place = await newPlace();
  const born = { attribute: 'born', at: '09:00', yearly: true };
  await place.live({ key: 'birthday', trigger: { date: born }, steps: [mail('joy')] });
  await place.live({ key: 'in', trigger: { event: { did: 'in' } }, steps: [mail('welcome')] });
  await place.built();
  for (const [who, value] of Object.entries({
    late: 9e15,
    early: -9e15,
    edge: 8.64e15,
    text: '9999-12-31',
  })) {
    const id = await place.tell(who, { name: 'in' }, { attributes: { born: value } });
    await place.settled();
    assert.deepEqual(await place.mails(id), ['welcome'], who);
  }
});

test('campaigns.md §3.11: who begins a back-test while others are begun waits until those are counted', async () => {
  const place = await newPlace();
  await place.tell('somebody', { name: 'in' });
  await place.settled();
  const toMs = await place.nowMs();
  const campaign = {
    parley: 'campaign/1',
    key: 'k',
    trigger: { event: { did: 'in' } },
    steps: [mail('one')],
  };
  const asked = { campaign, fromMs: toMs - DAY_MS, toMs, orderedBy: 'received' as const, all: true };
  const begin = (tx: Tx) => beginBacktest(ctx, tx, place.id, asked, ctx.clock.nowMs());
  const letGo = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const three = ctx.queue.transact(async (tx) => {
    for (let n = 0; n < 3; n++) must(await begin(tx));
    const fourth = await begin(tx);
    assert.equal(isFault(fourth) && fourth.fault, 'conflict');
    begun.resolve();
    await letGo.promise;
  });
  await begun.promise;
  const other = ctx.queue.transact(begin);
  await until('the other waits', async () => {
    const rows = await sql`
      SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%back-tests%'`;
    return rows.length > 0;
  });
  letGo.resolve();
  await Promise.all([three, other]);
});

test('a segment is deleted while a campaign that names it is published: it is kept, as when the campaign stood before', async () => {
  const place = await newPlace();
  const segmentId = await place.segment('buyers', { did: 'bought' });
  const deps = { ...ctx, stepHandlers: ctx.stepHandlers };
  const nowMs = await place.nowMs();
  const file = { key: 'thanks', trigger: { segment: { entered: 'buyers' } }, steps: [mail('thanks')] };
  const given = { parley: 'campaign/1', ...file };
  const { id } = must(await ctx.queue.transact((tx) => saveDraft(deps, tx, place.id, given, nowMs)));
  const letGo = Promise.withResolvers<void>();
  const published = Promise.withResolvers<void>();
  const publishing = ctx.queue.transact(async (tx) => {
    must(await publish(deps, tx, place.id, id, 'move', nowMs));
    published.resolve();
    await letGo.promise;
  });
  await published.promise;
  let isDone = false;
  const removing = ctx.queue
    .transact((tx) => removeSegment(tx, place.id, segmentId))
    .finally(() => (isDone = true));
  await until('it waits, or is deleted', async () => {
    const rows = await sql`
      SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND (query LIKE '%FROM segments%' OR query LIKE '%campaign_stamp%')`;
    return isDone || rows.length > 0;
  });
  letGo.resolve();
  await publishing;
  const removed = await removing;
  assert.equal(isFault(removed) && removed.fault, 'conflict');
  const id2 = await place.tell('somebody', { name: 'bought' });
  await place.settled();
  assert.deepEqual(await place.mails(id2), ['thanks']);
});

test('a list is deleted or renamed while a segment or a campaign that names it is written: that is waited for, and then it is known', async () => {
  const place = await newPlace();
  const nowMs = await place.nowMs();
  const [list] = must(
    await ctx.queue.transact((tx) =>
      ensureSets(tx, ctx.ids, nowMs, { workspaceId: place.id, kind: 'list', names: ['Regulars'] }),
    ),
  );
  const input = { key: 'regulars', rule: { inList: 'Regulars' } };
  const file = { key: 'to-regulars', trigger: { list: { entered: 'Regulars' } }, steps: [mail('hello')] };
  const given = { parley: 'campaign/1', ...file };
  const { id } = must(await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, given, nowMs)));
  const writes = [
    (tx: Tx) => createSegment(ctx, tx, place.id, input, nowMs),
    (tx: Tx) => publish(ctx, tx, place.id, id, 'move', nowMs),
  ];
  for (const write of writes) {
    const letGo = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const writing = ctx.queue.transact(async (tx) => {
      must(await write(tx));
      written.resolve();
      await letGo.promise;
    });
    await written.promise;
    let isDone = false;
    const asking = ctx.queue
      .transact(async (tx) => {
        await lockSet(tx, place.id, list!.id);
        return await usesOfSet(tx, place.id, { kind: 'list', name: 'Regulars' });
      })
      .finally(() => (isDone = true));
    await until('it waits, or has looked', async () => {
      const rows = await sql`
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM sets%'`;
      return isDone || rows.length > 0;
    });
    letGo.resolve();
    await writing;
    const { segments, campaigns } = await asking;
    assert.ok(segments.length + campaigns.filter(({ state }) => state === 'active').length > 0);
    if (segments.length) must(await ctx.queue.transact((tx) => removeSegment(tx, place.id, segments[0]!.id)));
  }
});

test('a draft is published while the list or segment that it names is being deleted: that is waited for, and then it is told', async () => {
  const place = await newPlace();
  const nowMs = await place.nowMs();
  const wanted = { workspaceId: place.id, kind: 'list' as const, names: ['Passing'] };
  const [list] = must(await ctx.queue.transact((tx) => ensureSets(tx, ctx.ids, nowMs, wanted)));
  const segmentId = await place.segment('passing', { did: 'x' });
  const deletions = [
    ['list', (tx: Tx) => deleteSet(tx, place.id, list!.id), { list: { entered: 'Passing' } }],
    ['segment', (tx: Tx) => removeSegment(tx, place.id, segmentId), { segment: { entered: 'passing' } }],
  ] as const;
  for (const [what, remove, trigger] of deletions) {
    const given = { parley: 'campaign/1', key: `by-${what}`, trigger, steps: [mail('hello')] };
    const { id } = must(await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, given, nowMs)));
    const letGo = Promise.withResolvers<void>();
    const removed = Promise.withResolvers<void>();
    const removing = ctx.queue.transact(async (tx) => {
      await remove(tx);
      removed.resolve();
      await letGo.promise;
    });
    await removed.promise;
    const publishing = ctx.queue.transact((tx) => publish(ctx, tx, place.id, id, 'move', nowMs));
    await until('it waits', async () => {
      const rows = await sql`
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR KEY SHARE%'`;
      return rows.length > 0;
    });
    letGo.resolve();
    await removing;
    const refused = await publishing;
    assert.ok(isFault(refused));
    assert.equal(refused.field, `campaign.trigger.${what}.entered`);
  }
});

test('what is due in a workspace that was deleted keeps its lanes at nothing, and nobody behind it', async () => {
  const place = await newPlace();
  const wait = { key: 'rest', wait: { for: '30d' } };
  await place.live({ key: 'rests', trigger: { event: { did: 'in' } }, steps: [wait, mail('out')] });
  const id = await place.tell('somebody', { name: 'in' });
  await place.settled();
  const asked = { id: place.id, name: 'Test', actor: 'us', nowMs: ctx.clock.nowMs() };
  await ctx.queue.transact((tx) => askRemoval(tx, asked));
  ctx.directory.forget(place.id);
  const dueMs = ctx.clock.nowMs();
  await sql`UPDATE timers SET due_ms = ${dueMs} WHERE contact_id = ${id}`;
  await until('it is put off', async () => {
    const [timer] = await sql<{ dueMs: number }[]>`
      SELECT due_ms AS "dueMs" FROM timers WHERE contact_id = ${id}`;
    return timer!.dueMs > dueMs;
  });
  assert.deepEqual(await place.entries(id), [null]);
});
