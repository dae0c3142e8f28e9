/** How many segments a workspace has, at most, when several are made at once. In a process of its own: it writes rows by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment } from '../src/campaigns/segments/segments.ts';
import { isFault } from '../src/base/fault.ts';
import { newPlace, sql, world } from './campaignsProduct.ts';

const { ctx } = world;
const MOST = 500;
const LEFT = 3;

test('console.md §5: of ten segments that are made at once as many are as there is room for, and the others are told', async () => {
  const place = await newPlace();
  const nowMs = await place.nowMs();
  const ids = Array.from({ length: MOST - LEFT }, () => ctx.ids.spread());
  await sql`
    INSERT INTO segments (id, workspace_id, key, name, kind, rule, state, created_ms, changed_ms)
    SELECT id, ${place.id}, 'k' || id, 'k', 'rule', '{"did": "x"}', 'live', ${nowMs}, ${nowMs} FROM unnest(${ids}::bigint[]) AS id`;
  const made = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      ctx.queue.transact((tx) =>
        createSegment(ctx, tx, place.id, { key: `new${i}`, rule: { did: 'x' } }, nowMs),
      ),
    ),
  );
  const refused = made.filter(isFault);
  assert.equal(refused.length, 10 - LEFT);
  assert.match(JSON.stringify(refused[0]), /unprocessable.*at most 500 segments/);
  const rows = await sql`SELECT 1 FROM segments WHERE workspace_id = ${place.id}`;
  assert.equal(rows.length, MOST);
  // One of them goes, and another has its room.
  await sql`DELETE FROM segments WHERE id = ${ids[0]!}`;
  const next = await ctx.queue.transact((tx) =>
    createSegment(ctx, tx, place.id, { key: 'last', rule: { did: 'x' } }, nowMs),
  );
  assert.ok(!isFault(next));
});
