/** The schema that stands in the project is the one that the migrations make. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { describeSchema } from './describe.ts';

const database = await testDatabase();
const file = join(import.meta.dirname, 'schema.sql');

test('schema.sql is what the migrations make', async () => {
  const made = await describeSchema(database.sql);
  if (process.env['WRITE_SCHEMA']) await writeFile(file, made);
  assert.equal(await readFile(file, 'utf8'), made, 'run: npm run schema');
});
