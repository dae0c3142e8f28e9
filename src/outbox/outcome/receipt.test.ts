/** What providers say later: the furthest of several, whose it is, what it teaches, where the message goes next. On a real Postgres. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { testDatabase } from '../../../test/support/database.ts';
import { startOutbox, type OutboxRig } from '../../../test/support/outbox.ts';
import type { Receipt } from '../../channels/adapter.ts';
import type { Tx } from '../../db/pool.ts';
import { resolvePeople } from '../../contacts/resolve/resolve.ts';
import { callOffDeliveries } from '../../ledger/callOff.ts';
import { toRef } from '../../ledger/ref.ts';
import { sendOnward, triedFor } from '../../ledger/onward.ts';
import { STATE, stateName, type StateCode } from '../../ledger/states.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { deliveryHandler } from '../deliver/deliver.ts';
import { fallBack, unreadHandler } from './fallback.ts';
import { applyReceipts } from './receipt.ts';
import { tallyOf } from '../../ledger/tallies.ts';

const database = await testDatabase();
const { sql } = database;
let rig: OutboxRig;
before(async () => {
  rig = await startOutbox(database);
});
after(() => rig.stop());
// What one test leaves in the queue is not the next one's.
beforeEach(() => sql`DELETE FROM due`);

type Place = Awaited<ReturnType<OutboxRig['newPlace']>>;
const told = async (place: Place, receipts: readonly Receipt[], channel = 'sms') =>
  await rig.ctx.queue.transact((tx) =>
    applyReceipts(rig.deps, tx, { ...place.integration, channel }, receipts, rig.ctx.clock.nowMs()),
  );
const refOf = (contactId: number, causeId: number, seq = 0) => toRef({ contactId, causeId, seq });
const nameOf = async (causeId: number) => (await rig.standing(causeId)).map(({ state }) => stateName(state));
/** Blocks of a workspace's addresses. */
const blocks = async (workspaceId: number) =>
  await sql<
    { cause: string; address: string }[]
  >`SELECT cause, address FROM suppressions WHERE workspace_id = ${workspaceId} ORDER BY address`;

/** A message that its provider took. */
async function sent(place: Place, more = {}) {
  const [person] = await rig.newPeople(place.id, 1);
  const [causeId] = await rig.say(place.id, [{ contactId: person!.id, ...more }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person!.id));
  return { ...person!, causeId: causeId!, ref: refOf(person!.id, causeId!) };
}

/** A recipient of a run that its provider took. */
async function sentInRun(place: Place) {
  const [person] = await rig.newPeople(place.id, 1);
  const { runId } = await rig.run(place.id);
  await rig.fan(place.id, runId, [person!.id]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person!.id, runId));
  return { ...person!, runId, ref: refOf(person!.id, runId) };
}

const tallies = async (causeId: number) =>
  Object.fromEntries(
    (
      await sql<{ state: StateCode; n: number }[]>`
        SELECT state, sum(n)::bigint AS n FROM tallies WHERE cause_id = ${causeId} GROUP BY state HAVING sum(n) <> 0`
    ).map(({ state, n }) => [stateName(state), n]),
  );

test('of several receipts in one call the furthest holds, whatever their order', async () => {
  const place = await rig.newPlace();
  const ORDER: readonly Receipt['state'][] = ['accepted', 'failed', 'delivered', 'read'];
  for (const [i, lower] of ORDER.entries())
    for (const higher of ORDER.slice(i + 1))
      for (const states of [
        [lower, higher],
        [higher, lower],
      ]) {
        const one = await sent(place);
        await told(
          place,
          states.map((state) => ({ ref: one.ref, state })),
        );
        assert.deepEqual(await nameOf(one.causeId), [higher], states.join(' then '));
      }
});

test('a receipt of what went well writes no index; one of what went amiss makes it found', async () => {
  const place = await rig.newPlace();
  const [well, bad] = [await sent(place), await sentInRun(place)];
  const updates = async (tx: Tx) => {
    const [row] = await tx<{ all: number; hot: number }[]>`
      SELECT sum(pg_stat_get_xact_tuples_updated(inhrelid))::int AS all, sum(pg_stat_get_xact_tuples_hot_updated(inhrelid))::int AS hot
      FROM pg_inherits WHERE inhparent = 'deliveries'::regclass`;
    return row!;
  };
  const writes = (ref: string, state: Receipt['state']) =>
    rig.ctx.queue.transact(async (tx) => {
      // Counts are a backend's own, and go on over its transactions.
      const before = await updates(tx);
      await applyReceipts(rig.deps, tx, place.integration, [{ ref, state }], rig.ctx.clock.nowMs());
      const now = await updates(tx);
      return { all: now.all - before.all, hot: now.hot - before.hot };
    });
  assert.deepEqual(await writes(well.ref, 'delivered'), { all: 1, hot: 1 });
  assert.deepEqual(await writes(well.ref, 'read'), { all: 1, hot: 1 });
  assert.deepEqual(await writes(bad.ref, 'failed'), { all: 1, hot: 0 });
  const found =
    await sql`SELECT contact_id FROM deliveries WHERE cause_id = ${bad.runId} AND amiss IS NOT NULL`;
  assert.equal(found.length, 1);
});

test('receipts of one call after the other move only forward; a repeat changes nothing and tells nothing', async () => {
  const place = await rig.newPlace();
  const one = await sent(place);
  assert.deepEqual(await told(place, [{ ref: one.ref, state: 'delivered' }]), { changed: 1, unknown: 0 });
  const events = async () =>
    (await sql`SELECT 1 FROM feed WHERE type = 'delivery.changed' AND workspace_id = ${place.id}`).length;
  const before = await events();
  for (const state of ['delivered', 'accepted', 'failed'] as const)
    assert.deepEqual(await told(place, [{ ref: one.ref, state }]), { changed: 0, unknown: 0 });
  assert.equal(await events(), before);
  assert.deepEqual(await nameOf(one.causeId), ['delivered']);
  assert.deepEqual(await told(place, [{ ref: 'nothing', state: 'read' }, { state: 'read' }]), {
    changed: 0,
    unknown: 2,
  });
  await told(place, [{ ref: one.ref, state: 'read' }]);
  assert.deepEqual(await nameOf(one.causeId), ['read']);
  const twice = await sent(place);
  const failed = (code: string) => ({ ref: twice.ref, state: 'failed', code }) as const;
  await told(place, [failed('first'), failed('again')]);
  assert.equal((await rig.standing(twice.causeId))[0]!.code, 'first', 'in one call, too');
  assert.deepEqual(await tallies(one.causeId), {}, 'single messages are counted nowhere');
});

test('a receipt reaches nothing of another workspace: no delivery, no recipient of its run, no lesson', async () => {
  const [ours, theirs] = [await rig.newPlace(), await rig.newPlace()];
  const one = await sent(theirs);
  const bounced = { state: 'failed', class: 'recipient', code: '1' } as const;
  assert.equal((await told(ours, [{ ref: one.ref, ...bounced }])).changed, 0);
  assert.deepEqual(await nameOf(one.causeId), ['accepted']);
  const [person] = await rig.newPeople(theirs.id, 1);
  const { runId } = await rig.run(theirs.id);
  await rig.fan(theirs.id, runId, [person!.id]);
  assert.equal((await told(ours, [{ ref: refOf(person!.id, runId), state: 'delivered' }])).changed, 0);
  assert.deepEqual(await rig.standing(runId), []);
  await told(theirs, [{ ref: one.ref, state: 'delivered' }]);
  await told(ours, [{ ref: one.ref, ...bounced }]);
  const [{ code } = { code: 'none' }] = await sql<
    { code: string | null }[]
  >`SELECT code FROM deliveries WHERE cause_id = ${one.causeId}`;
  assert.equal(code, null);
  assert.deepEqual([...(await blocks(ours.id)), ...(await blocks(theirs.id))], []);
});

test('what a receipt teaches of an address: a stop, a dead one, also late; nothing of another address or another error', async () => {
  for (const late of [undefined, 'delivered', 'read'] as const) {
    const place = await rig.newPlace();
    const teach = async (receipt: Partial<Receipt>) => {
      const one = await sent(place);
      if (late) await told(place, [{ ref: one.ref, state: late }]);
      await told(place, [{ ref: one.ref, state: 'failed', code: 'c', ...receipt }]);
      return one;
    };
    await teach({ class: 'content' });
    await teach({ class: 'recipient', about: ['+15559999999'] });
    assert.deepEqual(await blocks(place.id), []);
    const stopped = await teach({ class: 'optout' });
    const dead = await teach({ class: 'recipient' });
    const named = await teach({ class: 'recipient' });
    const expected = [
      { cause: 'opted_out_sender', address: stopped.phone },
      { cause: 'dead', address: dead.phone },
      { cause: 'dead', address: named.phone },
    ].toSorted((a, b) => (a.address < b.address ? -1 : 1));
    assert.deepEqual(await blocks(place.id), expected, late ?? 'at once');
    assert.deepEqual(await nameOf(dead.causeId), [late ?? 'failed']);
  }
});

test('a run’s receipts are counted once: what it was is taken off what it is, early ones too', async () => {
  const place = await rig.newPlace();
  const one = await sentInRun(place);
  assert.deepEqual(await tallies(one.runId), { accepted: 1 });
  await told(place, [{ ref: one.ref, state: 'delivered' }]);
  await told(place, [{ ref: one.ref, state: 'delivered' }]);
  assert.deepEqual(await tallies(one.runId), { delivered: 1 });
  await told(place, [{ ref: one.ref, state: 'read' }]);
  assert.deepEqual(await tallies(one.runId), { read: 1 });
  const buckets = await sql<
    { bucket: number }[]
  >`SELECT DISTINCT bucket FROM tallies WHERE cause_id = ${one.runId}`;
  const { queue } = rig.ctx;
  assert.deepEqual(
    buckets,
    [{ bucket: queue.lanes()[queue.laneOf(one.id % 4096)]!.bucket }],
    'where its lane counts',
  );

  const [early] = await rig.newPeople(place.id, 1);
  const { runId } = await rig.run(place.id);
  await rig.fan(place.id, runId, [early!.id]);
  const batch = await rig.claim(early!.id, runId);
  assert.equal((await told(place, [{ ref: refOf(early!.id, runId), state: 'delivered' }])).changed, 1);
  assert.deepEqual(await tallies(runId), { delivered: 1 });
  rig.sink.calls.length = 0;
  await deliveryHandler(rig.deps, 10).handle(batch);
  assert.deepEqual(await tallies(runId), { delivered: 1 });
  assert.deepEqual(await nameOf(runId), ['delivered']);
});

test('tallies of changes: what it is more by, what it was less by, but for what was queued; nothing for what stays', () => {
  const change = (state: StateCode, priorState: StateCode | null) => ({
    contactId: 1,
    causeId: 9,
    seq: 0,
    state,
    priorState,
  });
  const accepted = [{ causeId: 9, atMs: 1, contactIds: [1, 2, 3] }];
  const { accepted: sentState, held, queued, delivered } = STATE;
  assert.deepEqual(tallyOf(5, [], accepted), [{ bucket: 5, causeId: 9, state: sentState, n: 3 }]);
  assert.deepEqual(tallyOf(5, [change(held, null), change(held, queued)]), [
    { bucket: 5, causeId: 9, state: held, n: 2 },
  ]);
  assert.deepEqual(tallyOf(5, [change(delivered, held)]), [
    { bucket: 5, causeId: 9, state: delivered, n: 1 },
    { bucket: 5, causeId: 9, state: held, n: -1 },
  ]);
  assert.deepEqual(tallyOf(5, [change(held, held), change(queued, queued)]), []);
});

test('called off: each recipient counts once, who has ended stays, held ones are told of', async () => {
  const place = await rig.newPlace();
  const people = await rig.newPeople(place.id, 4);
  const { runId } = await rig.run(place.id);
  const states = [STATE.held, STATE.delivered, STATE.unknown];
  for (const [at, state] of states.entries())
    await sql`INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, channel, code, state, state_ms)
      VALUES (${people[at]!.id % 4096}, ${people[at]!.id}, ${runId}, 0, ${place.id}, 2, 'sms', 'quiet_hours', ${state}, 1)`;
  const lane = rig.ctx.queue.lanes()[rig.ctx.queue.laneOf(people[0]!.id % 4096)]!;
  const rowsBefore = [{ state: STATE.held }, { state: STATE.delivered }, { state: STATE.unknown }];
  for (const { state } of rowsBefore)
    await sql`INSERT INTO tallies (bucket, cause_id, state, n) VALUES (${lane.bucket}, ${runId}, ${state}, 1)`;
  const keys = people.map(({ id }) => ({ contactId: id, causeId: runId, seq: 0 }));
  await sql`DELETE FROM feed`;
  await rig.ctx.queue.transact((tx) =>
    callOffDeliveries(rig.ctx.queue, tx, { runId, workspaceId: place.id }, lane.bucket, keys, 5),
  );
  assert.deepEqual(await tallies(runId), { canceled: 2, delivered: 1, unknown: 1 });
  const state = async (at: number) =>
    (await rig.standing(runId)).find(({ contactId }) => contactId === people[at]!.id)?.state;
  assert.deepEqual(
    [await state(0), await state(1), await state(2), await state(3)],
    [STATE.canceled, STATE.delivered, STATE.unknown, undefined],
  );
  const events = await sql<
    { payload: { changes: { from: number; to: number }[] } }[]
  >`SELECT payload FROM feed WHERE type = 'delivery.changed'`;
  assert.deepEqual(
    events.map(({ payload }) => payload.changes.map(({ from, to }) => [from, to])),
    [[[STATE.held, STATE.canceled]]],
  );
});

/** Somebody with a number and a mail address; the number goes first. */
async function reachableTwice(place: Place) {
  const [person] = await rig.newPeople(place.id, 1);
  await linkMail(place, person!.phone, `p${person!.id}@people.example`);
  return person!;
}

/** Links a mail address to whoever has a number. */
async function linkMail(place: Place, phone: string, address: string): Promise<void> {
  await rig.ctx.queue.transact((tx) =>
    resolvePeople(
      tx,
      rig.ctx.ids,
      rig.ctx.clock.nowMs(),
      [
        {
          workspaceId: place.id,
          identities: [
            { kind: 'phone', value: phone },
            { kind: 'email', value: address },
          ],
          destinations: [{ channel: 'email', integrationId: null, address }],
        },
      ],
      'first',
    ),
  );
}

async function withMail(settings: Record<string, unknown> = {}): Promise<Place> {
  const place = await rig.newPlace(settings);
  await sql`INSERT INTO integrations (id, workspace_id, provider, channel, name, settings, callback_key, created_ms, changed_ms)
    VALUES (${rig.ctx.ids.spread()}, ${place.id}, 'smtp', 'email', 'mail', '{}', 'key', 2, 2)`;
  rig.ctx.directory.forget(place.id);
  return place;
}

const moved = async (causeId: number) =>
  (await rig.standing(causeId)).map(({ seq, state, channel }) => [seq, stateName(state), channel]);

test('a failed message moves on once, to the next address, unless it names one, was read, or may still arrive', async () => {
  const place = await withMail();
  const say = async (more = {}) => {
    const person = await reachableTwice(place);
    const [causeId] = await rig.say(place.id, [{ contactId: person.id, ...more }]);
    await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
    return { ...person, causeId: causeId!, ref: refOf(person.id, causeId!) };
  };
  const fails = (ref: string) => told(place, [{ ref, state: 'failed', class: 'recipient', code: '1' }]);
  const one = await say();
  await fails(one.ref);
  await fails(one.ref);
  assert.deepEqual(await moved(one.causeId), [
    [0, 'failed', 'sms'],
    [1, 'queued', null],
  ]);
  assert.deepEqual(
    (await rig.due(one.causeId)).map(({ seq, kind }) => [seq, kind]),
    [[1, KIND.delivery]],
  );
  const fall = (contactId: number, causeId: number, seq = 0) =>
    rig.ctx.queue.transact((tx) =>
      fallBack(rig.deps, tx, rig.ctx.clock.nowMs(), [{ contactId, causeId, seq }]),
    );
  await linkMail(place, one.phone, `other${one.id}@people.example`);
  assert.equal(await fall(one.id, one.causeId), 0, 'the next may still arrive');
  await sql`DELETE FROM destinations WHERE contact_id = ${one.id} AND address LIKE 'other%'`;
  await sql`UPDATE deliveries SET state = ${STATE.failed}, code = 'x', channel = 'email', address = 'x@y.z' WHERE cause_id = ${one.causeId} AND seq = 1`;
  assert.equal(await fall(one.id, one.causeId, 1), 0, 'each address is tried once');

  const named = await say({ integrationId: place.integration.id });
  await fails(named.ref);
  assert.equal(await fall(named.id, named.causeId), 0);
  assert.deepEqual(await moved(named.causeId), [[0, 'failed', 'sms']]);

  const read = await say();
  await sql`INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, channel, state, state_ms, expires_ms)
    VALUES (${read.id % 4096}, ${read.id}, ${read.causeId}, 1, ${place.id}, 1, 'push', ${STATE.read}, 1, 9999999999999)`;
  await fails(read.ref);
  assert.deepEqual((await moved(read.causeId)).length, 2, 'it was read elsewhere');

  const devices = await say();
  await sql`INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, channel, code, state, state_ms, expires_ms, may_fall_back)
    VALUES (${devices.id % 4096}, ${devices.id}, ${devices.causeId}, 1, ${place.id}, 1, 'push', 'x', ${STATE.failed}, 1, 9999999999999, true)`;
  await fails(devices.ref);
  assert.deepEqual(
    (await moved(devices.causeId)).map(([seq, state]) => [seq, state]),
    [
      [0, 'failed'],
      [1, 'failed'],
      [2, 'queued'],
    ],
    'behind all there are, whichever of them fails last',
  );

  const switchedOff = await withMail({ fallback: { on: false } });
  const person = await reachableTwice(switchedOff);
  const [causeId] = await rig.say(switchedOff.id, [{ contactId: person.id }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
  await told(switchedOff, [
    { ref: refOf(person.id, causeId!), state: 'failed', class: 'recipient', code: '1' },
  ]);
  assert.deepEqual(await moved(causeId!), [[0, 'failed', 'sms']]);

  const again = await say();
  await rig.ctx.queue.transact((tx) =>
    resolvePeople(
      tx,
      rig.ctx.ids,
      rig.ctx.clock.nowMs(),
      [
        {
          workspaceId: place.id,
          identities: [{ kind: 'phone', value: again.phone }],
          destinations: [{ channel: 'sms', integrationId: place.integration.id, address: again.phone }],
        },
      ],
      'first',
    ),
  );
  await told(place, [{ ref: again.ref, state: 'failed', class: 'content', code: '1' }]);
  const [mail] = await sql<{ channel: string }[]>`
    SELECT w.channel FROM deliveries d JOIN destinations w ON w.bucket = d.bucket AND w.contact_id = d.contact_id AND w.id = d.destination_id
    WHERE d.cause_id = ${again.causeId} AND d.seq = 1`;
  assert.equal(mail!.channel, 'email', 'the same number by another integration is the same way');

  const blocked = await say();
  await sql`UPDATE destinations SET status = 'inactive' WHERE contact_id = ${blocked.id} AND channel = 'email'`;
  await fails(blocked.ref);
  assert.deepEqual(await moved(blocked.causeId), [[0, 'failed', 'sms']], 'where it may not go it does not');
});

test('who has read or answered is not written to elsewhere; who has not is, as far as the provider can tell', async () => {
  const place = await withMail({ fallback: { unreadAfterMs: 60_000 } });
  /** What is told of the message and its person, and whether it moves on when the time for reading is over. */
  const goesOn = async (
    spoil: (one: { id: number; causeId: number; ref: string }) => PromiseLike<unknown>,
  ) => {
    const person = await reachableTwice(place);
    const [causeId] = await rig.say(place.id, [{ contactId: person.id }]);
    const nowMs = rig.ctx.clock.nowMs();
    await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
    const [watch] = (await rig.due(causeId!)).filter(({ kind }) => kind === KIND.unread);
    assert.ok(watch!.dueMs >= nowMs + 60_000 && watch!.dueMs <= rig.ctx.clock.nowMs() + 60_000);
    await spoil({ id: person.id, causeId: causeId!, ref: refOf(person.id, causeId!) });
    await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${causeId!}`;
    const batch = await rig.claim(person.id, 0, { kind: KIND.unread });
    await unreadHandler(rig.deps).handle(batch);
    assert.equal((await rig.due(causeId!)).filter(({ kind }) => kind === KIND.unread).length, 0);
    const rows = await sql<{ holdsUp: boolean | null }[]>`
      SELECT may_fall_back AS "holdsUp" FROM deliveries WHERE cause_id = ${causeId!} ORDER BY seq`;
    if (rows.length === 2) assert.equal(rows[0]!.holdsUp, null, 'it does not keep the next from moving on');
    return rows.length === 2;
  };
  assert.equal(await goesOn(async () => {}), true, 'nothing was told');
  assert.equal(
    await goesOn(({ ref }) => told(place, [{ ref, state: 'delivered' }])),
    false,
    'delivered is the most that text messages tell',
  );
  assert.equal(await goesOn(({ ref }) => told(place, [{ ref, state: 'read' }])), false);
  assert.equal(
    await goesOn(
      ({ id }) =>
        sql`UPDATE conversations SET contact_read_ms = ${rig.ctx.clock.nowMs()} WHERE contact_id = ${id}`,
    ),
    false,
    'read or answered',
  );
  assert.equal(
    await goesOn(({ id }) => sql`UPDATE conversations SET contact_read_ms = 1 WHERE contact_id = ${id}`),
    true,
    'what was read before says nothing',
  );
  const third = await reachableTwice(place);
  await sql`INSERT INTO destinations (bucket, id, workspace_id, contact_id, channel, address, status, linked_ms, last_seen_ms)
    SELECT bucket, id + 1, workspace_id, contact_id, channel, ${`+1999${third.id % 10_000_000}`}, 'active', linked_ms, last_seen_ms
    FROM destinations WHERE contact_id = ${third.id} AND channel = 'sms'`;
  const [twice] = await rig.say(place.id, [{ contactId: third.id }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(third.id));
  await told(place, [{ ref: refOf(third.id, twice!), state: 'failed', class: 'content', code: '1' }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(third.id));
  await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${twice!} AND seq = 0`;
  await unreadHandler(rig.deps).handle(await rig.claim(third.id, 0, { kind: KIND.unread }));
  assert.deepEqual(await nameOf(twice!), ['failed', 'accepted'], 'each of its deliveries has its own time');
  const isWatched = async (at: Place, contactId: number) => {
    const [causeId] = await rig.say(at.id, [{ contactId }]);
    await deliveryHandler(rig.deps, 10).handle(await rig.claim(contactId));
    return (await rig.due(causeId!)).some(({ kind }) => kind === KIND.unread);
  };
  const [single] = await rig.newPeople(place.id, 1);
  assert.equal(await isWatched(place, single!.id), false, 'who has no other address is not watched');
  const off = await withMail({ fallback: { on: false, unreadAfterMs: 60_000 } });
  assert.equal(
    await isWatched(off, (await reachableTwice(off)).id),
    false,
    'nor who would not be tried there',
  );
});

test('a call that did not come about is made again so often, each so much later, and only then moves on', async () => {
  const place = await withMail({ redial: { times: 1, afterMs: 60_000 } });
  const person = await reachableTwice(place);
  const [causeId] = await rig.say(place.id, [{ contactId: person.id }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
  const busy = (seq: number) =>
    told(
      place,
      [{ ref: refOf(person.id, causeId!, seq), state: 'failed', class: 'transient', code: 'busy' }],
      'voice',
    );
  const fromMs = rig.ctx.clock.nowMs();
  await busy(0);
  assert.deepEqual(
    (await moved(causeId!)).map(([seq, state]) => [seq, state]),
    [
      [0, 'failed'],
      [1, 'queued'],
    ],
  );
  const [again] = await rig.due(causeId!);
  assert.ok(again!.dueMs >= fromMs + 60_000 && again!.dueMs < fromMs + 120_000);
  const [{ one, two } = { one: 0, two: 1 }] = await sql<{ one: number; two: number }[]>`
    SELECT min(destination_id) AS one, max(destination_id) AS two FROM deliveries WHERE cause_id = ${causeId!}`;
  assert.equal(one, two, 'the same number');
  await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${causeId!}`;
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
  await busy(1);
  const [, , third] = await sql<{ destinationId: number }[]>`
    SELECT destination_id AS "destinationId" FROM deliveries WHERE cause_id = ${causeId!} ORDER BY seq`;
  assert.notEqual(third!.destinationId, one, 'then by mail');
  await busy(2);
  const places = await sql<{ destinationId: number }[]>`
    SELECT destination_id AS "destinationId" FROM deliveries WHERE cause_id = ${causeId!} ORDER BY seq`;
  assert.deepEqual(
    places.map(({ destinationId }) => destinationId),
    [one, one, third!.destinationId, third!.destinationId],
    'calls to one number are not those to another',
  );
  const short = await rig.say(place.id, [
    { contactId: person.id, expiresMs: rig.ctx.clock.nowMs() + 50_000 },
  ]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
  await told(
    place,
    [{ ref: refOf(person.id, short[0]!), state: 'failed', class: 'transient', code: 'busy' }],
    'voice',
  );
  assert.ok(
    !(await rig.due(short[0]!)).some(({ dueMs }) => dueMs > rig.ctx.clock.nowMs() + 30_000),
    'not after its life',
  );
});

test('of two calls of one message that are told as missed at once each number is called again, once', async () => {
  const place = await withMail({ redial: { times: 1, afterMs: 60_000 } });
  const person = await reachableTwice(place);
  const [causeId] = await rig.say(place.id, [{ contactId: person.id }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
  // It was moved on from the first, unread, and both may still arrive.
  const [own] = await triedFor(sql, [{ contactId: person.id, causeId: causeId! }]);
  const [other] = await sql<{ id: number }[]>`
    SELECT id FROM destinations WHERE contact_id = ${person.id} AND id <> ${own!.destinationId}`;
  const { expiresMs, stateMs: atMs } = own!;
  const onward = {
    ...own!,
    seq: 1,
    destinationId: other!.id,
    integrationId: null,
    mayFallBack: false,
    trail: '[]',
  };
  await rig.deps.queue.transact((tx) =>
    sendOnward(rig.deps.queue, tx, [{ ...onward, expiresMs: expiresMs!, atMs }], 1),
  );
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
  const busy = (seq: number) =>
    ({ ref: refOf(person.id, causeId!, seq), state: 'failed', class: 'transient', code: 'busy' }) as const;
  await told(place, [busy(0), busy(1), busy(0)], 'voice');
  const rows = await sql<{ seq: number; destinationId: number }[]>`
    SELECT seq, destination_id AS "destinationId" FROM deliveries WHERE cause_id = ${causeId!} ORDER BY seq`;
  const [first, second] = rows.map(({ destinationId }) => destinationId);
  assert.notEqual(first, second);
  assert.deepEqual(
    rows.map(({ destinationId }) => destinationId),
    [first, second, first, second],
  );
});

test('a message does not move on to what nothing here can send to', async () => {
  const place = await rig.newPlace();
  const person = await reachableTwice(place);
  const [causeId] = await rig.say(place.id, [{ contactId: person.id }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(person.id));
  await told(place, [{ ref: refOf(person.id, causeId!), state: 'failed', class: 'content', code: '1' }]);
  assert.deepEqual(await moved(causeId!), [[0, 'failed', 'sms']]);
});

test('words of one’s own do not move on to WhatsApp where nobody has written for a day', async () => {
  const place = await rig.newPlace();
  await sql`INSERT INTO integrations (id, workspace_id, provider, channel, name, settings, callback_key, created_ms, changed_ms)
    VALUES (${rig.ctx.ids.spread()}, ${place.id}, 'whatsapp', 'whatsapp', 'WhatsApp', '{}', 'key', 2, 2)`;
  rig.ctx.directory.forget(place.id);
  for (const lastInboundMs of [null, rig.ctx.clock.nowMs()]) {
    const one = await sent(place);
    await sql`INSERT INTO destinations (bucket, id, workspace_id, contact_id, channel, address, status, linked_ms, last_seen_ms, last_inbound_ms)
      SELECT bucket, id + 1, workspace_id, contact_id, 'whatsapp', address, 'active', linked_ms, last_seen_ms, ${lastInboundMs}::bigint
      FROM destinations WHERE contact_id = ${one.id}`;
    await told(place, [{ ref: one.ref, state: 'failed', class: 'recipient', code: '1' }]);
    assert.equal((await moved(one.causeId)).length, lastInboundMs === null ? 1 : 2);
  }
});

test('only calls are made again, and only those that may come about', async () => {
  const place = await withMail({ redial: { times: 1, afterMs: 60_000 } });
  for (const [channel, errorClass, isEarly] of [
    ['sms', 'transient', false],
    ['sms', 'transient', true],
    ['voice', 'recipient', false],
  ] as const) {
    const person = await reachableTwice(place);
    const [causeId] = await rig.say(place.id, [{ contactId: person.id }]);
    const batch = await rig.claim(person.id);
    const ref = refOf(person.id, causeId!);
    const tell = () => told(place, [{ ref, state: 'failed', class: errorClass, code: 'x' }], channel);
    // Told before what was sent is settled, what follows is done by whoever settles it.
    if (isEarly) await tell();
    await deliveryHandler(rig.deps, 10).handle(batch);
    if (!isEarly) await tell();
    const [first, next] = await sql<{ destinationId: number }[]>`
      SELECT destination_id AS "destinationId" FROM deliveries WHERE cause_id = ${causeId!} ORDER BY seq`;
    assert.notEqual(next!.destinationId, first!.destinationId, channel);
  }
});
