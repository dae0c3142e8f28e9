/**
 * Scenarios whose size is the point, at that size: fifty thousand people who are imported, a hundred thousand events that are told long after.
 * In a process of its own: what the others look for would be among all of these.
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { hourOf } from '../src/base/clock.ts';
import { enterByHand, forecastByHand } from '../src/campaigns/byHand.ts';
import { endCampaign, findCampaign } from '../src/campaigns/campaigns.ts';
import { changeSegment } from '../src/campaigns/segments/segments.ts';
import { findImport, receiveImport, startImport } from '../src/contacts/imports/imports.ts';
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
import { must } from './support/world.ts';

const { ctx } = world;

/** So long it may take where all else runs beside it. */
const LONG_MS = 240_000;
const IMPORTED = 50_000;
/** Who was there before; half of them are in the file as well. */
const KNOWN = 500;

async function countEntries(place: Place): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM campaign_entries WHERE workspace_id = ${place.id}`;
  return row!.n;
}

/** Begins to import a file of people who are pro; the worker does it. */
async function beginImport(place: Place): Promise<number> {
  const rows = Array.from(
    { length: IMPORTED },
    (_, i) => (i < KNOWN / 2 ? `known${i}` : `row${i}`) + `@example.com,pro`,
  );
  const file = Readable.from([Buffer.from(['email,plan', ...rows].join('\n'))]);
  const nowMs = () => ctx.clock.nowMs();
  const { id } = must(
    await receiveImport({ sql: ctx.sql, ids: ctx.ids, nowMs }, file, {
      workspaceId: place.id,
      name: 'people.csv',
    }),
  );
  const plan = { mapping: { plan: { attribute: 'plan' } } };
  const of = { workspaceId: place.id, id, nowMs: nowMs() };
  must(await ctx.queue.transact((tx) => startImport(ctx, tx, of, plan)));
  return id;
}

scenario(
  'scenarios 22 and 23: started while fifty thousand are imported, and on a segment of them that is made wider by mistake: nobody enters; “also these” is forecast',
  async () => {
    const place = await newPlace();
    const known = Array.from({ length: KNOWN }, (_, i) => ({
      person: place.person(`known${i}`, { attributes: { plan: 'free' } }),
    }));
    must(await ctx.arrive(place.id, known));
    await place.settled(LONG_MS);
    const pros = await place.segment('pros', { attribute: 'plan', is: 'pro' });
    const live = (key: string) =>
      place.live({ key, trigger: { segment: { entered: 'pros' } }, entry: 'once', steps: [mail(key)] });
    const importId = await beginImport(place);
    const imported = async () => (await findImport(sql, place.id, importId))!;
    await until('a part is imported', async () => (await imported()).doneRows > 0, LONG_MS);
    await live('meanwhile');
    const { state, doneRows, rows } = await imported();
    assert.ok(state === 'running' && doneRows < rows, `${doneRows} of ${rows} rows when it was published`);
    await until('all are imported', async () => (await imported()).state === 'done', LONG_MS);
    await place.settled(LONG_MS);
    const whole = await imported();
    assert.deepEqual([whole.created, whole.updated, whole.rejected], [IMPORTED - KNOWN / 2, KNOWN / 2, 0]);
    assert.equal((await place.inside(pros)).length, IMPORTED);

    const { id } = await live('on-it');
    await place.settled(LONG_MS);
    const nowMs = await place.nowMs();
    const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
    const rule = { attribute: 'plan', exists: true };
    must(await ctx.queue.transact((tx) => changeSegment(deps, tx, place.id, pros, { rule }, nowMs)));
    await place.built();
    await place.settled(LONG_MS);
    const everybody = IMPORTED + KNOWN / 2;
    assert.equal((await place.inside(pros)).length, everybody);
    await place.advance(HOUR_MS);
    assert.equal(await countEntries(place), 0, 'neither by the import, nor by being in it, nor by the rule');

    await letsSomeIn(place, id, pros, everybody);
    await provesWhole();
  },
);

/** “Also these” is told about how many they are, and lets in as many in a minute as it may. */
async function letsSomeIn(place: Place, campaignId: number, segment: number, everybody: number) {
  const workspace = (await ctx.directory.workspace(place.id))!;
  const campaign = (await findCampaign(sql, place.id, campaignId))!;
  const asked = { audience: { include: { segments: [segment] } }, key: 'also these' };
  const forecast = must(
    await sql.begin((tx) => forecastByHand(ctx, tx, campaign, asked, workspace, ctx.clock.nowMs())),
  );
  const offBy = Math.abs(forecast.about - everybody);
  assert.ok(offBy <= 6 * forecast.error + 1, `about ${forecast.about}, give or take ${forecast.error}`);
  assert.ok(forecast.error < everybody / 10, `give or take ${forecast.error}`);
  assert.ok(forecast.asked > 100 && forecast.wouldEnter === forecast.asked, JSON.stringify(forecast));
  assert.equal(await countEntries(place), 0, 'a forecast lets nobody in');

  const perMinute = 640;
  const beganMs = ctx.clock.nowMs();
  const given = { ...asked, perMinute };
  assert.equal(
    await ctx.queue.transact((tx) => enterByHand(ctx, tx, campaign, given, ctx.clock.nowMs())),
    undefined,
  );
  await until('as many as may are in', async () => (await countEntries(place)) >= perMinute, LONG_MS);
  const late = await place.tell('late', undefined, { attributes: { plan: 'pro' } });
  await place.settled(LONG_MS);
  assert.deepEqual(
    (await place.mails(late)).toSorted(),
    ['meanwhile', 'on-it'],
    'who comes later enters both',
  );
  must(await ctx.queue.transact((tx) => endCampaign(ctx, tx, place.id, campaignId, ctx.clock.nowMs())));
  await place.settled(LONG_MS);
  const minutes = 1 + Math.floor((ctx.clock.nowMs() - beganMs) / MINUTE_MS);
  const entered = (await countEntries(place)) - 2;
  assert.ok(entered >= perMinute && entered <= minutes * perMinute, `${entered} in ${minutes} minutes`);
  const [mails] = await sql<{ n: number; people: number }[]>`
    SELECT count(*) AS n, count(DISTINCT contact_id) AS people FROM campaign_sends
    WHERE campaign_id = ${campaignId} AND bucket >= 0`;
  assert.deepEqual([mails!.n, mails!.people], [entered + 1, entered + 1], 'each of them is sent one');
}

const USERS = 4_000;
const OLD = 100_000;
const EACH = OLD / USERS;
/** Three of four did it so often within the week before it was told; a day later half of them. */
const OFTEN = 11;
const A_CALL = 100;
/** The newest is so old, and each of a user's is so much older than the one after it: older than three days, by more the higher its number is. */
const newestMs = 73.5 * HOUR_MS;
const apartMs = (user: number) => (4 + 2 * (user % 4)) * HOUR_MS;

/** How many users did it so often within a week of a time so long after it was told. */
function withinAWeek(atLeast: number, laterMs: number): number {
  const often = (user: number) =>
    Array.from({ length: EACH }, (_, n) => newestMs + n * apartMs(user) + laterMs).filter(
      (agoMs) => agoMs < 7 * DAY_MS,
    ).length;
  return Array.from({ length: USERS }, (_, user) => user).filter((user) => often(user) >= atLeast).length;
}

scenario(
  'scenarios 23 and 24: a hundred thousand old events are counted and nobody enters; then more than five times what they lead to expect is stopped',
  async () => {
    const door = await newDoor();
    const { place } = door;
    const campaign = {
      key: 'each',
      trigger: { event: { did: 'in' } },
      whileActive: 'alongside' as const,
      steps: [{ key: 'rest', wait: { for: '1d' } }, mail('in')],
    };
    await place.live(campaign);
    const [ever, week] = [
      { did: 'in', atLeast: EACH },
      { did: 'in', within: '7d', atLeast: OFTEN },
    ] as const;
    const kept = [await place.segment('ever', ever), await place.segment('week', week)];
    for (const key of ['ever', 'week'])
      await place.live({ key, trigger: { segment: { entered: key } }, steps: [mail(key)] });
    await place.settled(LONG_MS);

    const fromMs = await place.nowMs();
    // As a whole history is told: some of it is marked as such, and of the rest its age tells.
    await tellInCalls(door, OLD, (n) => {
      const [user, nth] = [Math.floor(n / EACH), n % EACH];
      const timestamp = (fromMs - newestMs - nth * apartMs(user)) / 1000;
      return { user_id: `u${user}`, event: 'in', timestamp, ...(n % 3 ? {} : { history: true }) };
    });
    await place.settled(LONG_MS);
    const [counted] = await sql<{ n: number; users: number }[]>`
      SELECT sum(count)::bigint AS n, count(*) AS users FROM event_stats WHERE workspace_id = ${place.id}`;
    assert.deepEqual([counted!.n, counted!.users], [OLD, USERS], 'each is counted once');
    const insideOf = async (ids: readonly number[]) =>
      await Promise.all(ids.map(async (id) => (await place.inside(id)).length));
    assert.deepEqual(await insideOf(kept), [USERS, withinAWeek(OFTEN, 0)], 'as they are kept');
    const built = [await place.segment('ever-again', ever), await place.segment('week-again', week)];
    assert.deepEqual(await insideOf(built), [USERS, withinAWeek(OFTEN, 0)], 'as they are found');
    await place.advance(DAY_MS);
    const left = [USERS, withinAWeek(OFTEN, DAY_MS)];
    assert.deepEqual([await insideOf(kept), await insideOf(built)], [left, left], 'a day later');
    assert.equal(await countEntries(place), 0, 'and nobody entered by any of them');
    await stopsAtFiveTimes(door, campaign);
    await provesWhole();
  },
);

/** What was told of the week before says how many to expect in an hour, and where to stop. */
async function stopsAtFiveTimes(door: Awaited<ReturnType<typeof newDoor>>, campaign: object): Promise<void> {
  const { place } = door;
  const { id } = await place.live(campaign as Parameters<Place['live']>[0]);
  const [row] = await sql<{ expected: number }[]>`
    SELECT expected_per_hour AS expected FROM campaigns WHERE id = ${id}`;
  const { expected } = row!;
  assert.ok(expected > 50 && expected < 700, `${expected} expected in an hour`);
  const beganMs = ctx.clock.nowMs();
  await tellInCalls(door, USERS, (n) => ({ user_id: `u${n}`, event: 'in' }));
  await place.settled(LONG_MS);
  const hours = 1 + (hourOf(ctx.clock.nowMs()) - hourOf(beganMs)) / HOUR_MS;
  const most = Math.max(1_000, 5 * expected);
  const entered = (await place.tallies(id))['entered']!;
  assert.ok(entered > most - 500 && entered <= hours * most, `${entered} entered, ${expected} were expected`);
  const { state, paused, note } = (await findCampaign(sql, place.id, id))!;
  assert.deepEqual([state, paused], ['paused', 'entering']);
  assert.ok(note!.includes(`entered within an hour, and ${expected} were expected`), note!);
}

async function tellInCalls(
  door: Awaited<ReturnType<typeof newDoor>>,
  count: number,
  event: (n: number) => object,
): Promise<void> {
  let call = 0;
  const told = async () => {
    while (call * A_CALL < count) {
      const from = call++ * A_CALL;
      await door.post(
        '/v2/track/batch',
        Array.from({ length: A_CALL }, (_, i) => event(from + i)),
      );
    }
  };
  await Promise.all([told(), told(), told(), told(), told(), told()]);
}
