/** What a campaign sends waits in a stream of its own: single messages pass it, a pause stops what was let in, and nothing is lost or doubled. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseCampaign, resumeCampaign } from '../src/campaigns/campaigns.ts';
import { sweepStreams } from '../src/campaigns/streams.ts';
import { ensureConversations } from '../src/conversations/conversations.ts';
import { accept } from '../src/outbox/accept.ts';
import { STATE } from '../src/ledger/states.ts';
import { STOPPED_AFTER_MS } from '../src/queue/work/flow.ts';
import { pause } from '../src/base/clock.ts';
import { DAY_MS, mail, newPlace, provesWhole, sql, world, type Place } from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;
const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
const PEOPLE = 5_000;
const BATCH = 500;

/** One message to one person, as doors let it in. */
async function single(place: Place, contactId: number): Promise<number> {
  const of = { workspaceId: place.id, contactId };
  const nowMs = ctx.clock.nowMs();
  const aheadMs = (await place.nowMs()) - nowMs;
  return await ctx.queue.transact(async (tx) => {
    const conversations = await ensureConversations(tx, ctx.ids, nowMs + aheadMs, [of]);
    const send = {
      ...of,
      conversationId: conversations.get(contactId)!.id,
      kind: 'message' as const,
      class: 'transactional' as const,
      content: { type: 'text' as const, text: 'single' },
      author: {},
      source: { type: 'api' },
      aheadMs,
    };
    return (await accept(ctx, tx, nowMs, [send]))[0]!.messageId;
  });
}

/** How many deliveries of a workspace stand where. */
async function standing(workspaceId: number): Promise<{ waiting: number; out: number }> {
  const [row] = await sql<{ waiting: number; out: number }[]>`
    SELECT count(*) FILTER (WHERE state = ${STATE.queued}) AS waiting, count(*) FILTER (WHERE state >= ${STATE.accepted}) AS out
    FROM deliveries WHERE workspace_id = ${workspaceId} AND class = 2`;
  return row!;
}

async function isOut(messageId: number): Promise<boolean> {
  const rows =
    await sql`SELECT 1 FROM deliveries WHERE cause_id = ${messageId} AND state >= ${STATE.accepted}`;
  return rows.length > 0;
}

async function setRate(workspaceId: number, ratePerS: number): Promise<void> {
  const rows = await sql<{ id: number }[]>`
    UPDATE integrations SET rate_per_s = ${ratePerS} WHERE workspace_id = ${workspaceId} RETURNING id`;
  for (const { id } of rows) ctx.directory.forget(id);
}

test('5,000 timers at one minute: single messages pass, of the same workspace and of a neighbour; a pause holds the rest', async () => {
  const [place, neighbour] = [await newPlace(), await newPlace()];
  // Slow enough that all of it takes a minute.
  await setRate(place.id, 80);
  const campaign = await place.live({
    key: 'many',
    trigger: { event: { did: 'in' } },
    steps: [{ key: 'rest', wait: { for: '1d' } }, mail('out')],
  });
  for (let from = 0; from < PEOPLE; from += BATCH)
    must(
      await ctx.arrive(
        place.id,
        Array.from({ length: BATCH }, (_, i) => ({
          person: place.person(`many${from + i}`),
          event: { name: 'in' },
        })),
      ),
    );
  const [ann, bob] = [await place.tell('ann'), await neighbour.tell('bob')];
  await place.settled();
  must(await ctx.simulator.advanceClock(place.id, DAY_MS));
  await until('the first are out', async () => (await standing(place.id)).out > 0);
  const sent = [await single(place, ann), await single(neighbour, bob), await single(place, ann)];
  await until('single messages are out', async () => (await Promise.all(sent.map(isOut))).every(Boolean));
  const then = await standing(place.id);
  assert.ok(then.waiting > 0, `${then.waiting} of the campaign still wait`);
  const pausedMs = await place.nowMs();
  await ctx.queue.transact((tx) => pauseCampaign(deps, tx, place.id, campaign.id, 'all', pausedMs));
  await pause(ctx.clock, STOPPED_AFTER_MS);
  const stopped = await until('what was on its way is written', async () => {
    const flights = await sql`SELECT 1 FROM flights WHERE kind = 1`;
    return flights.length === 0 ? await standing(place.id) : undefined;
  });
  assert.ok(stopped.waiting > 0, 'what was let in waits');
  // A single message goes on its way while the campaign stands still, and nothing of the campaign with it.
  const later = await single(place, ann);
  await until('it is out', () => isOut(later));
  assert.equal(
    (await standing(place.id)).out,
    stopped.out,
    'nothing of the campaign left while it was paused',
  );
  await setRate(place.id, 100_000);
  const resumedMs = await place.nowMs();
  const how = { mode: 'shift' as const, over: '1s' };
  must(await ctx.queue.transact((tx) => resumeCampaign(deps, tx, place.id, campaign.id, how, resumedMs)));
  await place.advance(DAY_MS);
  const [devices] = await sql<{ n: number; people: number }[]>`
    SELECT count(*) AS n, count(DISTINCT address) AS people FROM simulated_messages
    WHERE workspace_id = ${place.id} AND direction = 'out' AND address <> 'ann@example.com'`;
  assert.deepEqual({ ...devices }, { n: PEOPLE, people: PEOPLE });
  await provesWhole();
});

test('a campaign that ended while it was paused: what it let in flows once all have left, and its stream is closed later', async () => {
  const place = await newPlace();
  const { endCampaign } = await import('../src/campaigns/campaigns.ts');
  const campaign = await place.live({ key: 'over', trigger: { event: { did: 'in' } }, steps: [mail('out')] });
  const streams = async () =>
    [...(await sql<{ flowing: boolean }[]>`SELECT flowing FROM streams WHERE stream = ${-campaign.id}`)].map(
      ({ flowing }) => flowing,
    );
  assert.deepEqual(await streams(), [true]);
  const nowMs = await place.nowMs();
  await ctx.queue.transact((tx) => pauseCampaign(deps, tx, place.id, campaign.id, 'all', nowMs));
  assert.deepEqual(await streams(), [false]);
  await ctx.queue.transact((tx) => endCampaign(deps, tx, place.id, campaign.id, nowMs));
  await place.settled();
  await sweepStreams(ctx, ctx.clock.nowMs());
  assert.deepEqual(await streams(), [true]);
  await sweepStreams(ctx, ctx.clock.nowMs() + 9 * DAY_MS);
  assert.deepEqual(await streams(), []);
});
