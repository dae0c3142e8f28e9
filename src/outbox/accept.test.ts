/** Accepting: what is asked for is what is written down, by the workspace's clock, and due by ours. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { startOutbox, type OutboxRig } from '../../test/support/outbox.ts';
import { bucketOf } from '../base/ids.ts';
import { say, type Saying, type Whom } from './say.ts';

const database = await testDatabase();
const { sql } = database;
const DAY_MS = 24 * 3_600_000;
let rig: OutboxRig;
before(async () => {
  rig = await startOutbox(database);
});
after(() => rig.stop());

test('what is accepted: how long it lives, when it is due, where it may go, by which clock', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const contactId = ann!.id;
  const given = rig.ctx.ids.inBucket(bucketOf(contactId));
  const fromMs = rig.ctx.clock.nowMs();
  const said = await rig.say(workspaceId, [
    { contactId },
    { contactId, expiresMs: fromMs + 5_000, notBeforeMs: fromMs + 60_000 },
    { contactId, aheadMs: DAY_MS, notBeforeMs: fromMs + DAY_MS + 60_000 },
    { contactId, integrationId: 5 },
    { contactId, destinationId: 6 },
    { contactId, messageId: given },
  ]);
  assert.equal(said[5], given);
  const untilMs = rig.ctx.clock.nowMs();
  const rows = await sql<
    {
      id: number;
      life: number;
      atMs: number;
      back: boolean | null;
      integrationId: number | null;
      destinationId: number | null;
      dueMs: number;
    }[]
  >`
    SELECT d.cause_id AS id, d.expires_ms - m.at_ms AS life, m.at_ms AS "atMs", d.may_fall_back AS back, d.integration_id AS "integrationId",
      d.destination_id AS "destinationId", w.due_ms AS "dueMs"
    FROM deliveries d JOIN messages m ON m.bucket = d.bucket AND m.id = d.cause_id
    JOIN due w ON w.bucket = d.bucket AND w.owner_id = d.contact_id AND w.cause_id = d.cause_id
    WHERE d.contact_id = ${contactId}`;
  const row = (at: number) => rows.find(({ id }) => id === said[at])!;
  const isNow = (ms: number) => ms >= fromMs && ms <= untilMs;
  assert.equal(row(0).life, 3 * DAY_MS);
  assert.ok(isNow(row(0).atMs) && isNow(row(0).dueMs));
  assert.deepEqual([row(0).back, row(0).integrationId, row(0).destinationId], [true, null, null]);
  assert.ok(row(1).life <= 5_000);
  assert.equal(row(1).dueMs, fromMs + 60_000);
  assert.ok(isNow(row(2).atMs - DAY_MS), 'by the workspace’s clock');
  assert.equal(row(2).life, 3 * DAY_MS);
  assert.equal(row(2).dueMs, fromMs + 60_000, 'by ours');
  assert.deepEqual([row(3).back, row(3).integrationId], [null, 5]);
  assert.deepEqual([row(4).back, row(4).destinationId], [null, 6]);
});

test('what is said quietly goes nowhere; on one channel it does not move on; what is set apart waits apart and says so', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const contactId = ann!.id;
  const said = await rig.say(workspaceId, [
    { contactId, isQuiet: true },
    { contactId, channel: 'push' },
    { contactId, stream: -5, source: { type: 'campaign' } },
  ]);
  const rows = await sql<{ id: number; channel: string | null; back: boolean | null; stream: number }[]>`
    SELECT d.cause_id AS id, d.channel, d.may_fall_back AS back, w.stream FROM deliveries d
    JOIN due w ON w.bucket = d.bucket AND w.owner_id = d.contact_id AND w.cause_id = d.cause_id
    WHERE d.contact_id = ${contactId} ORDER BY d.cause_id`;
  assert.deepEqual(rows, [
    { id: said[1], channel: 'push', back: null, stream: 0 },
    { id: said[2], channel: null, back: true, stream: -5 },
  ]);
  const sources = await sql<{ source: object }[]>`
    SELECT source FROM messages WHERE contact_id = ${contactId} ORDER BY id`;
  assert.deepEqual(
    sources.map(({ source }) => source),
    [{ type: 'api' }, { type: 'api' }, { type: 'campaign', stream: -5 }],
  );
  const told = await sql<{ id: string }[]>`
    SELECT payload ->> 'messageId' AS id FROM feed WHERE type = 'message.accepted' AND workspace_id = ${workspaceId} ORDER BY id`;
  assert.deepEqual(
    told.map(({ id }) => Number(id)),
    said,
    'all of it was said',
  );
});

test('a question to an address that waits is no message of the conversation', async () => {
  const { id: workspaceId } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const count = async () =>
    await sql<{ n: number }[]>`SELECT message_count AS n FROM conversations WHERE contact_id = ${ann!.id}`;
  await rig.say(workspaceId, [{ contactId: ann!.id, kind: 'confirmation' }]);
  const [{ n: none } = { n: -1 }] = await count();
  await rig.say(workspaceId, [{ contactId: ann!.id }]);
  const [{ n: one } = { n: -1 }] = await count();
  assert.deepEqual([none, one], [0, 1]);
});

test('saying finds or makes who is meant and their conversation, for several at once, and answers in their order', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const [ann] = await rig.newPeople(workspaceId, 1);
  const nowMs = rig.ctx.clock.nowMs();
  const at = { workspace: { id: workspaceId, clockAheadMs: DAY_MS }, nowMs };
  const addressed = (phone: string) => ({
    identities: [{ kind: 'phone' as const, value: phone }],
    destination: { channel: 'sms' as const, integrationId: integration.id, address: phone },
  });
  const saying = (to: Whom, text: string): Saying => ({
    to,
    kind: 'message',
    class: 'transactional',
    content: { type: 'text', text },
    author: {},
    source: { type: 'api' },
  });
  const sayings = [
    saying(addressed('+15550990001'), 'one'),
    saying({ contactId: ann!.id }, 'two'),
    saying(addressed('+15550990002'), 'three'),
    saying(addressed('+15550990001'), 'four'),
    saying({ contactId: ann!.id, destinationId: 6 }, 'five'),
  ];
  const said = await rig.ctx.queue.transact((tx) => say(rig.ctx, tx, at, sayings));
  const people = said.map(({ contactId }) => contactId);
  assert.equal(new Set(people).size, 3);
  assert.deepEqual([people[3], people[1], people[4]], [people[0], ann!.id, ann!.id]);
  assert.deepEqual(
    new Set(said.map(({ conversationId }) => conversationId)).size,
    3,
    'who is written to twice has one conversation',
  );
  assert.ok(said.every(({ atMs }) => atMs === nowMs + DAY_MS));
  const rows = await sql<{ id: number; text: string; to: number | null; n: number }[]>`
    SELECT m.id, m.content ->> 'text' AS text, d.destination_id AS to, c.message_count AS n FROM messages m
    JOIN deliveries d ON d.bucket = m.bucket AND d.cause_id = m.id
    JOIN conversations c ON c.bucket = m.bucket AND c.id = m.conversation_id WHERE m.workspace_id = ${workspaceId}`;
  const row = (i: number) => rows.find(({ id }) => id === said[i]!.messageId)!;
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((i) => [row(i).text, row(i).n]),
    [
      ['one', 2],
      ['two', 2],
      ['three', 1],
      ['four', 2],
      ['five', 2],
    ],
  );
  assert.deepEqual([row(1).to, row(4).to], [null, 6]);
  assert.ok(row(0).to !== null && row(0).to === row(3).to, 'at the address that was named, linked once');
});

test('what cannot be let in leaves nobody behind: neither the person nor the conversation', async () => {
  const { id: workspaceId, integration } = await rig.newPlace();
  const to = {
    identities: [{ kind: 'phone' as const, value: '+15550990009' }],
    destination: { channel: 'sms' as const, integrationId: integration.id, address: '+15550990009' },
  };
  const saying: Saying = {
    to,
    kind: 'message',
    class: 'transactional',
    content: { type: 'text', text: 'x' },
    author: {},
    source: { type: 'api' },
  };
  await assert.rejects(
    rig.ctx.queue.transact(async (tx) => {
      await say(rig.ctx, tx, { workspace: { id: workspaceId, clockAheadMs: 0 }, nowMs: 1 }, [saying]);
      throw new Error('the caller changes its mind');
    }),
  );
  const left = await sql`
    SELECT id FROM contacts WHERE workspace_id = ${workspaceId}
    UNION ALL SELECT id FROM conversations WHERE workspace_id = ${workspaceId}`;
  assert.deepEqual([...left], []);
});
