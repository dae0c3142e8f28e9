/** Finding conversations by whom they are with, in a store in which very many are called so: nobody is left out, and no page goes through them all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { firstIdAt } from '../base/ids.ts';
import { findWith } from './findWith.ts';

const { sql } = await testDatabase();
const workspaceId = 0x4321;
const PEOPLE = 6_000;
const TALKS = 3_000;
const from = firstIdAt(Date.UTC(2026, 10, 1)) / 4096;
// The n-th person; those who were talked with are the first.
const idOf = (n: number) => (from + n) * 4096 + (n % 4096);
const SOON_MS = 1_000_000;

test('many called so, few, nobody: all of them, the newest first, in pages without a gap; a page is bounded and says where it goes on', async () => {
  await sql`
    INSERT INTO contacts (bucket, workspace_id, id, given_name, surname, created_ms, changed_ms)
    SELECT n % 4096, ${workspaceId}, (${from}::bigint + n) * 4096 + n % 4096,
      CASE WHEN n % 2 = 0 THEN 'Ann' WHEN n % 1000 = 7 THEN 'Zora' ELSE 'Bo' END,
      CASE WHEN n >= ${TALKS} THEN 'Unheard' ELSE 'Heard' END, 1, 1
    FROM generate_series(0, ${PEOPLE - 1}) AS n`;
  await sql`
    INSERT INTO identities (hash, workspace_id, kind, value, contact_id)
    SELECT n, ${workspaceId}, 'phone', '+1555' || lpad(n::text, 7, '0'), (${from}::bigint + n) * 4096 + n % 4096
    FROM generate_series(0, ${PEOPLE - 1}) AS n`;
  // Two each at one moment, one of three closed.
  await sql`
    INSERT INTO inbox (bucket, contact_id, workspace_id, conversation_id, closed, channel, last_message_id, last_ms, last_in_ms)
    SELECT n % 4096, (${from}::bigint + n) * 4096 + n % 4096, ${workspaceId}, n + 1, n % 3 = 0,
      CASE WHEN n % 5 = 0 THEN 'email' ELSE 'sms' END, n + 1, ${SOON_MS}::bigint - n / 2, 1
    FROM generate_series(0, ${TALKS - 1}) AS n`;
  await sql`ANALYZE contacts, identities, inbox`;
  const all = async (search: string, limit: number, channel?: string) => {
    const found: number[] = [];
    const pages: number[] = [];
    const fits = (row: { channel: string | null }) => channel === undefined || row.channel === channel;
    let after: Awaited<ReturnType<typeof findWith>>['next'];
    do {
      const page = await findWith(sql, { workspaceId, search, fits }, { after, limit });
      pages.push(page.rows.length);
      found.push(...page.rows.map(({ conversationId }) => conversationId - 1));
      after = page.next;
    } while (after !== undefined);
    return { found, pages };
  };
  const talks = Array.from({ length: TALKS }, (_, n) => n).sort(
    (a, b) => Math.floor(a / 2) - Math.floor(b / 2) || idOf(b) - idOf(a),
  );
  const anns = talks.filter((n) => n % 2 === 0);
  assert.deepEqual((await all('ann', 200)).found, anns);
  assert.deepEqual(
    (await all('Ann', 50, 'email')).found,
    anns.filter((n) => n % 5 === 0),
  );
  assert.deepEqual(
    (await all('zora', 2)).found,
    talks.filter((n) => n % 1000 === 7),
  );
  assert.deepEqual((await all('+1 555 0000017', 50)).found, [17]);
  assert.deepEqual((await all('Ann Hea', 200)).found, anns);
  assert.deepEqual((await all('nobody', 50)).found, []);
  // Three thousand are called so, and none of them was ever talked with.
  const none = await all('unheard', 50);
  assert.deepEqual(none.found, []);
  assert.ok(none.pages.length > 1, 'a page ends before it has gone through all conversations');
});
