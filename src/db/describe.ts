/**
 * What the tables look like after all migrations, as one text: `schema.sql` beside it, which `npm run schema` writes and a test holds,
 * so that a migration shows in a review as what it changes. A description to read; an install is made by the migrations.
 */
import type { Sql } from './pool.ts';

type Table = {
  id: number;
  name: string;
  partition_key: string | null;
  options: string[] | null;
  placed: string | null;
};
type Line = { id: number; text: string };

/** The tables of the database, by name, without the partitions of a table. */
export async function describeSchema(sql: Sql): Promise<string> {
  const tables = await sql<Table[]>`
    SELECT c.oid::int8 id, c.relname AS name, c.reloptions options, p.col placed,
           CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END partition_key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN placements p ON p.tab = c.relname
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname`;
  const [columns, constraints, indexes] = await Promise.all([
    columnsOf(sql),
    constraintsOf(sql),
    indexesOf(sql),
  ]);
  return tables
    .map(({ id, name, partition_key, options, placed }) => {
      const inside = [...(columns.get(id) ?? []), ...(constraints.get(id) ?? [])].map(
        ({ text }) => `  ${text}`,
      );
      const by = partition_key ? ` PARTITION BY ${partition_key}` : '';
      const how = options ? ` WITH (${options.join(', ')})` : '';
      const where = `-- ${placed === null ? 'on every node' : `by ${placed}`}`;
      const after = (indexes.get(id) ?? []).map(({ text }) => `${text};`);
      return [`${where}\nCREATE TABLE ${name} (\n${inside.join(',\n')}\n)${by}${how};`, ...after].join('\n');
    })
    .join('\n\n')
    .concat('\n');
}

function byTable(lines: readonly Line[]): Map<number, Line[]> {
  return Map.groupBy(lines, ({ id }) => id);
}

async function columnsOf(sql: Sql): Promise<Map<number, Line[]>> {
  return byTable(
    await sql<Line[]>`
    SELECT a.attrelid::int8 id,
           a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
             || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
             || CASE WHEN a.attgenerated = '' THEN coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
               ELSE ' GENERATED ALWAYS AS (' || regexp_replace(btrim(pg_get_expr(d.adbin, d.adrelid)), '[[:space:]]+', ' ', 'g') || ') STORED' END AS text
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum`,
  );
}

async function constraintsOf(sql: Sql): Promise<Map<number, Line[]>> {
  return byTable(
    await sql<Line[]>`
    SELECT conrelid::int8 id, pg_get_constraintdef(oid) AS text
    FROM pg_constraint WHERE conrelid <> 0 AND contype IN ('p', 'u', 'c')
    ORDER BY conrelid, contype DESC, conname`,
  );
}

async function indexesOf(sql: Sql): Promise<Map<number, Line[]>> {
  return byTable(
    await sql<Line[]>`
    SELECT i.indrelid::int8 id, replace(pg_get_indexdef(i.indexrelid), 'public.', '') AS text
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    ORDER BY i.indrelid, c.relname`,
  );
}
