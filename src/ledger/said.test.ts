/** What was last said to somebody: by when it was sent, whatever was begun last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { bucketOf, idSource } from '../base/ids.ts';
import { testDatabase } from '../../test/support/database.ts';
import { lastSaidTo } from './said.ts';

const { sql } = await testDatabase();
const ids = idSource(1, () => systemClock.nowMs());

test('9.17 the last that was sent is the one that was sent last, not the one that was made last', async () => {
  const contactId = ids.spread();
  const bucket = bucketOf(contactId);
  const [workspaceId, conversationId] = [ids.spread(), ids.inBucket(bucket)];
  const [older, newer] = [ids.inBucket(bucket), ids.inBucket(bucket)];
  assert.ok(newer > older);
  // The older message was held overnight, and went out after the newer.
  for (const [id, sentMs] of [
    [older, 2_000],
    [newer, 1_000],
  ] as const) {
    await sql`
      INSERT INTO messages (bucket, id, conversation_id, contact_id, workspace_id, direction, kind, class, content, source, at_ms)
      VALUES (${bucket}, ${id}, ${conversationId}, ${contactId}, ${workspaceId}, 'out', 'message', 'transactional',
        ${JSON.stringify({ type: 'text', text: id === older ? 'older' : 'newer' })}::text::jsonb, '{}'::jsonb, 1)`;
    await sql`
      INSERT INTO deliveries (bucket, contact_id, cause_id, seq, state, class, channel, workspace_id, sent_ms, state_ms)
      VALUES (${bucket}, ${contactId}, ${id}, 0, 4, 1, 'sms', ${workspaceId}, ${sentMs}, ${sentMs})`;
  }
  const said = await lastSaidTo({ runs: () => Promise.resolve(undefined) }, sql, 'sms', [contactId]);
  assert.deepEqual(said.get(contactId), { type: 'text', text: 'older' });
  assert.equal(
    (await lastSaidTo({ runs: () => Promise.resolve(undefined) }, sql, 'email', [contactId])).size,
    0,
  );
});
