/**
 * A receipt and its own settle, in either order: every state a receipt can tell × every outcome a settle can have, for a single
 * send and for a run's. Whatever comes second, nothing throws, the neighbour is settled, and feed and tallies add up (N5, N6).
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Outcome, Receipt } from '../../channels/adapter.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { createBroadcast, startBroadcast } from '../../broadcasts/broadcasts.ts';
import { runSource } from '../../broadcasts/steps.ts';
import type { DeliveryChanged } from '../../ledger/events.ts';
import { changesOf } from '../../ledger/events.ts';
import { toRef } from '../../ledger/ref.ts';
import { insertQueued, selectTallies } from '../../ledger/sql.ts';
import { MOVES, STATE, stateName, type StateCode } from '../../ledger/states.ts';
import { openPool } from '../../db/pool.ts';
import { KIND } from '../../queue/work/kinds.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import { createSteps } from '../../queue/work/steps.ts';
import type { OwnedLane } from '../../queue/lanes/lane.ts';
import { testDatabase } from '../../../test/support/database.ts';
import {
  must,
  newContacts,
  newTwilio,
  newWorkspace,
  startWorld,
  type World,
} from '../../../test/support/world.ts';
import {
  decideCanceled,
  decideFailure,
  decideOutcome,
  decideVerdict,
  type Decision,
  type Subject,
} from './decide.ts';
import { applyReceipts } from './receipt.ts';
import { writeDecisions } from './write.ts';

const database = await testDatabase();
const { sql } = database;
/** As in the product: what is read beside a transaction. */
const aside = openPool(database.connection, { max: 2, name: 'aside' });
let world: World;
let workspaceId: number;
let integration: Integration;
let runId: number;
let contacts: number[];
let used = 0;

before(async () => {
  // No worker: this test settles by itself.
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  const { ctx } = world;
  workspaceId = (await newWorkspace(ctx, 'live')).id;
  integration = await newTwilio(ctx, workspaceId, 'http://127.0.0.1:9');
  contacts = await newContacts(ctx, workspaceId, 2_000);
  const nowMs = ctx.clock.nowMs();
  const made = must(
    await ctx.queue.transact((tx) =>
      createBroadcast(
        ctx.broadcasts,
        tx,
        workspaceId,
        {
          name: 'order',
          channel: 'sms',
          class: 'transactional',
          integrationId: integration.id,
          audience: { include: { all: true } },
          content: { type: 'text', text: 'Hi' },
        },
        nowMs,
      ),
    ),
  );
  const running = await ctx.queue.transact((tx) =>
    startBroadcast(ctx.broadcasts, tx, workspaceId, made.id, nowMs),
  );
  runId = must(running).runId!;
});
after(async () => {
  await world.stop();
  await aside.end();
});

const RECEIPTS: readonly Receipt['state'][] = ['accepted', 'delivered', 'read', 'failed'];
const ACCEPTED: Outcome = { kind: 'accepted', externalIds: ['SM1'], receipts: true };

/** Every outcome of a settle, by the state that it writes. */
const SETTLES: readonly {
  name: string;
  to: StateCode;
  decide: (subject: Subject, nowMs: number) => Decision;
}[] = [
  { name: 'accepted', to: STATE.accepted, decide: (s, now) => decideOutcome(s, ACCEPTED, now, 0.5) },
  {
    name: 'refused',
    to: STATE.failed,
    decide: (s, now) =>
      decideOutcome(s, { kind: 'refused', code: '21610', class: 'optout', detail: 'stop' }, now, 0.5),
  },
  {
    name: 'deferred',
    to: STATE.held,
    decide: (s, now) =>
      decideOutcome(s, { kind: 'deferred', code: '500', class: 'transient', detail: '' }, now, 0.5),
  },
  {
    name: 'unclear',
    to: STATE.unknown,
    decide: (s, now) => decideOutcome(s, { kind: 'unclear', code: 'timeout', detail: '' }, now, 0.5),
  },
  {
    name: 'held',
    to: STATE.held,
    decide: (s, now) =>
      decideVerdict(s, { verdict: 'hold', untilMs: now + 60_000, code: 'quiet_hours', also: [] }, '', now),
  },
  {
    name: 'suppressed',
    to: STATE.suppressed,
    decide: (s, now) =>
      decideVerdict(s, { verdict: 'never', code: 'opted_out_channel', also: [] }, 'stop', now),
  },
  {
    name: 'expired',
    to: STATE.expired,
    decide: (s, now) => decideVerdict(s, { verdict: 'never', code: 'expired', also: [] }, '', now),
  },
  {
    name: 'failed before sending',
    to: STATE.failed,
    decide: (s, now) => decideFailure(s, 'no_content', '', now),
  },
  { name: 'canceled', to: STATE.canceled, decide: decideCanceled },
];

for (const bulk of [false, true]) {
  for (const receipt of RECEIPTS) {
    for (const settle of SETTLES) {
      for (const first of ['receipt', 'settle'] as const) {
        test(`${bulk ? 'a run' : 'a single send'}: ${receipt} told, ${settle.name} settled, the ${first} first`, async () => {
          await meet(bulk, receipt, settle, first);
        });
      }
    }
  }
}

/** One pair; a neighbour in the same batch is accepted. */
async function meet(
  bulk: boolean,
  told: Receipt['state'],
  settle: (typeof SETTLES)[number],
  first: 'receipt' | 'settle',
): Promise<void> {
  const { ctx } = world;
  const lane = await ownLane(contacts[used]!);
  const own = contacts[used++]!;
  const neighbour = await anotherIn(lane);
  const causeId = bulk ? runId : ctx.ids.spread();
  const items = [own, neighbour].map((contactId) => itemOf(contactId, causeId, bulk));
  await putIn(items, bulk);
  const talliedBefore = await tallied();
  const batch: Batch = {
    lane,
    flightId: 1,
    kind: KIND.delivery,
    stream: items[0]!.stream,
    items,
    abandoned: false,
    claimedMs: 0,
    noted: new Map(),
    steps: createSteps(sql, { lane: lane, flightId: 1, items, whole: true }),
    holds: () => true,
    wakeAt() {},
    settled() {},
  };
  const nowMs = ctx.clock.nowMs();
  const doSettle = () =>
    ctx.queue.transact((tx) =>
      writeDecisions(deps(), tx, [
        {
          batch,
          decisions: [
            settle.decide(subjectOf(items[0]!, bulk), nowMs),
            decideOutcome(subjectOf(items[1]!, bulk), ACCEPTED, nowMs, 0.5),
          ],
          landed: true,
        },
      ]),
    );
  const doReceipt = () =>
    ctx.queue.transact((tx) =>
      applyReceipts(
        deps(),
        tx,
        integration,
        [{ ref: toRef({ contactId: own, causeId, seq: 0 }), state: told, code: 'told' }],
        nowMs,
      ),
    );
  for (const step of first === 'receipt' ? [doReceipt, doSettle] : [doSettle, doReceipt]) await step();

  const rows = await sql<{ contactId: number; state: StateCode }[]>`
    SELECT contact_id AS "contactId", state FROM deliveries WHERE cause_id = ${causeId} AND contact_id = ANY(${[own, neighbour]}::bigint[])`;
  const stateOf = (contactId: number) => rows.find((row) => row.contactId === contactId)?.state;
  const order = first === 'receipt' ? [STATE[told], settle.to] : [settle.to, STATE[told]];
  const expected = order.reduce<StateCode>(
    (state, next) => (MOVES[state].includes(next) ? next : state),
    STATE.queued,
  );
  assert.equal(stateName(stateOf(own)!), stateName(expected));
  assert.equal(stateOf(neighbour), STATE.accepted, 'the neighbour');
  await tellsTheSame(own, causeId, expected);
  await sql`DELETE FROM feed`;
  if (bulk) {
    const now = await tallied();
    const grown = [...now].flatMap(([state, n]) => {
      const more = n - (talliedBefore.get(state) ?? 0);
      return more ? [[stateName(state), more] as const] : [];
    });
    const wanted = new Map([[stateName(STATE.accepted), 1]]);
    wanted.set(stateName(expected), (wanted.get(stateName(expected)) ?? 0) + 1);
    assert.deepEqual(new Map(grown), wanted, 'tallies');
  }
}

/** The feed tells of one chain of changes, from the first to the state in the row. */
async function tellsTheSame(contactId: number, causeId: number, state: StateCode): Promise<void> {
  const events = await sql<{ payload: DeliveryChanged }[]>`
    SELECT payload FROM feed WHERE type = 'delivery.changed' AND payload::text LIKE ${`%${contactId}%`} ORDER BY id`;
  const changes = events
    .flatMap(({ payload }) => changesOf(payload))
    .filter((change) => change.contactId === contactId && change.causeId === causeId);
  assert.ok(changes.length > 0, 'something is told');
  for (const [at, change] of changes.entries())
    assert.equal(change.from ?? STATE.queued, at === 0 ? STATE.queued : changes[at - 1]!.to, 'a chain');
  assert.equal(changes.at(-1)!.to, state);
}

function deps() {
  const { ctx } = world;
  // Runs are read in the middle of transactions, so not by the pool of those.
  return { ...ctx, runs: runSource({ ...ctx, sql: aside }) };
}

async function tallied(): Promise<Map<StateCode, number>> {
  const buckets = world.ctx.queue.lanes().map(({ bucket }) => bucket);
  return new Map((await selectTallies(sql, buckets, runId)).map(({ state, n }) => [state, n]));
}

async function ownLane(contactId: number): Promise<OwnedLane> {
  const number = world.ctx.queue.laneOf(contactId % 4096);
  const [lane] = await sql<OwnedLane[]>`
    SELECT lane, bucket, buckets, epoch FROM lanes WHERE lane = ${number}`;
  return lane!;
}

/** Another contact of the lane: a batch is of one. */
async function anotherIn(lane: OwnedLane): Promise<number> {
  const at = contacts.findIndex((id, index) => index >= used && lane.buckets.includes(id % 4096));
  assert.ok(at >= 0, 'a contact of the same lane is left');
  return contacts.splice(at, 1)[0]!;
}

function itemOf(contactId: number, causeId: number, bulk: boolean): WorkItem {
  return {
    bucket: contactId % 4096,
    ownerId: contactId,
    causeId,
    seq: 0,
    attempt: 0,
    stream: bulk ? causeId : 0,
    workspaceId,
    dueMs: world.ctx.clock.nowMs(),
  };
}

async function putIn(items: readonly WorkItem[], bulk: boolean): Promise<void> {
  await world.ctx.queue.transact(async (tx) => {
    await world.ctx.queue.put(
      tx,
      items.map((item) => ({ ...item, kind: KIND.delivery })),
    );
    if (bulk) return;
    const rows = items.map(({ ownerId: contactId, causeId }) => ({
      contactId,
      causeId,
      workspaceId,
      class: 'transactional' as const,
      integrationId: null,
      destinationId: null,
      channel: null,
      expiresMs: Number.MAX_SAFE_INTEGER,
      mayFallBack: false,
      atMs: world.ctx.clock.nowMs(),
    }));
    await insertQueued(tx, rows);
  });
}

function subjectOf(item: WorkItem, bulk: boolean): Subject {
  return {
    item,
    workspaceId,
    class: 'transactional',
    bulk,
    channel: 'sms',
    integrationId: integration.id,
    destination: undefined,
    vars: null,
    expiresMs: Number.MAX_SAFE_INTEGER,
    aheadMs: 0,
    idempotent: false,
    canTell: false,
    mayFallBack: false,
  };
}
