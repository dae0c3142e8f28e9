/** Who becomes another while people are let in, a few in a minute: whose turn it was not yet is let in as who they are, once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { enterByHand } from '../src/campaigns/byHand.ts';
import { isYetToCome, selectTasks } from '../src/campaigns/enrol/sql.tasks.ts';
import { enterSince } from '../src/campaigns/since.ts';
import { mergePeople } from '../src/people/people.ts';
import { allLanes } from '../src/queue/lanes/still.ts';
import { DAY_MS, HOUR_MS, mail, newPlace, provesWhole, sql, world } from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;

for (const how of ['by hand, by name', 'by hand', 'since'] as const)
  test(`campaigns.md §3.1, §3.7: let in ${how}: who becomes another whose lane was gone through is let in as them, and once`, async () => {
    const place = await newPlace();
    const trigger = how === 'since' ? { event: { did: 'bought' } } : { hand: true as const };
    const n = ctx.queue.lanes().length * 4;
    const meant = await people('m', { vip: true }, { name: 'bought' });
    const others = await people('o');
    await place.settled();
    const live = await place.live({ key: 'slow', trigger, entry: 'every', steps: [mail('slow')] });
    await place.advance(1);
    const nowMs = await place.nowMs();
    const perMinute = ctx.queue.lanes().length;
    const include = how === 'by hand' ? { filter: { attribute: 'vip', is: true } } : { contacts: meant };
    await ctx.queue.transact((tx) =>
      how === 'since'
        ? enterSince(ctx, tx, live, { sinceMs: nowMs - DAY_MS, from: 'now', perMinute }, nowMs)
        : enterByHand(ctx, tx, live, { audience: { include }, key: 'k', perMinute }, nowMs),
    );
    await place.settled();
    const pair = await overtakenBy();
    must(
      await ctx.queue.transact((tx) =>
        mergePeople(ctx as never, tx, nowMs, { workspaceId: place.id, ...pair }),
      ),
    );
    await place.settled();
    assert.equal((await place.entries(pair.survivingId)).length, 1, 'at once');
    await place.advance(2 * HOUR_MS);
    const rows = await sql`SELECT 1 FROM campaign_entries WHERE campaign_id = ${live.id}`;
    assert.deepEqual(
      [rows.length, (await place.entries(pair.survivingId)).length],
      [n, 1],
      'each of them once',
    );
    await provesWhole();

    async function people(word: string, attributes = {}, event?: { name: string }): Promise<number[]> {
      const told = Array.from({ length: n }, (_, i) => ({
        person: place.person(`${word}${i}`, { attributes }),
        event,
      }));
      return must(await ctx.arrive(place.id, told)).map(({ contactId }) => contactId);
    }

    /** Of those whose turn it was not yet one, and one of another lane where it would have been. */
    async function overtakenBy() {
      const farMs = ctx.clock.nowMs() + HOUR_MS;
      const tasks: Awaited<ReturnType<typeof selectTasks>> = [];
      for (const { lane, bucket } of await allLanes(sql))
        tasks.push(...(await selectTasks(sql, { lane, bucket } as never, farMs)));
      const taskOf = (id: number) =>
        tasks.find(
          ({ lane, workspaceId }) => workspaceId === place.id && lane === ctx.queue.laneOf(bucketOf(id)),
        );
      const discardedId = meant.find((id) => taskOf(id) && isYetToCome(taskOf(id)!, id))!;
      const lane = taskOf(discardedId)!.lane;
      const survivingId = others.find((id) => {
        const task = taskOf(id);
        return task && task.lane !== lane && !isYetToCome(task, id);
      })!;
      assert.ok(discardedId && survivingId);
      return { discardedId, survivingId };
    }
  });
