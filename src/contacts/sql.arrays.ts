/**
 * Arrays as Postgres writes them, for parameters of unnest: one text per column, whatever the driver makes of a list.
 */

/** A column of integers: `${numbers(rows, (row) => row.id)}::bigint[]`. */
export function numbers<T>(rows: Iterable<T>, value: (row: T) => number | null): string {
  let text = '';
  for (const row of rows) text += `,${value(row) ?? 'NULL'}`;
  return `{${text.slice(1)}}`;
}

/** A column of texts: `${texts(rows, (row) => row.name)}::text[]`. */
export function texts<T>(rows: Iterable<T>, value: (row: T) => string | null): string {
  let text = '';
  for (const row of rows) text += `,${quoted(value(row))}`;
  return `{${text.slice(1)}}`;
}

function quoted(value: string | null): string {
  if (value === null) return 'NULL';
  return SPECIAL.test(value) ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `"${value}"`;
}

const SPECIAL = /["\\]/;
