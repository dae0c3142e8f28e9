/** A start that fails leaves nothing running, and an install without its secret does not begin to seal. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfig } from '../src/base/config.ts';
import { StartRefusal } from '../src/base/refusal.ts';
import { silentLog } from '../src/base/log.ts';
import { startParley } from '../src/parley.ts';
import { testDatabase, TEST_SECRET } from './support/database.ts';
import { must } from './support/world.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'parley-failed-start-'));
after(() => rm(dataDir, { recursive: true, force: true }));

const configOf = (env: Record<string, string>) =>
  must(readConfig({ PARLEY_PORT: '0', PARLEY_DATA_DIR: dataDir, PARLEY_LOG_LEVEL: 'silent', ...env }));

test('9.16 a demo that cannot be made ends the start: no worker is left on the store, and no lane is held', async () => {
  const { sql, connection } = await testDatabase();
  await sql.unsafe(`
    CREATE FUNCTION no_demo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no demo today'; END $$;
    CREATE TRIGGER no_demo BEFORE INSERT ON demo FOR EACH STATEMENT EXECUTE FUNCTION no_demo()`);
  const config = configOf({ PARLEY_SECRET: TEST_SECRET, PARLEY_DEMO: 'true' });
  await assert.rejects(startParley(config, { log: silentLog, connection }), /no demo today/);
  const held = await sql`SELECT 1 FROM lanes WHERE owner IS NOT NULL UNION ALL SELECT 1 FROM workers`;
  assert.equal(held.length, 0);
});

test('9.16 a secret file that is empty stops the start: nothing is sealed with nothing', async () => {
  const { connection } = await testDatabase();
  await writeFile(join(dataDir, 'secret'), '\n');
  await assert.rejects(
    startParley(configOf({ PARLEY_DEMO: 'false' }), { log: silentLog, connection }),
    (error) => {
      assert.ok(error instanceof StartRefusal);
      assert.match(error.message, /secret is empty: put the secret of this install back/);
      return true;
    },
  );
});
