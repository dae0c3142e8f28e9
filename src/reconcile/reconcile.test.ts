/** The audit by itself: what changes while it looks is seen as it was or as it became, never half; its pieces are all of it, once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../base/clock.ts';
import { bucketOf, idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { Tx } from '../db/pool.ts';
import { STATE } from '../ledger/states.ts';
import { KIND } from '../queue/work/kinds.ts';
import { createQueue } from '../queue/queue.ts';
import { addsUp, audit, type Audit } from './reconcile.ts';

const { sql } = await testDatabase();
const ids = idSource(9, () => systemClock.nowMs());
const queue = createQueue({ sql, ids, clock: systemClock, log: silentLog });
/** Rests for no time. */
const clock = { ...systemClock, after: (_ms: number, run: () => void) => systemClock.after(0, run) };
const WORKSPACE = 77;
const scope = { workspaceId: WORKSPACE, fromCause: 0, toCause: Number.MAX_SAFE_INTEGER };
const runId = ids.spread();
const people: number[] = [];

before(async () => {
  await queue.start();
  const { bucket, lane } = queue.lanes()[5]!;
  await sql`
    INSERT INTO broadcasts (id, workspace_id, name, state, content, class, channel, audience, run_id, created_ms, changed_ms)
    VALUES (1, ${WORKSPACE}, 'news', 'running', '{}', 'transactional', 'sms', '{}', ${runId}, 1, 1)`;
  await sql`INSERT INTO broadcast_lanes (bucket, run_id, lane, matched) VALUES (${bucket}, ${runId}, ${lane}, 6)`;
  for (let n = 0; n < 6; n++) people.push(ids.inBucket(bucket));
  await queue.transact((tx) =>
    queue.put(
      tx,
      people.map((ownerId) => ({ ...work(ownerId), stream: runId, workspaceId: WORKSPACE, dueMs: 1 })),
    ),
  );
  await queue.transact((tx) => settle(tx, people[0]!));
});
after(() => queue.stop());

const work = (ownerId: number) => ({ kind: KIND.delivery, ownerId, causeId: runId, seq: 0 });

/** Somebody’s message was taken: all that the outbox writes of it. */
async function settle(tx: Tx, contactId: number): Promise<void> {
  const bucket = bucketOf(contactId);
  const lane = queue.lanes()[queue.laneOf(bucket)]!;
  await tx`
      INSERT INTO deliveries (bucket, contact_id, cause_id, seq, state, class, workspace_id, state_ms, sent_ms, attempts)
      VALUES (${bucket}, ${contactId}, ${runId}, 0, ${STATE.accepted}, 1, ${WORKSPACE}, 1, 1, 1)`;
  await tx`
      INSERT INTO tallies (bucket, cause_id, state, n) VALUES (${lane.bucket}, ${runId}, ${STATE.accepted}, 1)
      ON CONFLICT (bucket, cause_id, state) DO UPDATE SET n = tallies.n + 1`;
  await tx`DELETE FROM due WHERE owner_id = ${contactId}`;
  const changes = [{ contactId, causeId: runId, seq: 0, to: STATE.accepted, atMs: 1 }];
  await queue.append(tx, [
    { ownerId: contactId, workspaceId: WORKSPACE, type: 'delivery.changed', atMs: 1, payload: { changes } },
  ]);
}

/** The lane that everybody is in. */
const ours = {
  lanes: () => queue.lanes().filter(({ lane }) => lane === 5),
  laneOf: (bucket: number) => queue.laneOf(bucket),
};

// What it comes to one after the other: whoever holds a table holds it there.
for (const [at, table] of ['deliveries', 'messages', 'due', 'webhook_calls', 'tallies'].entries())
  test(`what is settled while the audit is at ${table} is of before for all of it`, async () => {
    const isHeld = Promise.withResolvers<void>();
    const isWaited = Promise.withResolvers<void>();
    const settling = queue.transact(async (tx) => {
      await tx.unsafe(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      isHeld.resolve();
      await isWaited.promise;
      await settle(tx, people[at + 1]!);
    });
    await isHeld.promise;
    const auditing = audit({ sql, queue: ours, clock }, scope);
    await until('the audit waits there', async () => {
      const waiting = await sql`
        SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return waiting.length > 0;
    });
    isWaited.resolve();
    await settling;
    for (const [settled, found] of [
      [at + 1, await auditing],
      [at + 2, await audit({ sql, queue: ours, clock }, scope)],
    ] as const) {
      assert.deepEqual(found.breaks, []);
      assert.ok(addsUp(found.counts));
      const { recipients, states, taken } = found.counts;
      assert.deepEqual(
        [recipients, states.queued, states.accepted, taken],
        [6, 6 - settled, settled, settled],
      );
    }
  });

test('in pieces it is all of it once, however short they are; of a contact only its own lane is read', async () => {
  let nowMs = 0;
  // Each look at it is ten seconds later: a lane is as much as a piece takes.
  const slow = { ...clock, monotonicMs: () => (nowMs += 10_000) };
  const pieces: Audit[] = [];
  for (let from: number | undefined = 0; from !== undefined; from = pieces.at(-1)!.nextLane)
    pieces.push(await audit({ sql, queue, clock: slow }, scope, from));
  assert.equal(pieces.length, queue.lanes().length);
  assert.ok(pieces.every(({ lanes }) => lanes === 1));
  const sum = (of: (one: Audit) => number) => pieces.reduce((n, one) => n + of(one), 0);
  assert.deepEqual([sum(({ counts }) => counts.recipients), sum(({ counts }) => counts.taken)], [6, 6]);
  const one = await audit({ sql, queue, clock: slow }, { ...scope, contactId: people[0]! });
  assert.deepEqual([one.lanes, one.nextLane, one.counts.recipients, one.breaks], [1, undefined, 1, []]);
});

test('counts that do not add up are no proof: whoever is missing, and whoever is there twice', async () => {
  const { counts } = await audit({ sql, queue: ours, clock }, scope);
  assert.ok(addsUp(counts));
  assert.equal(addsUp({ ...counts, recipients: counts.recipients + 1 }), false);
  assert.equal(
    addsUp({ ...counts, states: { ...counts.states, accepted: counts.states.accepted + 1 } }),
    false,
  );
  assert.ok(addsUp({ ...counts, messages: 1, erased: 1, states: { ...counts.states, held: 1, failed: 1 } }));
});
