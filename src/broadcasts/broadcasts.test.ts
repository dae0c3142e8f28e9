/** Broadcasts, step by step without a worker: who may do what to one in which state, its hour, its audience once, its end; walls. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { newGroup, post } from '../../test/support/groups.ts';
import { startOutbox, type OutboxRig } from '../../test/support/outbox.ts';
import { until } from '../../test/support/until.ts';
import { must, newContacts } from '../../test/support/world.ts';
import { isFault } from '../base/fault.ts';
import { bucketOf } from '../base/ids.ts';
import { createTurns } from '../base/turns.ts';
import { blockDestination } from '../contacts/consent/blocks.ts';
import { createSet, deleteSet } from '../contacts/sets.ts';
import { resolvePeople } from '../contacts/resolve/resolve.ts';
import { takePostBack } from '../conversations/groups/posts.ts';
import { openPool } from '../db/pool.ts';
import { toRef } from '../ledger/ref.ts';
import { STATE } from '../ledger/states.ts';
import { deliveryHandler } from '../outbox/deliver/deliver.ts';
import { applyReceipts } from '../outbox/outcome/receipt.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Broadcast, BroadcastInput } from './broadcast.ts';
import {
  cancelBroadcast,
  changeBroadcast,
  copyBroadcast,
  createBroadcast,
  deleteDraft,
  LATEST_START_MS,
  pauseBroadcast,
  resumeBroadcast,
  setRate,
  startBroadcast,
  unscheduleBroadcast,
} from './broadcasts.ts';
import { fanOut } from './fanOut.ts';
import { broadcastsNaming, listBroadcasts } from './find.ts';
import { countBroadcast, forecastBroadcast, peopleForecast, rateInForce } from './forecast.ts';
import { insertLaneMark, selectBroadcast, selectSample } from './sql.ts';
import { retryFailed } from './retry.ts';
import { broadcastHandler, runSource } from './steps.ts';

const database = await testDatabase();
const { sql } = database;
let rig: OutboxRig;
let place: Awaited<ReturnType<OutboxRig['newPlace']>>;
before(async () => {
  rig = await startOutbox(database);
  place = await rig.newPlace();
  await rig.newPeople(place.id, 1);
  await rig.newPeople(place.id, 1);
  // A neighbour's people are nobody's audience here.
  await rig.newPeople((await rig.newPlace()).id, 1);
});
after(() => rig.stop());
beforeEach(() => sql`DELETE FROM due`);

const INPUT = {
  name: 'news',
  channel: 'sms',
  audience: { include: { all: true } },
  content: { type: 'text', text: 'News' },
};
const now = () => rig.ctx.clock.nowMs();
const create = (more: BroadcastInput = {}, workspaceId = place.id) =>
  rig.ctx.queue.transact((tx) =>
    createBroadcast(rig.ctx.broadcasts, tx, workspaceId, { ...INPUT, ...more }, now()),
  );
type Act = typeof pauseBroadcast;
const act = (what: Act, id: number, workspaceId = place.id) =>
  rig.ctx.queue.transact((tx) => what(rig.ctx.broadcasts, tx, workspaceId, id, now()));
const start: Act = (deps, tx, workspaceId, id, nowMs) => startBroadcast(deps, tx, workspaceId, id, nowMs);
const read = async (id: number) => (await selectBroadcast(sql, place.id, id))!;
const stepsOf = async (id: number) =>
  await sql<{ causeId: number; dueMs: number }[]>`
    SELECT cause_id AS "causeId", due_ms AS "dueMs" FROM due WHERE kind = ${KIND.broadcast} AND owner_id = ${id}`;
/** Takes the step that is due of a broadcast. */
async function step(id: number): Promise<void> {
  await sql`UPDATE due SET due_ms = 1 WHERE kind = ${KIND.broadcast} AND owner_id = ${id}`;
  const batch = await rig.claim(id, 0, { kind: KIND.broadcast });
  await broadcastHandler({ ...rig.ctx, ...rig.ctx.broadcasts }).handle({
    ...batch,
    items: batch.items.filter(({ ownerId }) => ownerId === id),
  });
}
const dueOf = async (runId: number) => (await sql`SELECT 1 FROM due WHERE stream = ${runId}`).length;
const flows = async (runId: number) =>
  (await sql<{ flowing: boolean }[]>`SELECT flowing FROM streams WHERE stream = ${runId}`)[0]?.flowing;

test('what one is made from: nothing of another tenant, nothing that does not fit, a class that is marketing unless it is said', async () => {
  const other = await rig.newPlace();
  const refused = async (more: BroadcastInput) => {
    const made = await create(more);
    return isFault(made) ? `${made.fault} ${made.field}` : 'made';
  };
  assert.equal(await refused({ integrationId: other.integration.id }), 'not_found integrationId');
  assert.equal(
    await refused({ integrationId: place.integration.id, channel: 'email' }),
    'bad_request integrationId',
  );
  for (const ratePerS of [0, -1, 1_000_001])
    assert.equal(await refused({ ratePerS }), 'bad_request ratePerS');
  for (const expiresAfterMs of [59_999, 30 * 86_400_000 + 1, 60_000.5])
    assert.equal(await refused({ expiresAfterMs }), 'bad_request expiresAfterMs');
  assert.equal(await refused({ name: ' ' }), 'bad_request name');
  assert.equal(await refused({ name: 'n'.repeat(201) }), 'bad_request name');
  assert.equal(await refused({ class: 'urgent' }), 'bad_request class');
  for (const fits of [
    { ratePerS: 1_000_000 },
    { expiresAfterMs: 60_000 },
    { expiresAfterMs: 30 * 86_400_000 },
  ])
    assert.equal(await refused(fits), 'made');
  const made = must(await create({ integrationId: place.integration.id }));
  assert.deepEqual([made.class, made.state, made.expiresAfterMs], ['marketing', 'draft', 3 * 86_400_000]);
});

test('the table of states: who may be changed, started, paused, resumed, canceled; and by nobody of another workspace', async () => {
  const ACTS: Readonly<Record<string, Act>> = {
    change: (deps, tx, workspaceId, id, nowMs) =>
      changeBroadcast(deps, tx, workspaceId, id, { name: 'x' }, nowMs),
    start,
    pause: pauseBroadcast,
    resume: resumeBroadcast,
    cancel: cancelBroadcast,
    rate: (deps, tx, workspaceId, id, nowMs) => setRate(deps, tx, workspaceId, id, 5, nowMs),
    unschedule: unscheduleBroadcast,
    delete: (_deps, tx, workspaceId, id) => deleteDraft(tx, workspaceId, id),
  };
  const MAY: Readonly<Record<string, string>> = {
    draft: 'change start cancel rate delete',
    scheduled: 'change start cancel rate unschedule',
    running: 'pause cancel rate',
    paused: 'resume cancel rate',
    done: '',
    canceled: '',
  };
  const other = await rig.newPlace();
  for (const [state, may] of Object.entries(MAY))
    for (const [name, what] of Object.entries(ACTS)) {
      const { id } = must(await create());
      if (state === 'scheduled')
        must(
          await rig.ctx.queue.transact((tx) =>
            startBroadcast(rig.ctx.broadcasts, tx, place.id, id, now(), now() + 60_000),
          ),
        );
      else if (state !== 'draft') must(await act(start, id));
      if (state === 'paused') must(await act(pauseBroadcast, id));
      if (state === 'canceled') must(await act(cancelBroadcast, id));
      if (state === 'done') await sql`UPDATE broadcasts SET state = 'done', finished_ms = 1 WHERE id = ${id}`;
      const walled = await act(what, id, other.id);
      assert.ok(isFault(walled) && walled.fault === 'not_found', `${name} of another’s`);
      const done = await act(what, id);
      assert.equal(!isFault(done), may.split(' ').includes(name), `${name} when ${state}`);
      if (isFault(done)) assert.equal(done.fault, 'conflict');
    }
});

test('a draft counts its changes, and is changed by nobody who has seen an older one', async () => {
  const { id } = must(await create());
  const change = (name: string, revision?: number) =>
    rig.ctx.queue.transact((tx) =>
      changeBroadcast(rig.ctx.broadcasts, tx, place.id, id, { name }, now(), revision),
    );
  assert.equal(must(await change('first', 1)).revision, 2);
  assert.equal(isFault(await change('second', 1)), true);
  must(await change('third'));
  assert.deepEqual([(await read(id)).name, (await read(id)).revision], ['third', 3]);
});

test('its hour is by its workspace’s clock; taken from it, nothing is due', async () => {
  const ahead = await rig.newPlace();
  await sql`UPDATE workspaces SET environment = 'test', clock_ahead_ms = 3600000 WHERE id = ${ahead.id}`;
  rig.ctx.directory.forget(ahead.id);
  const { id } = must(await create({}, ahead.id));
  const dueMs = now() + 60_000;
  must(
    await rig.ctx.queue.transact((tx) =>
      startBroadcast(rig.ctx.broadcasts, tx, ahead.id, id, now(), dueMs + 3_600_000),
    ),
  );
  for (let looked = 0; looked < 2; looked++) {
    assert.deepEqual(
      (await stepsOf(id)).map((one) => one.dueMs),
      [dueMs],
    );
    await step(id);
  }
  must(await act(unscheduleBroadcast, id, ahead.id));
  assert.deepEqual(await stepsOf(id), []);
  // What goes on, or is called off, is looked at now: by our clock, whatever its workspace's says.
  must(await act(start, id, ahead.id));
  for (const [what, nowMs] of [
    [pauseBroadcast, 0],
    [resumeBroadcast, dueMs],
    [cancelBroadcast, dueMs + 1],
  ] as const) {
    const done = await rig.ctx.queue.transact((tx) =>
      what(rig.ctx.broadcasts, tx, ahead.id, id, nowMs + 3_600_000),
    );
    assert.deepEqual(
      (await stepsOf(id)).map((one) => one.dueMs),
      nowMs ? [nowMs] : [],
    );
    if (what === cancelBroadcast) assert.equal(must(done).finishedMs, nowMs + 3_600_000);
  }
  const ended = (await selectBroadcast(sql, ahead.id, id))!;
  assert.deepEqual([ended.state, ended.finishedMs], ['canceled', dueMs + 1 + 3_600_000]);
  const [held] = await newContacts(rig.ctx, ahead.id, 1);
  await rig.fan(ahead.id, ended.runId!, [held!]);
  await sql`
    INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, channel, code, state, state_ms)
    VALUES (${bucketOf(held!)}, ${held!}, ${ended.runId!}, 0, ${ahead.id}, 2, 'sms', 'quiet_hours', ${STATE.held}, 1)`;
  const fromMs = now() + 3_600_000;
  await step(id);
  const [off] = await sql<{ state: number; atMs: number }[]>`
    SELECT state, state_ms AS "atMs" FROM deliveries WHERE cause_id = ${ended.runId!}`;
  assert.ok(off!.state === STATE.canceled && off!.atMs >= fromMs, 'called off by its clock, too');

  const passed = must(await create({}, ahead.id));
  const begun = await rig.ctx.queue.transact((tx) =>
    startBroadcast(rig.ctx.broadcasts, tx, ahead.id, passed.id, now(), now() + 60_000),
  );
  assert.equal(must(begun).state, 'running', 'its hour has passed');
});

test('each of its moves is told, in order; what it was begun with stays', async () => {
  const { id } = must(await create());
  must(
    await rig.ctx.queue.transact((tx) =>
      startBroadcast(rig.ctx.broadcasts, tx, place.id, id, now(), now() + 60_000),
    ),
  );
  const hour = (await read(id)).scheduledMs;
  must(await act(start, id));
  const begun = await read(id);
  await sql`UPDATE broadcasts SET note = 'a word' WHERE id = ${id}`;
  must(await act(pauseBroadcast, id));
  assert.equal((await read(id)).note, 'a word');
  must(await act(resumeBroadcast, id));
  const going = await read(id);
  assert.deepEqual([going.scheduledMs, going.startedMs, going.runId], [hour, begun.startedMs, begun.runId]);
  await sql`DELETE FROM due WHERE stream = ${begun.runId!}`;
  await step(id);
  await sql`DELETE FROM due WHERE stream = ${begun.runId!}`;
  await step(id);
  const other = must(await create());
  must(await act(cancelBroadcast, other.id));
  const toldOf = async (broadcastId: number) =>
    (
      await sql<{ state: string }[]>`
        SELECT payload ->> 'state' AS state FROM feed
        WHERE type = 'broadcast.changed' AND payload ->> 'broadcastId' = ${String(broadcastId)} ORDER BY id`
    ).map(({ state }) => state);
  assert.deepEqual(await toldOf(id), ['running', 'paused', 'running', 'done']);
  assert.deepEqual(await toldOf(other.id), ['canceled']);
});

test('a copy is a draft of its own, with a name that is one, and of a post there is none', async () => {
  const long = must(await create({ name: `  ${'n'.repeat(200)}  `.slice(2, -2) }));
  const copied = must(await act(copyBroadcast, long.id));
  assert.deepEqual([copied.name.length, copied.name.endsWith(' (copy)')], [200, true]);
  assert.equal(must(await create({ name: ' news ' })).name, 'news');
  await sql`UPDATE broadcasts SET origin = '{"kind":"direct"}' WHERE id = ${long.id}`;
  assert.equal(isFault(await act(copyBroadcast, long.id)), true);
});

test('its hour: not before it, at it, and when that is long past it waits for a person', async () => {
  const { id } = must(await create());
  const atMs = now() + 60_000;
  must(
    await rig.ctx.queue.transact((tx) => startBroadcast(rig.ctx.broadcasts, tx, place.id, id, now(), atMs)),
  );
  assert.deepEqual(
    (await stepsOf(id)).map(({ dueMs }) => dueMs),
    [atMs],
  );
  await step(id);
  assert.deepEqual([(await read(id)).state, (await stepsOf(id))[0]!.dueMs], ['scheduled', atMs]);
  await sql`UPDATE broadcasts SET scheduled_ms = ${now() - LATEST_START_MS + 60_000} WHERE id = ${id}`;
  await step(id);
  const begun = await read(id);
  assert.deepEqual([begun.state, begun.note, await flows(begun.runId!)], ['running', null, true]);

  const late = must(await create());
  must(
    await rig.ctx.queue.transact((tx) =>
      startBroadcast(rig.ctx.broadcasts, tx, place.id, late.id, now(), atMs),
    ),
  );
  await sql`UPDATE broadcasts SET scheduled_ms = ${now() - LATEST_START_MS - 60_000} WHERE id = ${late.id}`;
  await step(late.id);
  const waits = await read(late.id);
  assert.deepEqual([waits.state, await flows(waits.runId!), await stepsOf(late.id)], ['paused', false, []]);
  assert.match(waits.note!, /long passed/);
  must(await act(resumeBroadcast, late.id));
  const resumed = await read(late.id);
  assert.deepEqual([resumed.state, resumed.note, await flows(waits.runId!)], ['running', null, true]);
  assert.equal((await stepsOf(late.id)).length, 1);
});

test('what it names is gone after its start: it waits for a person, and nobody else is put in', async () => {
  const kept = must(
    await rig.ctx.queue.transact((tx) =>
      createSet(tx, rig.ctx.ids, now(), { workspaceId: place.id, kind: 'list', name: 'kept out' }),
    ),
  );
  const audience = { include: { all: true }, exclude: { lists: [kept.id] } };
  const { id } = must(await create({ audience }));
  must(await act(start, id));
  await rig.ctx.queue.transact((tx) => deleteSet(tx, place.id, kept.id));
  await step(id);
  const waits = await read(id);
  assert.deepEqual(
    [waits.state, await dueOf(waits.runId!), await flows(waits.runId!), await stepsOf(id)],
    ['paused', 0, false, []],
  );
  assert.match(waits.note!, /gone/);
  must(await act(resumeBroadcast, id));
  await step(id);
  assert.deepEqual([(await read(id)).state, await dueOf(waits.runId!)], ['paused', 0]);
});

test('the audience is put in once, whoever takes the step again; it ends when nothing of it is left', async () => {
  const { id } = must(await create());
  must(await act(start, id));
  const { runId } = await read(id);
  const half = must(await act(start, must(await create()).id));
  const { lane, bucket } = rig.ctx.queue.lanes()[0]!;
  await sql`INSERT INTO broadcast_lanes (bucket, run_id, lane, matched) VALUES (${bucket}, ${half.runId!}, ${lane}, 2)`;
  const { matched, fannedOut } = await countBroadcast(rig.ctx, sql, half);
  assert.deepEqual([matched, fannedOut], [2, false], 'of one lane it is known');
  await sql`DELETE FROM due WHERE owner_id = ${half.id}`;
  // Two workers at once, one of which thinks that the other is gone.
  await Promise.all([step(id), step(id)]);
  const people = (await sql`SELECT 1 FROM contacts WHERE workspace_id = ${place.id}`).length;
  assert.equal(await dueOf(runId!), people);
  const counts = async () => await countBroadcast(rig.ctx, sql, await read(id));
  assert.deepEqual(
    [(await counts()).matched, (await counts()).fannedOut, (await counts()).queued],
    [people, true, people],
  );
  await sql`DELETE FROM due WHERE stream = ${runId!} AND owner_id = (SELECT min(owner_id) FROM due WHERE stream = ${runId!})`;
  await step(id);
  assert.deepEqual(
    [await dueOf(runId!), (await counts()).matched],
    [people - 1, people],
    'who was taken out is not put in again',
  );
  assert.equal((await read(id)).state, 'running');
  await sql`DELETE FROM due WHERE stream = ${runId!}`;
  await step(id);
  assert.deepEqual([(await read(id)).state, await stepsOf(id), await flows(runId!)], ['done', [], undefined]);
});

test('paused nothing is looked at and nothing flows; a step from before is nobody’s; called off all that waits is taken out', async () => {
  const { id } = must(await create());
  must(await act(start, id));
  const [old] = await stepsOf(id);
  const { runId } = await read(id);
  must(await act(pauseBroadcast, id));
  assert.deepEqual([await stepsOf(id), await flows(runId!)], [[], false]);
  must(await act(resumeBroadcast, id));
  await step(id);
  const people = await dueOf(runId!);
  assert.ok(people > 1);
  must(await act(cancelBroadcast, id));
  assert.equal(await flows(runId!), false);
  // A step that was in flight when another took over does nothing.
  const current = await stepsOf(id);
  await sql`DELETE FROM due WHERE kind = ${KIND.broadcast} AND owner_id = ${id}`;
  await rig.ctx.queue.transact((tx) =>
    rig.ctx.queue.put(tx, [
      {
        kind: KIND.broadcast,
        ownerId: id,
        causeId: old!.causeId,
        seq: 0,
        stream: 0,
        workspaceId: place.id,
        dueMs: 1,
      },
    ]),
  );
  await step(id);
  assert.equal(await dueOf(runId!), people);
  await rig.ctx.queue.transact((tx) =>
    rig.ctx.queue.put(tx, [
      {
        kind: KIND.broadcast,
        ownerId: id,
        causeId: current[0]!.causeId,
        seq: 0,
        stream: 0,
        workspaceId: place.id,
        dueMs: 1,
      },
    ]),
  );
  await step(id);
  assert.equal(await dueOf(runId!), 0);
  const [tally] = await sql<
    { n: number }[]
  >`SELECT sum(n)::bigint AS n FROM tallies WHERE cause_id = ${runId!} AND state = ${STATE.canceled}`;
  assert.equal(tally!.n, people);
  assert.equal((await read(id)).state, 'canceled');
  assert.ok(bucketOf(id) >= 0);
});

test('called off with more waiting in a lane than are taken out at once: all of them are', async () => {
  const { id } = must(await create());
  must(await act(start, id));
  await step(id);
  const runId = (await read(id)).runId!;
  const one = rig.ctx.ids.spread();
  await sql`
    INSERT INTO due (bucket, lane, kind, owner_id, cause_id, seq, stream, workspace_id, due_ms)
    SELECT ${bucketOf(one)}, ${rig.ctx.queue.laneOf(bucketOf(one))}, ${KIND.delivery}, ${one}::bigint + 4096 * n, ${runId}, 0, ${runId}, ${place.id}, 1
    FROM generate_series(1, 2100) AS n`;
  assert.ok((await dueOf(runId)) > 2_000);
  must(await act(cancelBroadcast, id));
  await step(id);
  assert.equal(await dueOf(runId), 0);
});

test('called off while a worker that read it before goes on: nobody is put in; of a post only who wants to be told is', async () => {
  const { id } = must(await create());
  must(await act(start, id));
  const before = await read(id);
  must(await act(cancelBroadcast, id));
  const deps = { ...rig.ctx, ...rig.ctx.broadcasts, turns: createTurns(2) };
  await fanOut(deps, before);
  assert.equal(await dueOf(before.runId!), 0);

  // More than are put in at once, so that each lane is asked.
  const people = await newContacts(rig.ctx, place.id, 120);
  const group = await newGroup(rig.ctx, place.id, people);
  const of = { workspaceId: place.id, groupId: group.id };
  const muted = people.slice(0, 3);
  await sql`UPDATE group_members SET notify = 'none' WHERE group_id = ${group.id} AND contact_id = ANY(${muted}::bigint[])`;
  must(await post(rig.ctx, of, 'hello'));
  const [run] = await sql<
    { id: number }[]
  >`SELECT id FROM broadcasts WHERE origin->>'groupId' = ${String(group.id)}`;
  const posted = await read(run!.id);
  await fanOut(deps, posted);
  const due = await sql<{ id: number }[]>`SELECT owner_id AS id FROM due WHERE stream = ${posted.runId!}`;
  assert.deepEqual(new Set(due.map((one) => one.id)), new Set(people.slice(3)));
  const shown = await sql`
    SELECT FROM feed WHERE type = 'post.shown' AND payload ->> 'broadcastId' = ${String(posted.id)}`;
  assert.equal(shown.length, rig.ctx.queue.lanes().length, 'wherever anybody looks');
});

test('a post to few is put in at once: who wants to be told, by the clock of the workspace, counted, and shown wherever anybody looks', async () => {
  const ahead = await rig.newPlace();
  await sql`UPDATE workspaces SET environment = 'test', clock_ahead_ms = 3600000 WHERE id = ${ahead.id}`;
  rig.ctx.directory.forget(ahead.id);
  const deps = { ...rig.ctx, ...rig.ctx.broadcasts, turns: createTurns(2) };
  const people = await newContacts(rig.ctx, ahead.id, 3);
  const [asleep, quiet] = people;
  const group = await newGroup(rig.ctx, ahead.id, people);
  const mutedFor = (contactId: number, ms: number) =>
    sql`UPDATE group_members SET muted_until_ms = ${now() + ms} WHERE group_id = ${group.id} AND contact_id = ${contactId}`;
  await mutedFor(asleep!, 3_600_000 + 600_000);
  await mutedFor(quiet!, 600_000);
  const of = { workspaceId: ahead.id, groupId: group.id };
  const said = async (text: string) => {
    const { id: postId } = must(await post(rig.ctx, of, text));
    const [run] = await sql<
      { id: number }[]
    >`SELECT id FROM broadcasts WHERE origin->>'postId' = ${String(postId)}`;
    return { postId, posted: (await selectBroadcast(sql, ahead.id, run!.id))! };
  };
  const dueIn = async ({ runId }: Broadcast) =>
    (
      await sql<{ id: number }[]>`SELECT owner_id AS id FROM due WHERE stream = ${runId!} ORDER BY owner_id`
    ).map(({ id }) => id);
  const shownOf = async ({ id }: Broadcast) =>
    (
      await sql<{ buckets: number[] }[]>`
        SELECT payload -> 'buckets' AS buckets FROM feed
        WHERE type = 'post.shown' AND payload ->> 'broadcastId' = ${String(id)}`
    ).flatMap(({ buckets }) => buckets);
  const { posted } = await said('hello {{ contact.givenName }}');
  const run = await runSource({ ...deps, sql })(posted.runId!);
  assert.deepEqual(run!.compiled.variables, [], 'what somebody said is told to the letter');
  await fanOut(deps, posted);
  assert.deepEqual(
    await dueIn(posted),
    people.slice(1).toSorted((a, b) => a - b),
  );
  const { matched, fannedOut, queued } = await countBroadcast(rig.ctx, sql, posted);
  assert.deepEqual([matched, fannedOut, queued], [2, true, 2]);
  assert.deepEqual(new Set(await shownOf(posted)), new Set(people.map(bucketOf)));
  await fanOut(deps, posted);
  assert.equal((await dueIn(posted)).length, 2, 'once, whoever takes the step again');

  const off = await said('never mind');
  await sql`UPDATE broadcasts SET state = 'canceled', finished_ms = 1 WHERE id = ${off.posted.id}`;
  const gone = await said('oh no');
  await rig.ctx.queue.transact((tx) =>
    takePostBack(tx, now(), { workspaceId: ahead.id, postId: gone.postId }),
  );
  for (const one of [off.posted, gone.posted]) {
    await fanOut(deps, one);
    assert.deepEqual([await dueIn(one), await shownOf(one)], [[], []]);
  }
});

test('a step that fails tells why, is tried more and more seldom, and costs the others of its batch nothing', async () => {
  const [bad, good] = [must(await create()), must(await create())];
  const beside = rig.ctx.ids.inBucket(bucketOf(bad.id));
  await sql`UPDATE broadcasts SET id = ${beside} WHERE id = ${good.id}`;
  for (const id of [bad.id, beside]) must(await act(start, id));
  const { queue } = rig.ctx;
  let fails = true;
  const deps = {
    ...rig.ctx,
    ...rig.ctx.broadcasts,
    queue: {
      ...queue,
      // What fails is what is done for the one alone: it is asked for first.
      lanes: () => {
        if (fails) throw new Error('a bug');
        return queue.lanes();
      },
    },
  };
  for (const attempt of [0, 1]) {
    const fromMs = now();
    await sql`UPDATE due SET due_ms = 1 WHERE kind = ${KIND.broadcast}`;
    await sql`UPDATE due SET due_ms = 9e12 WHERE kind = ${KIND.broadcast} AND owner_id = ${beside}`;
    await broadcastHandler(deps).handle(await rig.claim(bad.id, 0, { kind: KIND.broadcast }));
    const [later] = await sql<{ attempt: number; dueMs: number }[]>`
      SELECT attempt, due_ms AS "dueMs" FROM due WHERE kind = ${KIND.broadcast} AND owner_id = ${bad.id}`;
    assert.equal(later!.attempt, attempt + 1);
    assert.ok(later!.dueMs >= fromMs + 1_000 * 2 ** attempt && later!.dueMs < now() + 1_001 * 2 ** attempt);
    assert.match((await read(bad.id)).note!, /does not get on.*a bug/);
    assert.equal((await read(beside)).note, null);
  }
  fails = false;
  await sql`UPDATE due SET due_ms = 1 WHERE kind = ${KIND.broadcast}`;
  const both = await rig.claim(bad.id, 0, { kind: KIND.broadcast });
  assert.deepEqual(new Set(both.items.map(({ ownerId }) => ownerId)), new Set([bad.id, beside]));
  await broadcastHandler(deps).handle(both);
  for (const id of [bad.id, beside]) {
    const { runId, note } = await read(id);
    assert.deepEqual([note, (await dueOf(runId!)) > 0], [null, true], 'it got on');
  }
  assert.equal((await sql`SELECT FROM flights WHERE id = ${both.flightId}`).length, 0);
});

test('a run that could not be read is read again at once', async () => {
  const { id } = must(await create());
  const { runId } = must(await act(start, id));
  const away = openPool(database.connection, { max: 1, name: 'away' });
  await away.end();
  const deps = { sql: away, clock: rig.ctx.clock };
  const runs = runSource(deps);
  await assert.rejects(Promise.resolve(runs(runId!)));
  deps.sql = sql;
  assert.equal((await runs(runId!))!.runId, runId);
});

test('a forecast is of the address that would be chosen: one that works, then the one used last, then the one linked last', async () => {
  const some = await rig.newPlace();
  const within = rig.ctx.queue.transact;
  // Of each the second works, or is the one; the others are blocked, so that taking them shows.
  const wanted = [
    { status: ['inactive', 'active', 'active'], heard: [null, null, null], linked: [3, 2, 1], chosen: 1 },
    { status: ['active', 'active', 'active'], heard: [5, 9, null], linked: [1, 2, 3], chosen: 1 },
    { status: ['active', 'active', 'active'], heard: [null, null, null], linked: [1, 2, 3], chosen: 2 },
  ];
  for (const [n, { status, heard, linked, chosen }] of [...wanted, ...wanted].entries()) {
    const addresses = [0, 1, 2].map((at) => `+1555777${n}${at}00`);
    const [made] = await within((tx) =>
      resolvePeople(
        tx,
        rig.ctx.ids,
        now(),
        [
          {
            workspaceId: some.id,
            identities: [],
            destinations: addresses.map((address) => ({
              channel: 'sms' as const,
              integrationId: null,
              address,
            })),
          },
        ],
        'first',
      ),
    );
    for (const [at, address] of addresses.entries()) {
      if (at !== chosen)
        await within((tx) =>
          blockDestination(tx, rig.ctx.ids, now(), {
            workspaceId: some.id,
            channel: 'sms',
            address,
            contactId: made!.contactId,
            cause: 'banned',
            classes: ['marketing'],
            by: 'operator',
            reason: 'test',
          }),
        );
      await sql`
        UPDATE destinations SET status = ${status[at]!}, last_inbound_ms = ${heard[at] ?? null}, linked_ms = ${linked[at]!}
        WHERE contact_id = ${made!.contactId} AND address = ${address}`;
    }
  }
  const draft = must(await create({ ratePerS: 2 }, some.id));
  const { matched, reachable, unreachable, durationMs } = await forecastBroadcast(
    rig.ctx.broadcasts,
    draft,
    now(),
  );
  assert.deepEqual([matched, reachable, unreachable, durationMs], [6, 6, {}, 3_000]);
  const people: number[] = [];
  for (let afterId = 0; ; ) {
    const page = await peopleForecast(rig.ctx.broadcasts, draft, now(), {
      code: 'reached',
      afterId,
      limit: 1,
    });
    assert.ok(page.contactIds.length <= 1);
    people.push(...page.contactIds);
    if (page.next === null) break;
    afterId = page.next;
  }
  assert.equal(new Set(people).size, 6, 'page after page, each once');
  assert.equal(people.length, 6);
});

test('whoever a preview is of is somebody of its own workspace', async () => {
  const people = await sql<{ id: number }[]>`SELECT id FROM contacts WHERE workspace_id = ${place.id}`;
  const sample = await selectSample(sql, place.id, { include: { all: true } }, 'sms', 1_000);
  const own = new Set(people.map(({ id }) => id));
  assert.ok(sample.length > 0 && sample.every((id) => own.has(id)));
});

test('a page of broadcasts is the newest, without posts; a list that one names is known until that is over', async () => {
  const some = await rig.newPlace();
  const { id: setId } = must(
    await rig.ctx.queue.transact((tx) =>
      createSet(tx, rig.ctx.ids, now(), { workspaceId: some.id, kind: 'tag', name: 'known' }),
    ),
  );
  const made = [];
  for (const audience of [
    { include: { tags: [setId] } },
    { include: { all: true }, exclude: { lists: [setId] } },
    { include: { all: true } },
  ])
    made.push(must(await create({ audience }, some.id)).id);
  const [first, second, last] = made.toSorted((a, b) => b - a);
  const listed = async (beforeId?: number) =>
    (await listBroadcasts(sql, some.id, { beforeId, limit: 2 })).map(({ id }) => id);
  assert.deepEqual([await listed(), await listed(second)], [[first, second], [last]]);
  const named = async () => new Set((await broadcastsNaming(sql, some.id, setId)).map(({ id }) => id));
  must(await act(start, made[0]!, some.id));
  must(await act(pauseBroadcast, made[0]!, some.id));
  assert.deepEqual(await named(), new Set(made.slice(0, 2)));
  must(await act(cancelBroadcast, made[0]!, some.id));
  assert.deepEqual(await named(), new Set([made[1]!]));
  await sql`UPDATE broadcasts SET origin = '{"kind":"direct"}' WHERE id = ${first!}`;
  assert.deepEqual(await listed(), [second, last]);
});

test('the lower of its own rate and its integration’s holds, and a run knows what it was told', async () => {
  await sql`UPDATE integrations SET rate_per_s = 50 WHERE id = ${place.integration.id}`;
  rig.ctx.directory.forget(place.integration.id);
  const rate = async (more: BroadcastInput) =>
    await rateInForce(rig.ctx.broadcasts, must(await create(more)));
  assert.equal(await rate({ ratePerS: 20 }), 20);
  assert.equal(await rate({ ratePerS: 80 }), 50);
  assert.equal(await rate({}), 50, 'of what serves its channel');
  const fast = must(await create({ ratePerS: 80 }));
  const rateOf = async (run: number) =>
    (await sql<{ rate: number }[]>`SELECT rate_per_s AS rate FROM streams WHERE stream = ${run}`)[0]!.rate;
  assert.equal(await rateOf(must(await act(start, fast.id)).runId!), 50);
  const { id } = must(
    await create({ ratePerS: 20, integrationId: place.integration.id, expiresAfterMs: 60_000 }),
  );
  must(await act(start, id));
  const { runId, startedMs } = await read(id);
  assert.equal(await rateOf(runId!), 20);
  const run = await rig.deps.runs(runId!);
  assert.deepEqual(
    [run!.class, run!.integrationId, run!.expiresMs, run!.canceled, run!.workspaceId],
    ['marketing', place.integration.id, startedMs! + 60_000, false, place.id],
  );
  must(await rig.ctx.queue.transact((tx) => setRate(rig.ctx.broadcasts, tx, place.id, id, 10, now())));
  assert.deepEqual([await rateOf(runId!), (await read(id)).ratePerS, await flows(runId!)], [10, 10, true]);
  must(await act(pauseBroadcast, id));
  must(await rig.ctx.queue.transact((tx) => setRate(rig.ctx.broadcasts, tx, place.id, id, 9, now())));
  assert.deepEqual([await rateOf(runId!), await flows(runId!)], [9, false], 'it goes on when it is resumed');
  must(await act(cancelBroadcast, id));
  await until('it is known that it was called off', async () => (await rig.deps.runs(runId!))!.canceled);
});

/** A broadcast to one person, whose delivery has failed. */
async function failedTo() {
  const [person] = await rig.newPeople(place.id, 1);
  const audience = { include: { contacts: [person!.id] } };
  const made = must(await create({ audience, class: 'transactional' }));
  const begun = must(await act(start, made.id));
  await step(made.id);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person!.id, begun.runId!));
  await told(person!.id, begun.runId!, 'failed');
  return { id: made.id, runId: begun.runId!, contactId: person!.id };
}
const told = (contactId: number, causeId: number, state: 'failed' | 'delivered' | 'read') =>
  rig.ctx.queue.transact((tx) =>
    applyReceipts(
      rig.deps,
      tx,
      place.integration,
      [
        {
          ref: toRef({ contactId, causeId, seq: 0 }),
          state,
          ...(state === 'failed' ? { code: '30008' } : {}),
        },
      ],
      now(),
    ),
  );
const retry = (id: number, code?: string) =>
  rig.ctx.queue.transact((tx) =>
    retryFailed(rig.ctx.broadcasts, tx, place.id, { id, code }, { ourMs: now(), workspaceMs: now() }),
  );
const statesIn = async (runId: number) => (await rig.standing(runId)).map(({ state }) => state);

test('whom it did not reach is tried once more, once, whoever asks at the same time; and once more where that fails, too', async () => {
  const { id, runId, contactId } = await failedTo();
  assert.equal(isFault(await retry(id, 'another')), true, 'nobody failed for that reason');
  const off = await failedTo();
  must(await act(cancelBroadcast, off.id));
  assert.equal(isFault(await retry(off.id)), true, 'it was called off');
  const twice = await failedTo();
  await sql`
    INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, state, attempts, channel, sent_ms, state_ms)
    SELECT bucket, contact_id, cause_id, 1, workspace_id, class, ${STATE.accepted}, 1, channel, 1, 1 FROM deliveries
    WHERE cause_id = ${twice.runId}`;
  assert.equal(isFault(await retry(twice.id)), true, 'another device has it');
  const kept = await failedTo();
  await sql`UPDATE deliveries SET state = ${STATE.suppressed}, code = 'banned' WHERE cause_id = ${kept.runId}`;
  assert.equal(isFault(await retry(kept.id)), true, 'the gate kept it back');
  const asked = await Promise.all([retry(id), retry(id), retry(id, '30008')]);
  const made = asked.filter((one) => !isFault(one));
  assert.equal(made.length, 1);
  const { broadcast, people, more } = must(made[0]!);
  assert.deepEqual([people, more, broadcast.state, broadcast.retryOf], [1, false, 'running', [runId]]);
  await step(broadcast.id);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(contactId, broadcast.runId!));
  assert.deepEqual(await statesIn(broadcast.runId!), [STATE.accepted]);
  assert.equal(isFault(await retry(id)), true);
  await told(contactId, broadcast.runId!, 'failed');
  const again = must(await retry(broadcast.id));
  assert.deepEqual(again.broadcast.retryOf, [runId, broadcast.runId]);
});

test('two who try many once more at once: the second takes those whom the first left', async () => {
  const { id, runId, contactId } = await failedTo();
  const [other] = await rig.newPeople(place.id, 1);
  await sql`
    INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, state, attempts, channel, code, sent_ms, state_ms)
    SELECT ${other!.id % 4096}, ${other!.id}, cause_id, 0, workspace_id, class, state, 1, channel, code, 1, 1 FROM deliveries
    WHERE cause_id = ${runId}`;
  const at = { ourMs: now(), workspaceMs: now() };
  const { promise: reserved, resolve: isReserved } = Promise.withResolvers<void>();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const first = rig.ctx.queue.transact(async (tx) => {
    const one = await retryFailed(rig.ctx.broadcasts, tx, place.id, { id, most: 1 }, at);
    isReserved();
    await held;
    return one;
  });
  await reserved;
  const second = rig.ctx.queue.transact((tx) =>
    retryFailed(rig.ctx.broadcasts, tx, place.id, { id, most: 1 }, at),
  );
  await until('it waits', async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`).length > 0);
  letGo();
  const tried = [must(await first), must(await second)].flatMap(
    ({ broadcast }) => broadcast.audience.include.contacts,
  );
  assert.deepEqual(new Set(tried), new Set([contactId, other!.id]));
});

test('a receipt that comes late, before anybody tries again: it has arrived, and nobody is tried', async () => {
  const { id, runId, contactId } = await failedTo();
  await told(contactId, runId, 'delivered');
  await told(contactId, runId, 'delivered');
  const [row] = await sql<{ state: number; late: number }[]>`
    SELECT state, jsonb_array_length(jsonb_path_query_array(trail, '$[*].late')) AS late FROM deliveries
    WHERE cause_id = ${runId} AND contact_id = ${contactId}`;
  assert.deepEqual(row, { state: STATE.failed, late: 1 }, 'noted once, and its state stays');
  assert.equal(isFault(await retry(id)), true);
  const seen = await failedTo();
  await told(seen.contactId, seen.runId, 'read');
  assert.equal(isFault(await retry(seen.id)), true, 'what was read has arrived');
});

test('a receipt that comes late, after somebody is reserved and before their turn: they are left out, of a retry of a retry, too', async () => {
  for (const depth of [1, 2]) {
    const { id, runId, contactId } = await failedTo();
    let last = must(await retry(id)).broadcast;
    if (depth === 2) {
      await step(last.id);
      await deliveryHandler(rig.deps, 10).handle(await rig.claim(contactId, last.runId!));
      await told(contactId, last.runId!, 'failed');
      last = must(await retry(last.id)).broadcast;
    }
    await step(last.id);
    assert.equal(await dueOf(last.runId!), 1);
    await told(contactId, runId, 'delivered');
    await deliveryHandler(rig.deps, 10).handle(await rig.claim(contactId, last.runId!));
    assert.deepEqual(await statesIn(last.runId!), [STATE.canceled], `depth ${depth}`);
  }
});

test('a fan-out that was broken off goes on with the lanes that are not in yet, wherever they stand', async () => {
  const { id } = must(await create());
  must(await act(start, id));
  const { runId } = await read(id);
  const lanes = rig.ctx.queue.lanes();
  for (const at of [0, 5]) await insertLaneMark(sql, lanes[at]!.bucket, runId!, lanes[at]!.lane);
  await step(id);
  const marked = await sql`SELECT 1 FROM broadcast_lanes WHERE run_id = ${runId!}`;
  assert.equal(marked.length, lanes.length);
});
