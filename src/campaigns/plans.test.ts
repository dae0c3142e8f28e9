/**
 * What waits to be taken empties itself, as the queue does: plans that were made while Postgres believed that there is nothing must be good
 * when much has come (`src/queue/plans.test.ts`).
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { idSource } from '../base/ids.ts';
import { getContacts } from '../contacts/contacts.ts';
import { openPool } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { testDatabase } from '../../test/support/database.ts';
import { rowsRead } from '../../test/support/rowsRead.ts';
import { listeningTo } from './enrol/listening.ts';
import { selectWhoOfThose } from './enrol/sql.brake.ts';
import {
  selectEnrolments,
  selectEntries,
  selectSendsOf,
  selectStats,
  selectTimers,
} from './enrol/sql.read.ts';
import { toldOnce } from './enrol/own.ts';
import { noteSeen } from './enrol/sql.seen.ts';
import { selectInside } from './enrol/sql.tasks.ts';
import { deleteEnrolments, upsertTimers } from './enrol/sql.write.ts';
import { deleteArrivals, selectArrivals, type Arrival } from './events/sql.take.ts';
import { selectLastSends, selectSends, selectSetOff } from './events/sql.told.ts';
import { FLAG } from './events/time.ts';

const { sql, connection } = await testDatabase();
/** One connection, so that what it has planned is what is asked. */
const one = openPool(connection, { max: 1, name: 'test' });
after(() => one.end());
const ids = idSource(63, () => 1_000);
const FULL = 5_000;
const EACH = 50;
const lanes = await sql<OwnedLane[]>`SELECT lane, bucket, buckets, epoch FROM lanes ORDER BY lane LIMIT 4`;
const [lane] = lanes;
const bucket = lane!.buckets[5]!;

/** So many contacts of one bucket wait for something: as arrivals, or in a campaign with a timer. */
async function fill(table: 'event_arrivals' | 'enrolments', count: number): Promise<void> {
  const from = ids.inBucket(bucket);
  if (table === 'event_arrivals')
    await sql`
      INSERT INTO event_arrivals (bucket, id, lane, workspace_id, contact_id, kind, at_ms, received_ms, key)
      SELECT ${bucket}, ${from}::bigint + 4096 * n::bigint, ${lane!.lane}, 9, ${from}::bigint + 4096 * n::bigint, 2, 1, 1, n
      FROM generate_series(1, ${count}::integer) n`;
  else
    await sql`
      WITH made AS (
        INSERT INTO enrolments (bucket, contact_id, id, workspace_id, campaign_id, version_id, entry_key, epoch, entered_ms, place)
        SELECT ${bucket}, ${from}::bigint + 4096 * n::bigint, n, 9, 5, 5, 1, 1, 1, '{}' FROM generate_series(1, ${count}::integer) n
        RETURNING bucket, contact_id, id
      )
      INSERT INTO timers (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
      SELECT bucket, contact_id, id, ${lane!.lane}, 9, 1, 1 FROM made`;
}

/** What a turn asks of it: what is first is read, and taken away. */
async function round(table: 'event_arrivals' | 'enrolments'): Promise<void> {
  await one.begin(async (tx) => {
    if (table === 'event_arrivals') {
      const found = await selectArrivals(tx, lanes, EACH);
      assert.ok(found.length > 0);
      assert.equal((await deleteArrivals(tx, lanes, found)).size, found.length);
      return;
    }
    const due = await selectTimers(
      tx,
      lanes.map((of) => ({ lane: of, untilMs: 10 })),
      EACH,
    );
    assert.ok(due.length > 0);
    const found = await selectEnrolments(
      tx,
      due.map(({ contactId }) => contactId),
    );
    assert.equal(found.length, due.length);
    await upsertTimers(
      tx,
      due.slice(0, 1).map((timer) => ({ ...timer, dueMs: 2 })),
    );
    await deleteEnrolments(tx, found);
  }, 'keyed');
}

const readOf = (tables: readonly string[]) => rowsRead(sql, one, tables);

for (const [table, tables] of [
  ['event_arrivals', ['event_arrivals']],
  ['enrolments', ['enrolments', 'timers']],
] as const)
  test(`a turn reads of ${tables.join(' and ')} what it is about, planned while there was nothing and asked when there is much`, async () => {
    for (const name of tables) await sql.unsafe(`ALTER TABLE ${name} SET (autovacuum_enabled = false)`);
    await fill(table, FULL);
    for (const name of tables) {
      await sql.unsafe(`DELETE FROM ${name}`);
      // As autovacuum leaves it where somebody looks meanwhile: many pages, and nothing in them.
      await sql.unsafe(`VACUUM (ANALYZE, TRUNCATE off) ${name}`);
    }
    for (let n = 0; n < 3; n++) {
      await fill(table, 1);
      await round(table);
    }
    await fill(table, FULL);
    const before = await readOf(tables);
    for (let n = 0; n < 5; n++) await round(table);
    const read = (await readOf(tables)) - before;
    assert.ok(read < 2_500, `${read} read for five turns of ${EACH}, with ${FULL} there`);
  });

test('contacts of a turn are found by their keys, planned while nobody was known and asked when there are many', async () => {
  const from = ids.inBucket(bucket);
  const contactIds = Array.from({ length: EACH }, (_, n) => from + 4096 * (n + 1));
  const ask = (these: readonly number[]) => one.begin((tx) => getContacts(tx, 9, these), 'keyed');
  for (let n = 0; n < 3; n++) assert.deepEqual(await ask(contactIds.slice(0, 1)), []);
  await sql`
    INSERT INTO contacts (bucket, workspace_id, id, created_ms, changed_ms)
    SELECT ${bucket}, 9, ${from}::bigint + 4096 * n::bigint, 1, 1 FROM generate_series(1, ${FULL}::integer) n`;
  const before = await readOf(['contacts']);
  assert.equal((await ask(contactIds)).length, EACH);
  const read = (await readOf(['contacts'])) - before;
  assert.ok(read < 500, `${read} read for ${EACH} contacts, with ${FULL} there`);
});

test('what contacts entered and did is found by who they are, however many entered the same among a thousand campaigns', async () => {
  const tables = ['campaign_entries', 'event_stats'];
  for (const name of tables) {
    await sql.unsafe(`ALTER TABLE ${name} SET (autovacuum_enabled = false)`);
    await sql.unsafe(`DELETE FROM ${name}`);
    await sql.unsafe(`VACUUM (ANALYZE, TRUNCATE off) ${name}`);
  }
  const from = ids.inBucket(bucket);
  const contactIds = Array.from({ length: EACH }, (_, n) => from + 4096 * (n + 1));
  const ask = async (these: readonly number[]) =>
    await one.begin(async (tx) => {
      const entries = await selectEntries(tx, these, [5], 50);
      return [entries.length, (await selectStats(tx, these, [5])).length];
    }, 'keyed');
  const costs = async () => {
    const before = await readOf(tables);
    assert.deepEqual(await ask(contactIds), [EACH, EACH]);
    return (await readOf(tables)) - before;
  };
  for (let n = 0; n < 6; n++) assert.deepEqual(await ask(contactIds.slice(0, 1)), [0, 0]);
  // Half of them in one campaign, the others in a thousand.
  await sql`
      INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm, entered_ms)
      SELECT ${bucket}, ${from}::bigint + 4096 * n::bigint, CASE WHEN n <= ${FULL} THEN 5 ELSE 1000 + n % 1000 END, 1, n, 9, 5, 1, 0, n
      FROM generate_series(1, ${2 * FULL}::integer) n`;
  await sql`
      INSERT INTO event_stats (bucket, contact_id, name_id, workspace_id, count, first_ms, last_ms)
      SELECT ${bucket}, ${from}::bigint + 4096 * n::bigint, CASE WHEN n <= ${FULL} THEN 5 ELSE 1000 + n % 1000 END, 9, 1, 1, 1
      FROM generate_series(1, ${2 * FULL}::integer) n`;
  const asPlanned = await costs();
  assert.ok(
    asPlanned < 1_000,
    `${asPlanned} read for ${EACH} contacts, planned while nobody had entered anything`,
  );
  for (const name of tables) await sql.unsafe(`ANALYZE ${name}`);
  const known = await costs();
  assert.ok(known < 1_000, `${known} read for ${EACH} contacts, planned for what is there`);
});

/** Empties tables and has Postgres believe that they are: many pages, and nothing in them. */
async function empty(tables: readonly string[]): Promise<void> {
  for (const name of tables) {
    await sql.unsafe(`ALTER TABLE ${name} SET (autovacuum_enabled = false)`);
    await sql.unsafe(`DELETE FROM ${name}`);
    await sql.unsafe(`VACUUM (ANALYZE, TRUNCATE off) ${name}`);
  }
}

test('a task reads those of its lane who are in its campaign, and nobody of other lanes or campaigns', async () => {
  const EACH_BUCKET = 10;
  const fillLanes = async (first: number, last: number) =>
    await sql`
      INSERT INTO enrolments (bucket, contact_id, id, workspace_id, campaign_id, version_id, entry_key, epoch, entered_ms, place)
      SELECT b, b + 4096::bigint * n, c, 9, c, 5, 1, 1, 1, '{}' FROM generate_series(${first}::integer, ${last}::integer) b,
        generate_series(1, ${EACH_BUCKET}::integer) n, unnest(CASE WHEN n = 1 THEN '{5,6}'::bigint[] ELSE ARRAY[6, 1000 + n]::bigint[] END) c`;
  await empty(['enrolments']);
  const [, , third] = lanes;
  const [from, to] = [lanes[0]!.buckets[0]!, lanes.at(-1)!.buckets.at(-1)!];
  const walk = async (of: OwnedLane): Promise<number> => {
    const found: number[] = [];
    for (let page: number[] | undefined; page === undefined || page.length === EACH; found.push(...page))
      page = await one.begin((tx) => selectInside(tx, of, 5, found.at(-1) ?? 0, EACH));
    assert.equal(new Set(found).size, of.buckets.length);
    assert.deepEqual(new Set(found.map((id) => id % 4096)), new Set(of.buckets));
    return found.length;
  };
  await fillLanes(from, to);
  await empty(['enrolments']);
  await fillLanes(from, to);
  for (const believed of ['emptied', 'as it is']) {
    if (believed === 'as it is') await sql`ANALYZE enrolments`;
    const before = await readOf(['enrolments']);
    for (let n = 0; n < 3; n++) await walk(third!);
    const read = (await readOf(['enrolments'])) - before;
    const inside = 3 * third!.buckets.length;
    assert.ok(
      read < 2 * inside,
      `${believed}: ${read} read for ${inside} who are in it, among ${20 * 512} places`,
    );
  }
});

test('what is told of messages is found by whose they are, planned while there was nothing and asked when there is much', async () => {
  const tables = ['campaign_sends', 'campaign_entries', 'event_stats'];
  const from = ids.inBucket(bucket);
  const fillSends = async () => {
    await sql`
      INSERT INTO campaign_sends (bucket, contact_id, message_id, workspace_id, campaign_id, enrolment_id, epoch, step, at_ms)
      SELECT ${bucket}, ${from}::bigint + 4096 * n::bigint, n, 9, 5, n, 1, 's', 1 FROM generate_series(1, ${FULL}::integer) n`;
    await sql`
      INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm, entered_ms)
      SELECT ${bucket}, ${from}::bigint + 4096 * n::bigint, 5, 1, n, 9, 5, 1, 0, n FROM generate_series(1, ${FULL}::integer) n`;
    await sql`
      INSERT INTO event_stats (bucket, contact_id, name_id, workspace_id, count, first_ms, last_ms)
      SELECT ${bucket}, ${from}::bigint + 4096 * n::bigint, 5, 9, 1, 1, 1 FROM generate_series(1, ${FULL}::integer) n`;
  };
  await sql`INSERT INTO campaigns (id, workspace_id, key, name, state, epoch, salt, version_id, created_ms, changed_ms)
    VALUES (5, 9, 'c', 'c', 'active', 1, 's', 5, 1, 1) ON CONFLICT DO NOTHING`;
  await empty(tables);
  await fillSends();
  await empty(tables);
  const some = Array.from({ length: EACH }, (_, n) => {
    const contactId = from + 4096 * (n + 1);
    return { contactId, messageId: n + 1, enrolmentId: n + 1, bits: 2 };
  });
  const contactIds = some.map(({ contactId }) => contactId);
  const ask = () =>
    one.begin(async (tx) => {
      const found = [
        await selectSends(tx, some),
        await selectLastSends(tx, contactIds),
        await selectSendsOf(tx, some),
        await selectSetOff(tx, some, 'c'),
      ].map(({ length }) => length);
      const did = (await selectWhoOfThose(tx, contactIds, { nameId: 5, sinceMs: 0 })).length;
      return [...found, did, (await noteSeen(tx, some)).size];
    }, 'keyed');
  for (let n = 0; n < 3; n++) assert.deepEqual(await ask(), [0, 0, 0, 0, 0, 0]);
  await fillSends();
  const before = await readOf(tables);
  assert.deepEqual(
    await ask(),
    Array.from({ length: 6 }, () => EACH),
  );
  const read = (await readOf(tables)) - before;
  assert.ok(read < 1_500, `${read} read for ${EACH} messages, with ${FULL} there`);
  // What is told of a message again, in one turn or a later one, at another time, is nothing new.
  const told = (metric: string): Arrival => ({
    id: 1,
    workspaceId: 9,
    contactId: from + 4096 * FULL,
    kind: 1,
    nameId: 7,
    atMs: 1,
    receivedMs: 1,
    key: 1,
    flags: FLAG.own | FLAG.keyed,
    properties: { message: FULL, $own: { campaign: 5, epoch: 1, metric, variant: null, version: 5 } },
  });
  const areFirst = async (metrics: readonly string[]) => {
    const { once, first } = toldOnce(metrics.map(told));
    const found = await one.begin(first, 'keyed');
    return [...once].map((arrival) => found.has(arrival));
  };
  assert.deepEqual(await areFirst(['accepted', 'clicked', 'accepted', 'delivered']), [true, false, true]);
  assert.deepEqual(await areFirst(['accepted', 'opened', 'delivered']), [false, true, false]);
});

test('in which workspaces a change of a contact lets somebody in or on is found without reading what was published before again', async () => {
  const published = (from: number, to: number, workspaceId: number, file: string) => sql`
    WITH made AS (
      INSERT INTO campaigns (id, workspace_id, key, name, state, version_id, epoch, salt, created_ms, changed_ms)
      SELECT n, ${workspaceId}::bigint, 'c' || n, 'c', 'active', n * 100, 1, 's', 1, 1 FROM generate_series(${from}::integer, ${to}::integer) n
      RETURNING id, workspace_id
    )
    INSERT INTO campaign_versions (id, campaign_id, workspace_id, number, file, epoch, published_ms)
    SELECT id * 100 + n, id, workspace_id, n, ${file}::text::jsonb || jsonb_build_object('note',
      (SELECT string_agg(md5(id || ' ' || i), '') FROM generate_series(1, 200) i)), 1, 1 FROM made, generate_series(1, 10) n`;
  /** Pages that were read of what is kept apart because it is long. */
  const readOfFiles = async () => {
    await readOf(['campaign_versions']);
    const [read] = await sql<{ n: number }[]>`
      SELECT (coalesce(toast_blks_hit, 0) + coalesce(toast_blks_read, 0))::bigint AS n FROM pg_statio_user_tables WHERE relname = 'campaign_versions'`;
    return read!.n;
  };
  const ask = listeningTo(one);
  const asked = async () => [...new Set(await ask())].sort((a, b) => a - b);
  await published(1_001, 1_050, 1, '{"steps": []}');
  await published(1_051, 1_051, 2, '{"filter": {}}');
  await published(1_052, 1_052, 3, '{"goal": {"event": "$unsubscribed"}}');
  assert.deepEqual(await asked(), [2, 3]);
  await published(1_053, 1_053, 4, '{"steps": [{"wait_until": {"attribute": "visit"}}]}');
  await sql`UPDATE campaigns SET state = 'ended' WHERE id = 1051`;
  const before = await readOfFiles();
  assert.deepEqual(await asked(), [3, 4]);
  const read = (await readOfFiles()) - before;
  assert.ok(read > 0 && read < 200, `${read} pages of files read, of ten versions that are new`);
  await sql`UPDATE campaigns SET state = 'active' WHERE id = 1051`;
  assert.deepEqual(await asked(), [2, 3, 4]);
});
