/** Rows as a batch statement takes them. */

/** One column of rows, for `unnest`: `unnest(${column(rows, (row) => row.id)}::bigint[], …)`. */
export function column<T, V>(rows: readonly T[], value: (row: T) => V): V[] {
  return rows.map(value);
}
