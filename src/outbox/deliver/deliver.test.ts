/** Delivering, batch by batch: order, what is not begun, what is put off, what a dead worker left. On a real Postgres and a real socket. */
import { updateWorkspace } from '../../accounts/workspaces.ts';
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { testDatabase } from '../../../test/support/database.ts';
import { startOutbox, type OutboxRig } from '../../../test/support/outbox.ts';
import { until } from '../../../test/support/until.ts';
import { newTwilio } from '../../../test/support/world.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Outcome } from '../../channels/adapter.ts';
import { toRef } from '../../ledger/ref.ts';
import { STATE } from '../../ledger/states.ts';
import type { FeedEvent } from '../../queue/feed/reader.ts';
import { applyReceipts } from '../outcome/receipt.ts';
import { spreadOf } from '../outcome/retry.ts';
import { selectMailsAt } from '../sql.ts';
import { createCollector } from './collector.ts';
import { deliveryHandler } from './deliver.ts';
import { prepare } from './prepare.ts';
import { beginSending } from './send.ts';
import { typingReader } from './typing.ts';

const database = await testDatabase();
const { sql } = database;
let rig: OutboxRig;
before(async () => {
  rig = await startOutbox(database);
});
after(() => rig.stop());
// What one test leaves in the queue is not the next one's.
beforeEach(() => sql`DELETE FROM due`);

const FAILED: Outcome = { kind: 'deferred', class: 'transient', code: '500', detail: '' };
const ACCEPTED: Outcome = { kind: 'accepted', externalIds: ['SM1'], receipts: true };
const bodies = () => rig.sink.calls.map(({ body }) => body);
const statesOf = async (causeIds: readonly number[]) =>
  (await Promise.all(causeIds.map((id) => rig.standing(id)))).flat().map(({ state }) => state);

test('messages to one person leave one after the other, over batches too; to others meanwhile', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann, ben] = await rig.newPeople(workspaceId, 2);
  const first = Promise.withResolvers<void>();
  rig.sink.calls.length = 0;
  rig.sink.onCall = ({ body }) => (body === 'one' ? first.promise : undefined);
  const text = (contactId: number, words: string) => ({
    contactId,
    content: { type: 'text' as const, text: words },
  });
  const said = await rig.say(workspaceId, [
    text(ann!.id, 'one'),
    text(ann!.id, 'two'),
    text(ben!.id, 'other'),
  ]);
  const handler = deliveryHandler(rig.deps, 1_500);
  const running = handler.handle(await rig.claim(ann!.id));
  said.push(...(await rig.say(workspaceId, [text(ann!.id, 'three')])));
  const later = await rig.claim(ann!.id);
  const fresh = { ...later, items: later.items.filter(({ causeId }) => causeId === said[3]) };
  const next = handler.handle(fresh);
  await until('the other is called', () => bodies().includes('other'));
  await until('the first is called', () => bodies().includes('one'));
  assert.deepEqual(bodies().toSorted(), ['one', 'other'], 'the second waits for the first');
  first.resolve();
  await Promise.all([running, next]);
  assert.deepEqual(
    bodies().filter((body) => body !== 'other'),
    ['one', 'two', 'three'],
  );
  assert.deepEqual(
    await statesOf(said),
    said.map(() => STATE.accepted),
  );
  rig.sink.onCall = () => {};
});

test('what ends without being sent holds up nothing that was said to the same person after it', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const said = await rig.say(workspaceId, [
    { contactId: ann!.id, expiresMs: rig.ctx.clock.nowMs() - 1 },
    { contactId: ann!.id },
  ]);
  const running = deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id));
  await until('the second is sent', async () => (await statesOf(said))[1] === STATE.accepted, 15_000);
  await running;
});

test('what is answered is written while others of its batch still wait, each once', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann, ben] = await rig.newPeople(workspaceId, 2);
  const slow = Promise.withResolvers<void>();
  rig.sink.onCall = ({ to }) => (to === ann!.phone ? slow.promise : undefined);
  const [waits, goes] = await rig.say(workspaceId, [{ contactId: ann!.id }, { contactId: ben!.id }]);
  const claimed = await rig.claim(ann!.id);
  const noted: unknown[] = [];
  const batch = {
    ...claimed,
    steps: { ...claimed.steps, note: (_item: unknown, note: unknown) => noted.push(note) },
  };
  const running = deliveryHandler(rig.deps, 1_500).handle(batch);
  await until('one is written', async () => (await statesOf([goes!]))[0] === STATE.accepted);
  assert.deepEqual(await statesOf([waits!]), [STATE.queued]);
  assert.equal((await rig.due(goes!)).length, 0);
  const flights = () => sql`SELECT 1 FROM flights WHERE id = ${batch.flightId}`;
  assert.equal((await flights()).length, 1, 'the flight is not over');
  assert.deepEqual(
    noted.map((note) => (note as Outcome).kind),
    ['accepted'],
    'what came of it is noted for the next step',
  );
  slow.resolve();
  await running;
  assert.deepEqual(await statesOf([waits!, goes!]), [STATE.accepted, STATE.accepted]);
  assert.equal((await rig.due(waits!)).length + (await flights()).length, 0);
  rig.sink.onCall = () => {};
});

test('nothing is sent through an open breaker: put off till it may close, without a try or a word', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const [said] = await rig.say(workspaceId, [{ contactId: ann!.id }]);
  const { breaker } = (await rig.ctx.senders.open(integration.id))!;
  for (let i = 0; i < 20; i++) breaker.saw(FAILED);
  const batch = await rig.claim(ann!.id);
  const nowMs = rig.ctx.clock.nowMs();
  const { ready, decided } = await prepare(rig.deps, batch, nowMs);
  assert.deepEqual([ready.length, decided.length], [0, 1]);
  assert.equal(decided[0]!.row, undefined);
  assert.equal(decided[0]!.later!.attempt, 0);
  assert.ok(decided[0]!.later!.dueMs > nowMs && decided[0]!.later!.dueMs <= nowMs + 2_001);
  breaker.saw(ACCEPTED);
  assert.equal((await prepare(rig.deps, batch, nowMs)).ready.length, 1);
  await deliveryHandler(rig.deps, 10).handle(batch);
  assert.deepEqual(await statesOf([said!]), [STATE.accepted]);
});

test('a person’s message that would wait long for the rate is put off; a broadcast’s waits in the line', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  await sql`UPDATE integrations SET rate_per_s = 0.1 WHERE id = ${integration.id}`;
  rig.ctx.directory.forget(integration.id);
  await rig.say(workspaceId, [{ contactId: ann!.id }]);
  const nowMs = rig.ctx.clock.nowMs();
  const single = await prepare(rig.deps, await rig.claim(ann!.id), nowMs);
  assert.equal(single.ready.length, 0);
  assert.ok(single.decided[0]!.later!.dueMs > nowMs + 2_000);
  const { runId } = await rig.run(workspaceId);
  await rig.fan(workspaceId, runId, [ann!.id]);
  assert.equal((await prepare(rig.deps, await rig.claim(ann!.id, runId), nowMs)).ready.length, 1);
  assert.equal(await rig.ctx.senders.rateOf(integration.id), 0.1);
  const quick = await rig.newPlace();
  const [ben] = await rig.newPeople(quick.id, 1);
  await sql`UPDATE integrations SET rate_per_s = 0.6 WHERE id = ${quick.integration.id}`;
  rig.ctx.directory.forget(quick.integration.id);
  await rig.say(quick.id, [{ contactId: ben!.id }]);
  const soon = await prepare(rig.deps, await rig.claim(ben!.id), nowMs);
  assert.equal(soon.ready.length, 1, 'a moment is waited in the line');
});

test('whoever is over, gone, called off or switched off is not sent to, and each is told as what it is', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const [ann, ben, cleo] = await rig.newPeople(workspaceId, 3);
  const [over, expired, quiet] = await rig.say(workspaceId, [
    { contactId: ann!.id },
    { contactId: ben!.id, expiresMs: rig.ctx.clock.nowMs() - 1 },
    { contactId: cleo!.id },
  ]);
  await sql`UPDATE deliveries SET state = ${STATE.canceled} WHERE cause_id = ${over!}`;
  await sql`UPDATE destinations SET status = 'inactive' WHERE contact_id = ${cleo!.id}`;
  rig.sink.calls.length = 0;
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id));
  assert.deepEqual(await statesOf([over!, expired!, quiet!]), [
    STATE.canceled,
    STATE.expired,
    STATE.suppressed,
  ]);
  for (const id of [over!, expired!, quiet!]) assert.deepEqual(await rig.due(id), []);

  const { id, runId } = await rig.run(workspaceId);
  await rig.fan(workspaceId, runId, [ann!.id, ben!.id]);
  await sql`INSERT INTO deliveries (bucket, contact_id, cause_id, seq, workspace_id, class, state, state_ms)
    VALUES (${ben!.id % 4096}, ${ben!.id}, ${runId}, 0, ${workspaceId}, 2, ${STATE.unknown}, 1)`;
  await sql`UPDATE due SET attempt = 1 WHERE cause_id = ${runId}`;
  await sql`UPDATE broadcasts SET state = 'canceled', finished_ms = 1 WHERE id = ${id}`;
  const runs = rig.deps.runs;
  const called = await rig.claim(ann!.id, runId);
  await until('the run is seen to be called off', async () => (await runs(runId))?.canceled);
  await deliveryHandler(rig.deps, 10).handle(called);
  assert.deepEqual(
    await statesOf([runId]),
    [ann!, ben!].toSorted((a, b) => a.id - b.id).map((one) => (one === ann ? STATE.canceled : STATE.unknown)),
    'what may have been sent stays unknown',
  );
  assert.deepEqual(await rig.due(runId), []);

  await sql`UPDATE integrations SET status = 'inactive' WHERE id = ${integration.id}`;
  rig.ctx.directory.forget(integration.id);
  const [unserved] = await rig.say(workspaceId, [{ contactId: ann!.id, integrationId: integration.id }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id));
  assert.deepEqual(
    (await rig.standing(unserved!)).map(({ state, code }) => [state, code]),
    [[STATE.failed, 'no_integration']],
  );
  assert.deepEqual(rig.sink.calls, []);
});

test('a run that is paused, and a lease that is over: what waits goes back as it was', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const { runId } = await rig.run(workspaceId);
  await rig.fan(workspaceId, runId, [ann!.id]);
  const before = await rig.due(runId);
  rig.sink.calls.length = 0;
  await sql`UPDATE streams SET flowing = false WHERE stream = ${runId}`;
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id, runId));
  assert.deepEqual(await rig.due(runId), before);
  await sql`UPDATE streams SET flowing = true WHERE stream = ${runId}`;
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id, runId, { holds: () => false }));
  assert.deepEqual(await rig.due(runId), before);
  assert.deepEqual(rig.sink.calls, []);
  assert.deepEqual(await rig.standing(runId), []);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id, runId));
  assert.deepEqual([rig.sink.calls.length, await statesOf([runId])], [1, [STATE.accepted]]);
  await rig.fan(workspaceId, runId, [ann!.id]);
  await sql`UPDATE due SET attempt = 1 WHERE cause_id = ${runId}`;
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id, runId));
  assert.deepEqual(
    [rig.sink.calls.length, await rig.due(runId)],
    [1, []],
    'what has ended is not sent again',
  );
  const unsettled = createCollector(rig.deps, 1, () => Promise.resolve());
  const sending = beginSending(rig.deps, await rig.claim(ann!.id), unsettled);
  assert.equal(sending.gatekeeper.leave(), 'go');
  sending.end();
  assert.equal(sending.gatekeeper.leave(), 'back', 'whose batch has ended begins nothing more of it');
});

test('under a cap the second is held to when the first leaves; only marketing that would go takes room', async () => {
  const { id: workspaceId } = await rig.newPlace({ frequencyCap: { most: 1, perHours: 1 } });
  const [ann, ben, cleo] = await rig.newPeople(workspaceId, 3);
  const [receipt, first, second] = await rig.say(workspaceId, [
    { contactId: ann!.id },
    { contactId: ann!.id, class: 'marketing' },
    { contactId: ann!.id, class: 'marketing' },
  ]);
  const fromMs = rig.ctx.clock.nowMs();
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id));
  assert.deepEqual(await statesOf([receipt!, first!, second!]), [STATE.accepted, STATE.accepted, STATE.held]);
  const [held] = await rig.due(second!);
  assert.ok(held!.dueMs >= fromMs + 3_600_000 && held!.dueMs <= rig.ctx.clock.nowMs() + 3_600_000);
  assert.equal(held!.attempt, 0);
  const { runId } = await rig.run(workspaceId);
  await rig.fan(workspaceId, runId, [ann!.id, ben!.id]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id, runId));
  const stateIn = async (contactId: number) =>
    (await rig.standing(runId)).find((one) => one.contactId === contactId)?.state;
  assert.deepEqual(
    [await stateIn(ann!.id), await stateIn(ben!.id)],
    [STATE.held, STATE.accepted],
    'in a later batch, too',
  );
  const off = await rig.run(workspaceId);
  await sql`UPDATE broadcasts SET state = 'canceled', finished_ms = 1 WHERE id = ${off.id}`;
  await rig.fan(workspaceId, off.runId, [cleo!.id]);
  const { decided } = await prepare(rig.deps, await rig.claim(cleo!.id, off.runId), rig.ctx.clock.nowMs());
  assert.deepEqual(
    decided.map(({ row }) => row?.state),
    [STATE.canceled],
  );
  assert.deepEqual(
    await sql`SELECT 1 FROM caps WHERE contact_id = ${cleo!.id} AND cardinality(at_ms) > 0`,
    [],
    'what is called off keeps nothing else back meanwhile',
  );
});

test('what was sent before there was a cap counts under it; what is held for another reason takes no room', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann, ben] = await rig.newPeople(workspaceId, 2);
  const [before] = await rig.say(workspaceId, [{ contactId: ann!.id, class: 'marketing' }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id));
  const settings = { frequencyCap: { most: 1, perHours: 1 }, quietHours: { from: '00:00', to: '23:59' } };
  await sql`UPDATE workspaces SET settings = ${sql.json({ frequencyCap: settings.frequencyCap })} WHERE id = ${workspaceId}`;
  rig.ctx.directory.forget(workspaceId);
  const [later] = await rig.say(workspaceId, [{ contactId: ann!.id, class: 'marketing' }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id));
  assert.deepEqual(await statesOf([before!, later!]), [STATE.accepted, STATE.held]);
  await sql`UPDATE workspaces SET settings = ${sql.json(settings)} WHERE id = ${workspaceId}`;
  rig.ctx.directory.forget(workspaceId);
  await rig.say(workspaceId, [{ contactId: ben!.id, class: 'marketing' }]);
  await deliveryHandler(rig.deps, 10).handle(await rig.claim(ben!.id));
  assert.deepEqual(
    await sql`SELECT 1 FROM caps WHERE contact_id = ${ben!.id} AND cardinality(at_ms) > 0`,
    [],
  );
});

test('a cap that was taken away and set again, or reaches further back, counts all that was or may have been sent meanwhile', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const cap = async (most: number, perHours: number) => {
    const settings = { frequencyCap: most ? { most, perHours } : null };
    assert.ok(
      'id' in (await updateWorkspace(sql, { id: workspaceId, settings, nowMs: rig.ctx.clock.nowMs() })),
    );
    rig.ctx.directory.forget(workspaceId);
  };
  const send = async () => {
    const [id] = await rig.say(workspaceId, [{ contactId: ann!.id, class: 'marketing' }]);
    await deliveryHandler(rig.deps, 10).handle(await rig.claim(ann!.id));
    return (await statesOf([id!]))[0];
  };
  await cap(2, 24);
  assert.equal(await send(), STATE.accepted);
  await cap(0, 0);
  rig.sink.answer = () => 'reset';
  assert.equal(await send(), STATE.unknown, 'the provider may have it');
  rig.sink.answer = () => 'accept';
  await sql`UPDATE caps SET filled_ms = filled_ms - 3600000 WHERE contact_id = ${ann!.id}`;
  await cap(3, 24);
  assert.deepEqual([await send(), await send()], [STATE.accepted, STATE.held]);
});

test('what a dead worker left: by class, and what a receipt or a note settles meanwhile is not sent again', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const people = await rig.newPeople(workspaceId, 4);
  const to = (at: number) => ({ contactId: people[at]!.id, integrationId: integration.id });
  const said = await rig.say(workspaceId, [to(0), { ...to(1), class: 'marketing' as const }, to(2), to(3)]);
  rig.sink.calls.length = 0;
  const batch = await rig.claim(people[0]!.id);
  const itemOf = (at: number) => batch.items.find(({ causeId }) => causeId === said[at])!;
  const told = {
    ref: toRef({ contactId: people[2]!.id, causeId: said[2]!, seq: 0 }),
    state: 'delivered' as const,
  };
  await rig.ctx.queue.transact((tx) =>
    applyReceipts(rig.deps, tx, integration, [told], rig.ctx.clock.nowMs()),
  );
  const noted = new Map<(typeof batch.items)[number], unknown>([[itemOf(3), ACCEPTED]]);
  const claimedMs = batch.claimedMs - 60_000;
  await deliveryHandler(rig.deps, 10).handle({ ...batch, claimedMs, abandoned: true, noted });
  assert.deepEqual(await statesOf(said), [STATE.unknown, STATE.unknown, STATE.delivered, STATE.accepted]);
  const due = await Promise.all(said.map((id) => rig.due(id)));
  assert.deepEqual(
    due.map(({ length }) => length),
    [1, 1, 0, 0],
    'of those that are unclear the provider is asked',
  );
  assert.equal(due[0]![0]!.attempt, 1);
  assert.ok(due[0]![0]!.dueMs >= batch.claimedMs + 10_000, 'a receipt is waited for');
  assert.deepEqual(rig.sink.calls, []);
  const [{ address } = { address: null }] = await sql<
    { address: string | null }[]
  >`SELECT address FROM deliveries WHERE cause_id = ${said[3]!}`;
  assert.equal(address, people[3]!.phone, 'what was noted is written as if nothing had happened');
  await sql`UPDATE due SET due_ms = 1 WHERE cause_id = ${said[0]!}`;
  const { ready } = await prepare(rig.deps, await rig.claim(people[0]!.id), rig.ctx.clock.nowMs());
  assert.equal(ready[0]!.unclearSinceMs, claimedMs, 'asked for since it was claimed by who died');
});

test('messages to one person that a dead worker left before any began come back together, in their order', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const said = await rig.say(
    workspaceId,
    Array.from({ length: 5 }, () => ({ contactId: ann!.id, integrationId: integration.id })),
  );
  const batch = await rig.claim(ann!.id);
  await deliveryHandler({ ...rig.deps, spread: spreadOf }, 10).handle({ ...batch, abandoned: true });
  const due = (await Promise.all(said.map((id) => rig.due(id)))).flat();
  assert.equal(due.length, 5);
  assert.equal(new Set(due.map(({ dueMs }) => dueMs)).size, 1, 'who is claimed at one time goes in order');
});

test('of unclear outcome the provider is asked first: what it has is not sent again', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const people = await rig.newPeople(workspaceId, 2);
  const said = await rig.say(
    workspaceId,
    people.map(({ id }) => ({ contactId: id, integrationId: integration.id })),
  );
  rig.sink.calls.length = 0;
  rig.sink.byNumber.clear();
  rig.sink.lists = true;
  rig.sink.answer = (call, before) => (call.to === people[0]!.phone && before === 0 ? 'reset' : 'accept');
  const first = await rig.claim(people[0]!.id);
  await deliveryHandler(rig.deps, 10).handle(first);
  assert.deepEqual(await statesOf(said), [STATE.unknown, STATE.accepted]);
  // What its provider has is believed however often it was asked.
  await sql`UPDATE due SET due_ms = ${rig.ctx.clock.nowMs()}, attempt = 5 WHERE cause_id = ${said[0]!}`;
  const asked = await rig.claim(people[0]!.id);
  const { ready } = await prepare(rig.deps, asked, rig.ctx.clock.nowMs());
  assert.deepEqual([ready[0]!.wasUnknown, ready[0]!.unclearSinceMs], [true, first.claimedMs]);
  await deliveryHandler(rig.deps, 10).handle(asked);
  assert.deepEqual(await statesOf(said), [STATE.accepted, STATE.accepted]);
  assert.equal(rig.sink.countOf(people[0]!.phone), 1);
  assert.ok(rig.sink.listed > 0);
  rig.sink.lists = false;
  rig.sink.answer = () => 'accept';
});

test('marketing that its provider may have, and cannot tell of, is told as unknown, never sent again, and counts once under a cap', async () => {
  const { id: workspaceId, integration } = await rig.newPlace({ frequencyCap: { most: 2, perHours: 1 } });
  const [ann, ben] = await rig.newPeople(workspaceId, 2);
  const { senders } = rig.deps;
  const silent: typeof senders = {
    ...senders,
    async open(id) {
      const open = await senders.open(id);
      return open && { ...open, canTell: false, idempotent: false };
    },
  };
  const deps = { ...rig.deps, senders: silent };
  const say = async (contactId: number) => {
    const [id] = await rig.say(workspaceId, [
      { contactId, class: 'marketing', integrationId: integration.id },
    ]);
    return id!;
  };
  rig.sink.calls.length = 0;
  rig.sink.answer = (_call, before) => (before === 0 ? 'reset' : 'accept');
  const first = await say(ann!.id);
  await deliveryHandler(deps, 10).handle(await rig.claim(ann!.id));
  // What a dead worker left of another person: as little is known of it.
  const left = await say(ben!.id);
  await deliveryHandler(deps, 10).handle({ ...(await rig.claim(ben!.id)), abandoned: true });
  assert.deepEqual(await statesOf([first, left]), [STATE.unknown, STATE.unknown]);
  assert.deepEqual([await rig.due(first), await rig.due(left)], [[], []], 'neither is tried again');
  const told = await sql<{ causeId: number }[]>`
    SELECT (c ->> 'causeId')::bigint AS "causeId" FROM feed, jsonb_array_elements(payload -> 'changes') AS c
    WHERE workspace_id = ${workspaceId} AND type = 'delivery.changed' AND c ->> 'to' = ${String(STATE.unknown)}`;
  // Two people's, in either order, and each once.
  assert.equal(told.length, 2);
  assert.deepEqual(new Set(told.map(({ causeId }) => causeId)), new Set([first, left]));
  const more = [await say(ann!.id), await say(ann!.id)];
  await deliveryHandler(deps, 10).handle(await rig.claim(ann!.id));
  assert.deepEqual(await statesOf(more), [STATE.accepted, STATE.held]);
  assert.equal(rig.sink.calls.length, 2);
  rig.sink.answer = () => 'accept';
});

test('a few people’s messages begin with their claim, and no more while those are under way; a run’s are told apart', async () => {
  const handler = deliveryHandler(rig.deps, 10);
  assert.equal(handler.wholeUpTo!(0), 32);
  assert.equal(handler.wholeUpTo!(7), 0);
  const { id: workspaceId } = await rig.newPlace();
  const people = await rig.newPeople(workspaceId, 3);
  await rig.say(
    workspaceId,
    people.map(({ id }) => ({ contactId: id })),
  );
  const running = handler.handle(await rig.claim(people[0]!.id));
  assert.equal(handler.wholeUpTo!(0), 29);
  await running;
  assert.equal(handler.wholeUpTo!(0), 32);
  const { runId } = await rig.run(workspaceId);
  const stream = { stream: runId, kind: 1, workspaceId, flowing: true, ratePerS: null };
  assert.equal(
    await handler.roomOf!(stream),
    `${workspaceId} sms`,
    'runs through one provider share a room, each workspace its own',
  );
});

test('a run goes through the integration that it names, and is over when its time is', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const other = await newTwilio(rig.ctx, workspaceId, rig.sink.url);
  const [ann] = await rig.newPeople(workspaceId, 1);
  for (const { id: integrationId } of [integration, other]) {
    const { runId } = await rig.run(workspaceId, {
      integrationId,
      class: 'transactional',
      expiresAfterMs: 60_000,
    });
    await rig.fan(workspaceId, runId, [ann!.id]);
    const claimed = await rig.claim(ann!.id, runId);
    const { ready } = await prepare(rig.deps, claimed, rig.ctx.clock.nowMs());
    assert.deepEqual(
      ready.map(({ subject }) => subject.integrationId),
      [integrationId],
    );
    const late = await prepare(rig.deps, claimed, rig.ctx.clock.nowMs() + 61_000);
    assert.deepEqual([late.ready.length, late.decided.map(({ row }) => row?.state)], [0, [STATE.expired]]);
  }
});

/** A message that somebody wrote. Returns their conversation. */
async function hear(contactId: number, externalId: string, source: object, atMs: number): Promise<number> {
  const bucket = bucketOf(contactId);
  const [heard] = await sql<{ id: number }[]>`
    INSERT INTO messages (bucket, id, conversation_id, contact_id, workspace_id, direction, kind, content, source, external_id, at_ms)
    SELECT bucket, ${rig.ctx.ids.inBucket(bucket)}::bigint, id, contact_id, workspace_id, 'in', 'message', '{"type":"text","text":"Hi"}',
      ${sql.json(source)}, ${externalId}, ${atMs}::bigint
    FROM conversations WHERE bucket = ${bucket} AND contact_id = ${contactId}
    RETURNING conversation_id AS id`;
  return heard!.id;
}

test('that the business types is shown on what its person wrote last: not that they type, that nobody does any more, nor on what we wrote since', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const people = await rig.newPeople(workspaceId, 3);
  await rig.say(
    workspaceId,
    people.map(({ id }) => ({ contactId: id })),
  );
  const shown: string[] = [];
  const { senders } = rig.deps;
  const reader = typingReader({
    log: rig.deps.log,
    senders: {
      async open(id) {
        const open = await senders.open(id);
        const showTyping = (heardId: string) => {
          shown.push(heardId);
          return Promise.resolve(ACCEPTED);
        };
        return open && { ...open, showTyping };
      },
    },
  });
  const events: FeedEvent[] = [];
  for (const [at, [by, on]] of (
    [
      ['contact', true],
      ['business', false],
      ['business', true],
    ] as const
  ).entries()) {
    const contactId = people[at]!.id;
    const conversationId = await hear(contactId, `heard.${at}`, { integrationId: integration.id }, 1);
    const payload = { contactId, conversationId, by, on };
    const bucket = bucketOf(contactId);
    events.push({ bucket, id: at + 1, workspaceId, type: 'conversation.typing', atMs: 2, payload });
  }
  await rig.ctx.queue.transact((tx) => reader.read(tx, events));
  reader.committed!(events);
  await until('it is shown', () => shown.includes('heard.2'));
  assert.deepEqual(shown, ['heard.2']);
});

test('of two mails of one moment the later is answered', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  await rig.say(workspaceId, [{ contactId: ann!.id }]);
  const mail = { mail: { references: [] } };
  await hear(ann!.id, 'first@people.example', mail, 7);
  const conversationId = await hear(ann!.id, 'second@people.example', mail, 7);
  const mails = await selectMailsAt(sql, [{ conversationId, atMs: 7 }]);
  assert.deepEqual(
    mails.map(({ externalId }) => externalId),
    ['second@people.example'],
  );
});
