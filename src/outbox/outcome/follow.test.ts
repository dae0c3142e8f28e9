/** What follows from a batch that is settled: what is learned, counted, told and sent next; and nothing once the lane has another owner. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { testDatabase } from '../../../test/support/database.ts';
import { newIntegration } from '../../../test/support/messages.ts';
import { startOutbox, type OutboxRig } from '../../../test/support/outbox.ts';
import { until } from '../../../test/support/until.ts';
import type { Outcome } from '../../channels/adapter.ts';
import { blocksOf } from '../../contacts/consent/blocks.ts';
import { erasePerson } from '../../people/people.ts';
import { followDestinations } from '../../ledger/deliveries.ts';
import { takeRoom } from '../../ledger/caps.ts';
import { sendOnward } from '../../ledger/onward.ts';
import { toRef } from '../../ledger/ref.ts';
import { STATE } from '../../ledger/states.ts';
import type { Batch } from '../../queue/work/work.ts';
import { prepare } from '../deliver/prepare.ts';
import { decideOutcome, decideSpread, decideVerdict, type Subject } from './decide.ts';
import { applyReceipts } from './receipt.ts';
import { learnNow } from './learn.ts';
import { writeDecisions } from './write.ts';

const database = await testDatabase();
const { sql } = database;
let rig: OutboxRig;
before(async () => {
  rig = await startOutbox(database);
});
after(() => rig.stop());
beforeEach(() => sql`DELETE FROM due`);

const ACCEPTED: Outcome = { kind: 'accepted', externalIds: ['SM1'], receipts: true };
const STOPPED: Outcome = { kind: 'refused', code: '21610', class: 'optout', detail: 'stop' };
const DEFERRED: Outcome = { kind: 'deferred', code: '500', class: 'transient', detail: '' };

/** Settles a batch as if every call had come to this; false: its lane is another's. */
async function settleAs(batch: Batch, outcome: Outcome, more: Partial<Subject> = {}): Promise<boolean> {
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  return await answered(
    batch,
    ready.map(({ subject }) => ({ ...subject, ...more })),
    outcome,
    nowMs,
  );
}

/** What was ready to go has had its answer; whether it was written. */
async function answered(
  batch: Batch,
  subjects: readonly Subject[],
  outcome: Outcome,
  nowMs: number,
): Promise<boolean> {
  const decisions = subjects.map((subject) => decideOutcome(subject, outcome, nowMs, 0.5));
  const outcomes = [{ batch, decisions, landed: true }];
  return (await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, outcomes))).has(batch);
}

const tallied = async (causeId: number) =>
  await sql<{ state: number; n: number }[]>`
    SELECT state, sum(n)::bigint AS n FROM tallies WHERE cause_id = ${causeId} GROUP BY state HAVING sum(n) <> 0 ORDER BY state`;

test('nothing stands that is written for a lane with another owner', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const [said] = await rig.say(workspaceId, [{ contactId: ann!.id }]);
  const batch = await rig.claim(ann!.id);
  await sql`UPDATE lanes SET epoch = epoch + 1 WHERE lane = ${batch.lane.lane}`;
  assert.equal(await settleAs(batch, ACCEPTED), false);
  assert.deepEqual(
    (await rig.standing(said!)).map(({ state }) => state),
    [STATE.queued],
  );
  assert.equal((await rig.due(said!)).length, 1);
  await settleAs(await rig.claim(ann!.id), ACCEPTED);
  assert.deepEqual(
    (await rig.standing(said!)).map(({ state }) => state),
    [STATE.accepted],
  );
  assert.deepEqual(await tallied(said!), [], 'single messages are counted nowhere');
});

test('what a refusal says of an address is learned with it', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  await rig.say(workspaceId, [{ contactId: ann!.id }]);
  await settleAs(await rig.claim(ann!.id), STOPPED);
  const learned = await sql<{ cause: string; address: string }[]>`
    SELECT cause, address FROM suppressions WHERE workspace_id = ${workspaceId}`;
  assert.deepEqual(learned, [{ cause: 'opted_out_sender', address: ann!.phone }]);
});

test('what is learned is of its workspace’s clock, whether it is told with the answer or before it', async () => {
  const place = await rig.newPlace();
  await sql`UPDATE workspaces SET environment = 'test', clock_ahead_ms = 3600000 WHERE id = ${place.id}`;
  rig.ctx.directory.forget(place.id);
  for (const [outcome, early] of [
    [STOPPED, undefined],
    [ACCEPTED, { state: 'failed', class: 'optout', code: '21610' }],
  ] as const) {
    const [ann] = await rig.newPeople(place.id, 1);
    const [said] = await rig.say(place.id, [{ contactId: ann!.id, aheadMs: 3_600_000 }]);
    const batch = await rig.claim(ann!.id);
    const fromMs = rig.ctx.clock.nowMs() + 3_600_000;
    const { ready } = await prepare(rig.deps, batch, fromMs - 3_600_000);
    const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
    if (early)
      await rig.ctx.queue.transact((tx) =>
        applyReceipts(rig.deps, tx, place.integration, [{ ref, ...early }], fromMs),
      );
    const decisions = ready.map(({ subject }) => decideOutcome(subject, outcome, fromMs - 3_600_000, 0.5));
    await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
    const logged = await sql<{ atMs: number }[]>`
      SELECT at_ms AS "atMs" FROM consent_log WHERE contact_id = ${ann!.id} ORDER BY id DESC LIMIT 1`;
    assert.ok(logged[0]!.atMs >= fromMs && logged[0]!.atMs < fromMs + 1_800_000, outcome.kind);
  }
});

test('a broadcast does not move on; a retried delivery keeps its tries and its trail, and is counted once', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const { runId } = await rig.run(workspaceId, { class: 'transactional' });
  await rig.fan(workspaceId, runId, [ann!.id]);
  await settleAs(await rig.claim(ann!.id, runId), DEFERRED);
  assert.deepEqual(await tallied(runId), [{ state: STATE.held, n: 1 }]);
  await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${runId}`;
  await settleAs(await rig.claim(ann!.id, runId), ACCEPTED);
  assert.deepEqual(await tallied(runId), [{ state: STATE.accepted, n: 1 }]);
  const [row] = await sql<
    { attempts: number; trail: unknown[] }[]
  >`SELECT attempts, trail FROM deliveries WHERE cause_id = ${runId}`;
  assert.deepEqual([row!.attempts, row!.trail.length], [2, 1]);

  const failing = await rig.run(workspaceId, { class: 'transactional' });
  await rig.fan(workspaceId, failing.runId, [ann!.id]);
  await sql`UPDATE destinations SET integration_id = NULL WHERE contact_id = ${ann!.id}`;
  await settleAs(await rig.claim(ann!.id, failing.runId), STOPPED, { mayFallBack: true });
  assert.equal((await rig.standing(failing.runId)).length, 1);
  assert.deepEqual(await tallied(failing.runId), [{ state: STATE.failed, n: 1 }]);
});

test('what a receipt has moved on does not move on a second time when it is settled', async () => {
  const place = await rig.newPlace();
  const [ann] = await rig.newPeople(place.id, 1);
  const [said] = await rig.say(place.id, [{ contactId: ann!.id }]);
  // What its provider tries at an address stays there, so that it is known where it went.
  await settleAs(await rig.claim(ann!.id), { ...DEFERRED, class: 'provider_retrying' });
  await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${said!}`;
  const batch = await rig.claim(ann!.id);
  const refused: Outcome = { ...STOPPED, class: 'content' };
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
  await rig.ctx.queue.transact((tx) =>
    applyReceipts(rig.deps, tx, place.integration, [{ ref, state: 'failed', code: 'x' }], nowMs),
  );
  // Another address since then: a second look would find it.
  await sql`INSERT INTO destinations (bucket, id, workspace_id, contact_id, channel, integration_id, address, status, linked_ms, last_seen_ms)
    SELECT bucket, id + 1, workspace_id, contact_id, channel, integration_id, '+15557654321', 'active', linked_ms, last_seen_ms FROM destinations
    WHERE contact_id = ${ann!.id}`;
  const decisions = ready.map(({ subject }) => decideOutcome(subject, refused, nowMs, 0.5));
  assert.equal(decisions[0]!.moveOn, true);
  await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
  assert.equal((await rig.standing(said!)).length, 1);
});

test('a call that was missed before it was answered is made again once, whoever asks for it', async () => {
  const place = await rig.newPlace({ redial: { times: 3, afterMs: 60_000 } });
  const [ann] = await rig.newPeople(place.id, 1);
  const [number] = await sql<{ id: number }[]>`SELECT id FROM destinations WHERE contact_id = ${ann!.id}`;
  const [said] = await rig.say(place.id, [{ contactId: ann!.id, destinationId: number!.id }]);
  const batch = await rig.claim(ann!.id);
  const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  const busy = { ref, state: 'failed', class: 'transient', code: 'busy' } as const;
  await rig.ctx.queue.transact((tx) =>
    applyReceipts(rig.deps, tx, { ...place.integration, channel: 'voice' }, [busy], nowMs),
  );
  assert.equal((await rig.standing(said!)).length, 2);
  const decisions = ready.map(({ subject }) =>
    decideOutcome({ ...subject, channel: 'voice' }, ACCEPTED, nowMs, 0.5),
  );
  await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
  assert.deepEqual(
    (await rig.standing(said!)).map(({ seq, state }) => [seq, state]),
    [
      [0, STATE.failed],
      [1, STATE.queued],
    ],
  );
});

test('what a receipt brought stays, whatever is settled after it', async () => {
  const place = await rig.newPlace();
  const [ann] = await rig.newPeople(place.id, 1);
  const [said] = await rig.say(place.id, [{ contactId: ann!.id }]);
  const batch = await rig.claim(ann!.id);
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
  const receipt = { ref, state: 'delivered', externalId: 'SM7' } as const;
  await rig.ctx.queue.transact((tx) => applyReceipts(rig.deps, tx, place.integration, [receipt], nowMs));
  const lost: Outcome = { kind: 'unclear', code: 'timeout', detail: '' };
  await answered(
    batch,
    ready.map(({ subject }) => subject),
    lost,
    nowMs,
  );
  const rows = await sql<{ state: number; ids: string[]; sentMs: number; address: string }[]>`
    SELECT state, external_ids AS ids, sent_ms AS "sentMs", address FROM deliveries WHERE cause_id = ${said!}`;
  assert.deepEqual(rows, [{ state: STATE.delivered, ids: ['SM7'], sentMs: nowMs, address: ann!.phone }]);
});

/** Holds what was claimed, as for quiet hours, and lets it be due again. */
async function hold(batch: Batch): Promise<void> {
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  const verdict = { verdict: 'hold', untilMs: nowMs, code: 'quiet_hours', also: [] } as const;
  const decisions = ready.map(({ subject }) => decideVerdict(subject, verdict, '', nowMs));
  await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
}

/** Another number in place of the one that somebody has. */
async function replaceNumber(contactId: number, number: string): Promise<void> {
  await sql`UPDATE destinations SET id = id + 1, address = ${number} WHERE contact_id = ${contactId}`;
}

const blockedIn = async (workspaceId: number) =>
  await sql<{ cause: string; address: string }[]>`
    SELECT cause, address FROM suppressions WHERE workspace_id = ${workspaceId}`;

test('told as failed and then as delivered before its call was answered: nothing is learned of the address, and it moves on nowhere', async () => {
  const place = await rig.newPlace();
  const [ann] = await rig.newPeople(place.id, 1);
  const [said] = await rig.say(place.id, [{ contactId: ann!.id }]);
  const batch = await rig.claim(ann!.id);
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  await sql`INSERT INTO destinations (bucket, id, workspace_id, contact_id, channel, integration_id, address, status, linked_ms, last_seen_ms)
    SELECT bucket, id + 1, workspace_id, contact_id, channel, integration_id, '+15557654322', 'active', linked_ms, last_seen_ms FROM destinations
    WHERE contact_id = ${ann!.id}`;
  const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
  for (const receipt of [
    { ref, state: 'failed', class: 'recipient', code: '30005' },
    { ref, state: 'delivered' },
  ] as const)
    await rig.ctx.queue.transact((tx) => applyReceipts(rig.deps, tx, place.integration, [receipt], nowMs));
  await answered(
    batch,
    ready.map(({ subject }) => subject),
    ACCEPTED,
    nowMs,
  );
  assert.deepEqual(await blockedIn(place.id), []);
  assert.equal((await rig.standing(said!)).length, 1);
});

for (const [what, wait] of [
  ['held', hold],
  ['put off by its provider', (batch: Batch) => settleAs(batch, DEFERRED)],
] as const)
  test(`what was ${what} goes to the address that its person has by then; a failure told before it is settled is learned of that one`, async () => {
    const place = await rig.newPlace();
    const [ann] = await rig.newPeople(place.id, 1);
    const [said] = await rig.say(place.id, [{ contactId: ann!.id }]);
    await wait(await rig.claim(ann!.id));
    const number = `+1555${what.length}${ann!.phone.slice(-6)}`;
    await replaceNumber(ann!.id, number);
    await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${said!}`;
    const batch = await rig.claim(ann!.id);
    const nowMs = rig.ctx.clock.nowMs();
    const { ready } = await prepare(rig.deps, batch, nowMs);
    assert.deepEqual(
      ready.map(({ outgoing }) => outgoing.to),
      [number],
    );
    const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
    const dead = { ref, state: 'failed', class: 'recipient', code: '30005' } as const;
    await rig.ctx.queue.transact((tx) => applyReceipts(rig.deps, tx, place.integration, [dead], nowMs));
    assert.deepEqual(await blockedIn(place.id), [], 'nobody knows yet where it went');
    await answered(
      batch,
      ready.map(({ subject }) => subject),
      ACCEPTED,
      nowMs,
    );
    assert.deepEqual(await blockedIn(place.id), [{ cause: 'dead', address: number }]);
  });

test('whoever had it when it failed died before writing where it went: that is learned where it was held before, too', async () => {
  const place = await rig.newPlace();
  const [ann] = await rig.newPeople(place.id, 1);
  const [said] = await rig.say(place.id, [{ contactId: ann!.id }]);
  await hold(await rig.claim(ann!.id));
  const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
  const dead = { ref, state: 'failed', class: 'recipient', code: '30005' } as const;
  const nowMs = rig.ctx.clock.nowMs();
  await rig.ctx.queue.transact((tx) => applyReceipts(rig.deps, tx, place.integration, [dead], nowMs));
  await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${said!}`;
  const batch = await rig.claim(ann!.id);
  const { ready, decided: decisions } = await prepare(rig.deps, batch, nowMs);
  assert.equal(ready.length, 0, 'it is not sent again');
  await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
  assert.deepEqual(await blockedIn(place.id), [{ cause: 'dead', address: ann!.phone }]);
});

test('what was held and named nothing goes on whatever channel its person is reached by then; what named one, on that', async () => {
  const place = await rig.newPlace();
  const host = { host: '127.0.0.1', port: 9, from: 'shop@shop.example' };
  await newIntegration(rig.ctx, place.id, 'smtp', host);
  const people = await rig.newPeople(place.id, 2);
  const [free, named] = people as [(typeof people)[0], (typeof people)[0]];
  await rig.say(place.id, [{ contactId: free.id }, { contactId: named.id, channel: 'sms' }]);
  const batch = await rig.claim(free.id);
  assert.equal(batch.items.length, 2);
  await hold(batch);
  await sql`UPDATE destinations SET id = id + 1, channel = 'email', address = 'a' || id || '@people.example', integration_id = NULL
    WHERE contact_id = ANY(${[free.id, named.id]}::bigint[])`;
  await sql`UPDATE due SET due_ms = 1 WHERE owner_id = ANY(${[free.id, named.id]}::bigint[])`;
  const { ready, decided } = await prepare(rig.deps, await rig.claim(free.id), rig.ctx.clock.nowMs());
  assert.deepEqual(
    ready.map(({ subject }) => [subject.item.ownerId, subject.channel]),
    [[free.id, 'email']],
  );
  assert.deepEqual(
    decided.map(({ item, row }) => [item.ownerId, row?.code]),
    [[named.id, 'no_destination']],
  );
});

test('what waits to be sent follows its person to another address; what was sent stays where it went', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const [{ fromId } = { fromId: 0 }] = await sql<{ fromId: number }[]>`
    SELECT id AS "fromId" FROM destinations WHERE contact_id = ${ann!.id}`;
  const [sent] = await rig.say(workspaceId, [{ contactId: ann!.id, destinationId: fromId }]);
  await settleAs(await rig.claim(ann!.id), ACCEPTED);
  const [waits] = await rig.say(workspaceId, [{ contactId: ann!.id, destinationId: fromId }]);
  const move = { contactId: ann!.id, fromId, toId: fromId + 1 };
  await rig.ctx.queue.transact((tx) => followDestinations(tx, [move]));
  const rows = await sql<{ id: number; at: number }[]>`
    SELECT cause_id AS id, destination_id AS at FROM deliveries WHERE contact_id = ${ann!.id} ORDER BY cause_id`;
  assert.deepEqual(rows, [
    { id: sent!, at: fromId },
    { id: waits!, at: fromId + 1 },
  ]);
});

test('who takes room under a cap waits for whoever is changing it, and sees what came of that', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const nowMs = rig.ctx.clock.nowMs();
  const cap = { most: 1, perMs: 3_600_000 };
  const take = (causeId: number) =>
    takeRoom(sql, [{ contactId: ann!.id, causeId, cap, nowMs, capSetMs: 0 }], nowMs);
  await rig.say(workspaceId, [{ contactId: ann!.id }]);
  await settleAs(await rig.claim(ann!.id), ACCEPTED);
  assert.equal((await take(1)).size, 0, 'what is transactional takes none');
  assert.equal((await take(2)).size, 1, 'it is full');
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const givesBack = sql.begin(async (tx) => {
    await tx`UPDATE caps SET at_ms = '{}', cause_ids = '{}' WHERE contact_id = ${ann!.id}`;
    begin();
    await released;
  });
  await begun;
  const taking = take(2);
  await until('it waits', async () => {
    const waiting = await sql`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return waiting.length > 0;
  });
  release();
  await givesBack;
  assert.equal((await taking).size, 0);
});

test('a further delivery that is there already stays where it goes', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const [said] = await rig.say(workspaceId, [{ contactId: ann!.id }]);
  const next = (destinationId: number) => ({
    contactId: ann!.id,
    causeId: said!,
    seq: 1,
    workspaceId,
    class: 'transactional' as const,
    destinationId,
    expiresMs: null,
    mayFallBack: true,
    trail: null,
    atMs: 1,
    stream: 0,
  });
  for (const destinationId of [31, 32])
    await rig.ctx.queue.transact((tx) => sendOnward(rig.ctx.queue, tx, [next(destinationId)], 9e12));
  const rows = await sql<{ at: number }[]>`
    SELECT destination_id AS at FROM deliveries WHERE cause_id = ${said!} AND seq = 1`;
  assert.deepEqual(rows, [{ at: 31 }]);
});

test('what was told too early of somebody who is erased by now is learned, and names them nowhere', async () => {
  const place = await rig.newPlace();
  const [ann] = await rig.newPeople(place.id, 1);
  const [said] = await rig.say(place.id, [{ contactId: ann!.id }]);
  const batch = await rig.claim(ann!.id);
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  const ref = toRef({ contactId: ann!.id, causeId: said!, seq: 0 });
  const dead = { ref, state: 'failed', class: 'recipient', code: '30005' } as const;
  await rig.ctx.queue.transact((tx) => applyReceipts(rig.deps, tx, place.integration, [dead], nowMs));
  const whom = { workspaceId: place.id, contactId: ann!.id, atMs: nowMs };
  await rig.ctx.queue.transact((tx) => erasePerson(rig.ctx, tx, { ...whom, afterCommit: (run) => run() }));
  await answered(
    batch,
    ready.map(({ subject }) => subject),
    ACCEPTED,
    nowMs,
  );
  const learned = await sql<{ cause: string; address: string | null }[]>`
    SELECT cause, address FROM suppressions WHERE workspace_id = ${place.id}`;
  assert.deepEqual(learned, [{ cause: 'dead', address: null }]);
});

test('what a provider calls somebody who is erased by now is kept nowhere', async () => {
  const place = await rig.newPlace();
  const people = await rig.newPeople(place.id, 2);
  await rig.say(
    place.id,
    people.map(({ id }) => ({ contactId: id })),
  );
  const nowMs = rig.ctx.clock.nowMs();
  const batch = await rig.claim(people[0]!.id);
  const { ready } = await prepare(rig.deps, batch, nowMs);
  const whom = { workspaceId: place.id, contactId: people[0]!.id, atMs: nowMs };
  await rig.ctx.queue.transact((tx) => erasePerson(rig.ctx, tx, { ...whom, afterCommit: (run) => run() }));
  const known = { ...ACCEPTED, knownAs: `+5255${people[0]!.phone.slice(-8)}` };
  const decisions = ready.map(({ subject }, at) => {
    const knownAs = `${known.knownAs.slice(0, -1)}${at}`;
    return decideOutcome(subject, { ...known, knownAs }, nowMs, 0.5);
  });
  await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
  const kept = await sql<{ id: number }[]>`
    SELECT contact_id AS id FROM address_spellings WHERE workspace_id = ${place.id}`;
  assert.deepEqual(
    kept.map(({ id }) => id),
    [people[1]!.id],
  );
});

test('who is erased stays blocked however the address is spelled, and is named by none of the spellings', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const at = { workspaceId, contactId: ann!.id, destinationId: null, integrationId: null, code: 'gone' };
  const spelled = [
    ['email', 'Ann.Lee@Shop.Example', 'ANN.LEE@shop.example'],
    ['sms', '+5215512345678', '+525512345678'],
    ['whatsapp', '+541155551234', '+5491155551234'],
  ] as const;
  for (const [channel, told, asked] of spelled) {
    const lesson = { ...at, channel, dead: true, isOfErased: true };
    const learn = (address: string) =>
      rig.ctx.queue.transact((tx) => learnNow(rig.deps, tx, [{ ...lesson, address }], rig.ctx.clock.nowMs()));
    await learn(told);
    for (const address of [told, asked])
      assert.equal((await blocksOf(sql, [{ workspaceId, channel, address }])).size, 1, address);
    await learn(asked);
  }
  const rows = await sql<{ address: string | null }[]>`
    SELECT address FROM suppressions WHERE workspace_id = ${workspaceId}`;
  assert.deepEqual(
    rows.map(({ address }) => address),
    [null, null, null],
    'one for each, however often it is said',
  );
});

test('of single messages each person’s is told apart; how many texts one took is told afterwards where its receipt came first', async () => {
  const place = await rig.newPlace();
  const people = await rig.newPeople(place.id, 2);
  const told = async () =>
    (
      await sql<{ payload: { changes: { contactId: number }[]; late?: object } }[]>`
        SELECT payload FROM feed WHERE type = 'delivery.changed' AND workspace_id = ${place.id} ORDER BY id`
    ).map(({ payload }) => payload);
  await rig.say(
    place.id,
    people.map(({ id }) => ({ contactId: id })),
  );
  await settleAs(await rig.claim(people[0]!.id), ACCEPTED);
  assert.deepEqual(
    new Set((await told()).map(({ changes }) => changes.map(({ contactId }) => contactId).join())),
    new Set(people.map(({ id }) => String(id))),
  );
  for (const attempt of [0, 1]) {
    const [ann] = people;
    const [said] = await rig.say(place.id, [{ contactId: ann!.id }]);
    const batch = await rig.claim(ann!.id);
    const { ready } = await prepare(rig.deps, batch, rig.ctx.clock.nowMs());
    const there = { ref: toRef({ contactId: ann!.id, causeId: said!, seq: 0 }), state: 'delivered' } as const;
    const nowMs = rig.ctx.clock.nowMs();
    await rig.ctx.queue.transact((tx) => applyReceipts(rig.deps, tx, place.integration, [there], nowMs));
    const decisions = ready.map(({ subject }) => {
      const item = { ...subject.item, attempt };
      return decideOutcome({ ...subject, item, segments: 3 }, ACCEPTED, nowMs, 0.5);
    });
    await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
    const late = (await told()).flatMap((event) => event.late ?? []);
    assert.deepEqual(
      late.map((one) => ({ ...one, atMs: 0 })),
      late
        .slice(0, 1)
        .map(() => ({ atMs: 0, extraSegments: 2, causeId: (late[0] as { causeId: number }).causeId })),
    );
    assert.equal(late.length, 1, 'of one that was tried before its receipt said so');
  }
});

test('what stays as it is is not told again; a delivery for each device of a run leaves its count of people as it is', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  await rig.say(workspaceId, [{ contactId: ann!.id }]);
  const events = async () =>
    (await sql`SELECT 1 FROM feed WHERE workspace_id = ${workspaceId} AND type = 'delivery.changed'`).length;
  for (let i = 0; i < 2; i++) {
    await settleAs(await rig.claim(ann!.id), DEFERRED);
    await sql`UPDATE due SET due_ms = 1`;
  }
  assert.equal(await events(), 1);

  const { runId } = await rig.run(workspaceId, { class: 'transactional' });
  await rig.fan(workspaceId, runId, [ann!.id]);
  const batch = await rig.claim(ann!.id, runId);
  const nowMs = rig.ctx.clock.nowMs();
  const { subject } = (await prepare(rig.deps, batch, nowMs)).ready[0]!;
  const device = subject.destination!;
  const decision = decideSpread(
    subject,
    [device, { ...device, destinationId: device.destinationId + 1 }],
    nowMs,
  );
  await rig.ctx.queue.transact((tx) =>
    writeDecisions(rig.deps, tx, [{ batch, decisions: [decision], landed: true }]),
  );
  assert.deepEqual(
    (await rig.due(runId)).map(({ seq }) => seq),
    [0, 1],
  );
  assert.deepEqual(await tallied(runId), [{ state: STATE.queued, n: -1 }]);
});

test('what was refused gives its room under the cap back: of each message to one person, and of one of which a merge made two marks', async () => {
  const { id: workspaceId } = await rig.newPlace({ frequencyCap: { most: 3, perHours: 1 } });
  const [ann] = await rig.newPeople(workspaceId, 1);
  await rig.say(workspaceId, [
    { contactId: ann!.id, class: 'marketing' },
    { contactId: ann!.id, class: 'marketing' },
  ]);
  const marks = async () =>
    (await sql<{ n: number }[]>`SELECT cardinality(at_ms) AS n FROM caps WHERE contact_id = ${ann!.id}`)[0]
      ?.n;
  const batch = await rig.claim(ann!.id);
  const nowMs = rig.ctx.clock.nowMs();
  const { ready } = await prepare(rig.deps, batch, nowMs);
  assert.equal(await marks(), 2);
  await sql`UPDATE caps SET at_ms = at_ms || at_ms[1], cause_ids = cause_ids || cause_ids[1] WHERE contact_id = ${ann!.id}`;
  const decisions = ready.map(({ subject }) => decideOutcome(subject, STOPPED, nowMs, 0.5));
  await rig.ctx.queue.transact((tx) => writeDecisions(rig.deps, tx, [{ batch, decisions, landed: true }]));
  assert.equal(await marks(), 0);
});
