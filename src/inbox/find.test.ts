/** Finding what was said in a store in which a word is in many messages: both ways of looking say the same, and neither reads all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { firstIdAt } from '../base/ids.ts';
import { findMessages } from './find.ts';
import { askedIn } from './words.ts';

const { sql } = await testDatabase();
const MANY = 30_000;
const [workspaceId, otherId] = [0x1234, 0x1235];
const first = firstIdAt(Date.UTC(2026, 10, 1));

test('common words, rare ones and those that never stand together: all is found, the newest first, a bounded part read for a page', async () => {
  await sql`
    INSERT INTO message_words (bucket, id, contact_id, conversation_id, workspace_id, words)
    SELECT n % 4096, ${first}::bigint + n, n % 100, 1, CASE WHEN n % 2 = 0 THEN ${workspaceId}::bigint ELSE ${otherId}::bigint END,
      array_to_tsvector(ARRAY['1234:parcel', CASE WHEN n % 4 = 0 THEN '1234:left' ELSE '1234:right' END, '1234:w' || n,
        CASE WHEN n % 6000 = 0 THEN '1234:rare' ELSE '1234:x' END])
    FROM generate_series(1, ${MANY}) AS n`;
  await sql`UPDATE message_words SET words = array_to_tsvector(ARRAY['1235:parcel']) WHERE workspace_id = ${otherId}`;
  const all = async (text: string, limit: number) => {
    const asked = askedIn(text)!;
    const ids: number[] = [];
    for (let belowId: number | undefined = Number.MAX_SAFE_INTEGER; belowId !== undefined; ) {
      const { found, next } = await findMessages(sql, { workspaceId, asked, belowId }, limit);
      ids.push(...found.map(({ id }) => id - first));
      belowId = next;
    }
    return ids;
  };
  const even = Array.from({ length: MANY / 2 }, (_, n) => MANY - 2 * n);
  assert.deepEqual(await all('parcel', 4_000), even);
  assert.deepEqual(
    await all('parcel left', 4_000),
    even.filter((n) => n % 4 === 0),
  );
  assert.deepEqual(await all('rare', 2), [30_000, 24_000, 18_000, 12_000, 6_000]);
  assert.deepEqual(await all('left right', 10), []);
  assert.deepEqual(await all('parcel w29998', 10), [29_998]);
});
