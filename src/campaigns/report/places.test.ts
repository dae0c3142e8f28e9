/** Where people stand in a campaign: of few each is counted, of many a fair part, whatever there is of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../../test/support/database.ts';
import { placesIn } from './lists.ts';

const { sql } = await testDatabase();
const CAMPAIGN = 7;

/** Puts people into the campaign, three in four at its first step. */
async function enrol(from: number, to: number): Promise<void> {
  await sql`
    INSERT INTO enrolments (bucket, contact_id, id, workspace_id, campaign_id, version_id, entry_key, epoch, entered_ms, place)
    SELECT n % 4096, n, n, 1, ${CAMPAIGN}, CASE n % 4 WHEN 0 THEN 12 ELSE 11 END, n, 1, n,
      jsonb_build_object('step', CASE n % 4 WHEN 0 THEN 'mail' ELSE 'wait' END)
    FROM generate_series(${from}::int, ${to}::int) n`;
}

test('up to 3,000 are counted one by one; of 12,000 it is about so many, by steps and versions', async () => {
  assert.deepEqual(await placesIn(sql, CAMPAIGN), { places: [], exact: true });
  await enrol(1, 3_000);
  assert.deepEqual(await placesIn(sql, CAMPAIGN), {
    places: [
      { versionId: 11, step: 'wait', people: 2_250 },
      { versionId: 12, step: 'mail', people: 750 },
    ],
    exact: true,
  });
  await enrol(3_001, 12_000);
  const { places, exact } = await placesIn(sql, CAMPAIGN);
  assert.equal(exact, false);
  const [wait, mail] = places;
  assert.deepEqual([places.length, wait!.step, mail!.step], [2, 'wait', 'mail']);
  assert.ok(Math.abs(wait!.people - 9_000) < 900, `${wait!.people} instead of 9,000`);
  assert.ok(Math.abs(mail!.people - 3_000) < 900, `${mail!.people} instead of 3,000`);
});
