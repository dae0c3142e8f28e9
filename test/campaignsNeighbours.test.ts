/**
 * A lane is every workspace's, and what waits there is taken by its time: who waits behind another's tens of thousands waits for a turn, not for
 * all of them. In a process of its own: it writes rows by hand.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { createLiveSource } from '../src/campaigns/enrol/live.ts';
import { DAY_MS, hear, mail, newPlace, sql, world } from './campaignsProduct.ts';
import { until } from './support/until.ts';

const { ctx } = world;
/** Of one workspace, in one lane: a dozen turns of that lane alone. */
const MANY = 6_000;

/** Holds a contact's lane while something is made to wait there. */
async function whileHeld(contactId: number, make: (lane: number) => Promise<void>): Promise<void> {
  const made = Promise.withResolvers<void>();
  const held = Promise.withResolvers<number>();
  const over = sql.begin(async (tx) => {
    const [row] = await tx<{ lane: number }[]>`
      SELECT lane FROM lanes WHERE buckets @> ARRAY[${bucketOf(contactId)}::smallint] FOR UPDATE`;
    held.resolve(row!.lane);
    await made.promise;
  });
  await make(await held.promise);
  made.resolve();
  await over;
}

/** How many of a workspace wait. */
async function waiting(table: 'event_arrivals' | 'timers', workspaceId: number): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM ${table === 'timers' ? sql`timers` : sql`event_arrivals`} WHERE workspace_id = ${workspaceId}`;
  return row!.n;
}

test('§4 who did one thing behind another workspace with 6,000 in the same lane is not kept until those are taken', async () => {
  const [big, small] = [await newPlace(), await newPlace()];
  await small.live({ key: 'hello', trigger: { event: { did: 'in' } }, steps: [mail('hello')] });
  const them = await big.tell('them', { name: 'seen' });
  const somebody = await small.tell('somebody');
  await big.settled();
  await small.settled();
  await whileHeld(somebody, async (lane) => {
    const nowMs = ctx.clock.nowMs();
    await sql`
      INSERT INTO event_arrivals (bucket, id, lane, workspace_id, contact_id, kind, name_id, at_ms, received_ms, key)
      SELECT ${bucketOf(them)}, ${ctx.ids.inOrder()}::bigint - n, ${lane}, ${big.id}, ${them}, 1, e.id, ${nowMs}, ${nowMs}, n
      FROM event_names e, generate_series(1, ${MANY}::integer) n WHERE e.workspace_id = ${big.id} AND e.name = 'seen'`;
    await small.tell('somebody', { name: 'in' });
  });
  await until('somebody has entered', async () => (await small.entries(somebody)).length === 1);
  const left = await waiting('event_arrivals', big.id);
  assert.ok(left > MANY / 2, `${left} of ${MANY} were left`);
  await big.settled();
  const kept = await sql<{ count: number }[]>`SELECT count FROM event_stats WHERE contact_id = ${them}`;
  assert.equal(kept[0]!.count, MANY + 1, 'and of those none is lost');
});

test('§4 whose wait is over goes on, while another workspace has 6,000 timers in the same lane that were due before', async () => {
  const [big, small] = [await newPlace(), await newPlace()];
  const steps = [{ key: 'rest', wait: { for: '1d' } }, mail('hello')];
  await small.live({ key: 'hello', trigger: { event: { did: 'in' } }, steps });
  const somebody = await small.tell('somebody', { name: 'in' });
  await small.settled();
  await small.advance(DAY_MS - 1_500);
  const [timer] = await sql<{ dueMs: number }[]>`
    SELECT due_ms AS "dueMs" FROM timers WHERE contact_id = ${somebody} AND owner_id <> contact_id`;
  await whileHeld(somebody, async (lane) => {
    // Of people who are in nothing any more: to take them is to drop them.
    await sql`
      INSERT INTO timers (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
      SELECT ${bucketOf(somebody)}, ${somebody}::bigint - 4096 * n::bigint, n, ${lane}, ${big.id}, 1, 1 FROM generate_series(1, ${MANY}::integer) n`;
    await until('its time has come', () => ctx.clock.nowMs() > timer!.dueMs);
  });
  await until('somebody went on', async () => (await small.mails(somebody)).length === 1);
  const left = await waiting('timers', big.id);
  assert.ok(left > MANY / 2, `${left} of ${MANY} were left`);
  await until('those are taken', async () => (await waiting('timers', big.id)) === 0);
});

test('§4 whose wait is over goes on, while more has arrived for another workspace in the same lane than a turn takes', async () => {
  const [big, small] = [await newPlace(), await newPlace()];
  const steps = [{ key: 'rest', wait: { for: '1d' } }, mail('hello')];
  await small.live({ key: 'hello', trigger: { event: { did: 'in' } }, steps });
  const them = await big.tell('them', { name: 'seen' });
  const somebody = await small.tell('somebody', { name: 'in' });
  await big.settled();
  await small.settled();
  await small.advance(DAY_MS - 1_500);
  await whileHeld(somebody, async (lane) => {
    const nowMs = ctx.clock.nowMs();
    await sql`
      INSERT INTO event_arrivals (bucket, id, lane, workspace_id, contact_id, kind, name_id, at_ms, received_ms, key)
      SELECT ${bucketOf(them)}, ${ctx.ids.inOrder()}::bigint - n, ${lane}, ${big.id}, ${them}, 1, e.id, ${nowMs}, ${nowMs}, n
      FROM event_names e, generate_series(1, ${MANY}::integer) n WHERE e.workspace_id = ${big.id} AND e.name = 'seen'`;
    await until('its time has come', () => ctx.clock.nowMs() > nowMs + 2_000);
  });
  await until('somebody went on', async () => (await small.mails(somebody)).length === 1);
  const left = await waiting('event_arrivals', big.id);
  assert.ok(left > MANY / 2, `${left} of ${MANY} were left`);
  await big.settled();
});

test('§4 what is published in one workspace is read again for that one: of the others it is known what is live', async () => {
  const [busy, calm] = [await newPlace(), await newPlace()];
  const file = { key: 'hello', trigger: { event: { did: 'in' } } };
  for (const place of [busy, calm]) await place.live({ ...file, steps: [mail('hello')] });
  const source = createLiveSource(ctx);
  /** How often it is read what is live in a place, and by which step who enters there begins. */
  const asked = async (place: typeof busy): Promise<[number, string]> => {
    let reads = 0;
    hear((text) => /FROM campaigns c WHERE c\.workspace_id/.test(text) && reads++);
    try {
      const live = await sql.begin(async (tx) => await (await source(tx))(place.id));
      return [reads, [...live.campaigns.values()][0]!.version.file.steps[0]!.key];
    } finally {
      hear(undefined);
    }
  };
  assert.deepEqual(
    [await asked(busy), await asked(calm)],
    [
      [1, 'hello'],
      [1, 'hello'],
    ],
  );
  assert.deepEqual(
    [await asked(busy), await asked(calm)],
    [
      [0, 'hello'],
      [0, 'hello'],
    ],
  );
  await busy.live({ ...file, steps: [mail('again')] });
  assert.deepEqual(
    [await asked(calm), await asked(busy)],
    [
      [0, 'hello'],
      [1, 'again'],
    ],
  );
  // A process of before says that something is another, and not whose.
  await sql`UPDATE campaign_stamp SET n = n + 1`;
  assert.deepEqual(
    [await asked(calm), await asked(busy)],
    [
      [1, 'hello'],
      [1, 'again'],
    ],
  );
  // Whoever read what is live before others said something goes by what is known since.
  const stale = await sql.begin(async (tx) => (await source(tx, 1))(busy.id));
  assert.equal(stale.campaigns.size, 1);
  assert.deepEqual(await asked(busy), [0, 'again']);
});
