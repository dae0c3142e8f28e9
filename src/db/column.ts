/** Rows as a batch statement takes them. */

/** A list in a column would be flattened: `listText` makes a text of it. */
type Scalar = string | number | boolean | null | undefined;

/** One column of rows, for `unnest`: `unnest(${column(rows, (row) => row.id)}::bigint[], …)`. */
export function column<T, V extends Scalar>(rows: readonly T[], value: (row: T) => V): V[] {
  return rows.map(value);
}

/** A list of texts as the text of an array, for a column of lists: `unnest` would make one list of arrays within arrays. */
export function listText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
