/** Everything that is sealed is sealed anew when the install's secret changes. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SEALED_COLUMNS } from './sql.secret.ts';

test('a rotation knows every column that holds something sealed', async () => {
  const schema = await readFile(join(import.meta.dirname, '../db/schema.sql'), 'utf8');
  const sealed: string[] = [];
  let table = '';
  for (const line of schema.split('\n')) {
    table = /^CREATE TABLE (\w+)/.exec(line)?.[1] ?? table;
    const column = /^ {2}(\w+_sealed) /.exec(line)?.[1];
    if (column) sealed.push(`${table}.${column}`);
  }
  assert.deepEqual(
    SEALED_COLUMNS.map(({ table: of, column }) => `${of}.${column}`).toSorted(),
    sealed.toSorted(),
  );
});
