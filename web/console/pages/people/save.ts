/** Saves rows as a file of the browser. */

/** Saves a CSV. What a spreadsheet would take for a formula is guarded, as an import reads it. */
export function saveCsv(name: string, rows: readonly (readonly string[])[]): void {
  save(
    `${name.replace(/\.csv$/i, '')}.csv`,
    'text/csv',
    rows.map((row) => row.map(cell).join(',')).join('\r\n'),
  );
}

/** Saves a text under a name. */
export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function cell(text: string): string {
  const safe = /^[=+@-]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
