/** What contacts do, on a running Parley: kept once, counted once, whoever tells it how often; and the rules of its time. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFault } from '../../base/fault.ts';
import { mergePeople } from '../../people/people.ts';
import { testDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import { must, newWorkspace, startWorld } from '../../../test/support/world.ts';
import { createNames } from './names.ts';
import { timeOfEvent, FLAG } from './time.ts';
import type { TrackedEvent } from './arrive.ts';

const database = await testDatabase();
const world = await startWorld(database.connection);
after(() => world.stop());
const { ctx } = world;
const { sql } = database;

const user = (value: string) => ({ identities: [{ kind: 'external' as const, value }], destinations: [] });
const workspace = await newWorkspace(ctx, 'test');

async function track(who: string, event: TrackedEvent): Promise<number> {
  return must(await ctx.arrive(workspace.id, [{ person: user(who), event }]))[0]!.contactId;
}

async function taken(): Promise<void> {
  await until('all was taken', async () => (await sql`SELECT 1 FROM event_arrivals`).length === 0);
}

const countsOf = async (contactId: number) =>
  await sql<{ name: string; count: number; rows: number; firstMs: number; lastMs: number }[]>`
    SELECT n.name, s.count, s.first_ms AS "firstMs", s.last_ms AS "lastMs", (SELECT count(*) FROM contact_events e
      WHERE e.contact_id = s.contact_id AND e.name_id = s.name_id) AS rows
    FROM event_stats s JOIN event_names n ON n.id = s.name_id WHERE s.contact_id = ${contactId} ORDER BY n.name`;

test('O4: what came is kept and counted; a batch a, b, c, c is a, b, c', async () => {
  const events = ['a', 'b', 'c', 'c'].map((key) => ({
    person: user('batch'),
    event: { name: 'viewed', key, properties: { item: { id: key } } },
  }));
  const { contactId } = must(await ctx.arrive(workspace.id, events))[0]!;
  await taken();
  const [row] = await countsOf(contactId);
  assert.deepEqual([row!.count, row!.rows], [3, 3]);
});

test('a repeat with another time is one event, also through two calls at once', async () => {
  const nowS = ctx.clock.nowMs() / 1000;
  const times = [nowS, nowS - 60, undefined, nowS - 3600];
  const ids = await Promise.all(
    times.map((timestamp) => track('repeats', { name: 'paid', key: 'k', timestamp })),
  );
  assert.equal(new Set(ids).size, 1);
  await taken();
  await track('repeats', { name: 'paid', key: 'k' });
  await taken();
  assert.equal((await countsOf(ids[0]!))[0]!.count, 1);
});

test('old iOS, a new id per attempt: name, time and properties are the key', async () => {
  const event = { name: 'opened', timestamp: ctx.clock.nowMs() / 1000, sameAsContent: true };
  const id = await track('ios', { ...event, properties: { n: 1 } });
  await track('ios', { ...event, properties: { n: 1 } });
  await track('ios', { ...event, properties: { n: 2 } });
  await taken();
  assert.equal((await countsOf(id))[0]!.count, 2);
});

test('without a key each is its own', async () => {
  const ids = await Promise.all(
    [1, 2, 3].map(() => track('each', { name: 'beat', timestamp: 1_700_000_000 })),
  );
  await taken();
  const [row] = await countsOf(ids[0]!);
  assert.deepEqual([row!.count, row!.rows, row!.firstMs], [3, 3, 1_700_000_000_000]);
});

test('bad entries change nothing and are named', async () => {
  const odd = async (event: Partial<TrackedEvent>) => {
    const answer = await ctx.arrive(workspace.id, [
      { person: user('nobody'), event: { name: 'fine' } },
      { person: user('nobody'), event: { name: 'x', ...event } },
    ]);
    assert.ok(isFault(answer));
    return answer.message;
  };
  assert.match(await odd({ name: '' }), /^\[1\]\.event: needs 1 to 200 characters/);
  assert.match(await odd({ name: 'x'.repeat(201) }), /^\[1\]\.event/);
  assert.match(await odd({ name: '💡'.repeat(201) }), /^\[1\]\.event/);
  assert.match(await odd({ name: '$clicked' }), /^\[1\]\.event: is what Parley itself tells/);
  assert.match(await odd({ properties: { a: 'x'.repeat(40_000) } }), /^\[1\]\.properties/);
  assert.match(await odd({ timestamp: Number.NaN }), /^\[1\]\.timestamp/);
  assert.equal((await sql`SELECT 1 FROM identities WHERE value = 'nobody'`).length, 0);
});

test('two contacts that become one have what both did, and a repeat of either stays one', async () => {
  const known = await track('known', { name: 'paid', key: 'one' });
  const other = await track('other', { name: 'paid', key: 'two' });
  await taken();
  // What arrives at this moment is the survivor's as well.
  await track('other', { name: 'left', key: 'three' });
  must(
    await ctx.queue.transact((tx) =>
      mergePeople(ctx, tx, ctx.clock.nowMs(), {
        workspaceId: workspace.id,
        survivingId: known,
        discardedId: other,
      }),
    ),
  );
  assert.equal(await track('other', { name: 'paid', key: 'two' }), known);
  await taken();
  assert.deepEqual(
    (await countsOf(known)).map(({ name, count, rows }) => [name, count, rows]),
    [
      ['left', 1, 1],
      ['paid', 2, 2],
    ],
  );
  assert.deepEqual(await countsOf(other), []);
});

test('O5: the time of an event', () => {
  const receivedMs = 1_800_000_000_000;
  const at = { receivedMs, clockAheadMs: 0 };
  assert.deepEqual(timeOfEvent(at), { atMs: receivedMs, flags: 0 });
  assert.equal(timeOfEvent({ ...at, timestamp: 1_799_999_000.5 }).atMs, 1_799_999_000_500);
  assert.equal(timeOfEvent({ ...at, timestamp: 1_799_999_000_500 }).atMs, 1_799_999_000_500);
  assert.deepEqual(timeOfEvent({ ...at, timestamp: 1_800_000_301 }), { atMs: receivedMs, flags: FLAG.ahead });
  assert.equal(timeOfEvent({ ...at, timestamp: 1_800_000_200 }).atMs, receivedMs, 'a little ahead is now');
  // A client whose clock is a day ahead, and which says when it sent.
  assert.equal(
    timeOfEvent({ ...at, timestamp: 1_800_086_390, sentAt: 1_800_086_400 }).atMs,
    receivedMs - 10_000,
  );
  // A workspace fourteen days ahead: a client's now is its now.
  const ahead = { receivedMs: receivedMs + 14 * 86_400_000, clockAheadMs: 14 * 86_400_000 };
  assert.equal(timeOfEvent({ ...ahead, timestamp: 1_800_000_000 }).atMs, ahead.receivedMs);
  assert.equal(
    timeOfEvent({ ...ahead, timestamp: (ahead.receivedMs - 5_000) / 1000 }).atMs,
    ahead.receivedMs - 5_000,
  );
});

test('however many processes find room for names at once, there are never more than there may be', async () => {
  const { id } = await newWorkspace(ctx, 'test');
  const [one, other] = [0, 1].map(() => createNames({ ...ctx, nowMs: () => ctx.clock.nowMs() }));
  await one!(
    id,
    Array.from({ length: 9_950 }, (_, i) => `known ${i}`),
  );
  const found = await Promise.all(
    Array.from({ length: 8 }, (_, turn) =>
      (turn % 2 ? one : other)!(
        id,
        Array.from({ length: 100 }, (_, i) => `new ${turn} ${i}`),
      ),
    ),
  );
  assert.equal(found.flatMap((ids) => [...ids]).length, 50);
  const [row] = await ctx.sql<
    { n: number }[]
  >`SELECT count(*) AS n FROM event_names WHERE workspace_id = ${id}`;
  assert.equal(row!.n, 10_000);
});

test('where there is no room for a new name, those who go on telling of new ones cost a look each, and are told of once', async () => {
  const { id } = await newWorkspace(ctx, 'test');
  await sql`
    INSERT INTO event_names (id, workspace_id, name, created_ms)
    SELECT 9007199254600000 - i, ${id}, 'known ' || i, 0 FROM generate_series(1, 4999) i`;
  const warnings: unknown[] = [];
  const log = { ...ctx.log, warn: (about: unknown) => void warnings.push(about) };
  const names = createNames({ ...ctx, log, sql, nowMs: () => ctx.clock.nowMs() });
  // Somebody else has made the first in between: it takes no room of the second.
  await Promise.all([names(id, ['a'], 'strangers'), names(id, ['a', 'b'], 'strangers')]);
  assert.equal((await names(id, ['a', 'b'], 'strangers')).size, 1);
  const asked: string[] = [];
  database.hear((text) => asked.push(text.trim().slice(0, 6)));
  try {
    for (const name of ['c', 'd', 'e']) assert.equal((await names(id, [name], 'strangers')).size, 0);
  } finally {
    database.hear(undefined);
  }
  assert.deepEqual([asked, warnings.length], [['SELECT', 'SELECT', 'SELECT'], 1]);
  assert.equal((await names(id, ['c'])).size, 1, 'who may name more names it');
  assert.equal((await names(id, ['c'], 'strangers')).size, 1);
});
