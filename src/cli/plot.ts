/** Small drawings of text: an interval on a line, and heights in a row. Pure. */

const HEIGHTS = '▁▂▃▄▅▆▇█';

/** An interval with its middle, on a line of `width` places that reaches `from` … `to`: `   ├──●───┤  `. */
export function intervalLine(
  { low, middle, high }: { low: number; middle: number; high: number },
  { from, to, width }: { from: number; to: number; width: number },
): string {
  const span = to - from || 1;
  const at = (value: number) =>
    Math.max(0, Math.min(width - 1, Math.round(((value - from) / span) * (width - 1))));
  const line = Array.from({ length: width }, () => ' ');
  for (let i = at(low); i <= at(high); i++) line[i] = '─';
  line[at(low)] = '├';
  line[at(high)] = '┤';
  line[at(middle)] = '●';
  return line.join('').trimEnd();
}

/** Heights in a row, the tallest as high as a line; what is nothing is a space. */
export function heights(values: readonly number[]): string {
  const most = Math.max(...values, 0);
  return values
    .map((value) => (value <= 0 ? ' ' : HEIGHTS[Math.ceil((value / most) * HEIGHTS.length) - 1]!))
    .join('');
}

/** Rows in columns, the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
