/** Accepting: what is asked for is what is written down, by the workspace's clock, and due by ours. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { startOutbox, type OutboxRig } from '../../test/support/outbox.ts';
import { bucketOf } from '../base/ids.ts';

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
