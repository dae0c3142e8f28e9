/**
 * Arrays as Postgres writes them, for parameters of unnest: one text per column, whatever the driver makes of a list.
 */

import { bucketOf } from '../base/ids.ts';

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

/**
 * Rows in the order in which contacts are locked (`lockPresent`): two batches that have some in common wait for each other, and do not lock
 * each other out.
 */
export function inLockOrder<T>(rows: Iterable<T>, contactId: (row: T) => number): T[] {
  const placed = Array.from(rows, (row) => ({ row, id: contactId(row) }));
  return placed.sort((a, b) => bucketOf(a.id) - bucketOf(b.id) || a.id - b.id).map(({ row }) => row);
}
