/**
 * Rows of a CSV file as spreadsheets and people write them, a piece of the file at a time: the next piece is read when the rows of
 * the last are done with. Every byte ends as part of a row, or behind the place where reading stopped. Each character is looked at
 * a bounded number of times, whatever the file holds. No database.
 *
 * It is our own because of quotes: a parser that is strict loses a file to one `"` within a word, and one that is lenient takes a
 * quote that somebody forgot to close, and the rows after it, for one long cell.
 */
import type { Readable } from 'node:stream';

/** A row as it stands in the file, and the line on which it ends, from 1. */
export type CsvRow = { cells: string[]; line: number };

/** Where a file could be read no further, and why: what stands there and after it is in no row. */
export type Stop = { line: number; reason: string };

/** UTF-16 units. A quote that is never closed would else take in the rest of the file. */
const LONGEST_ROW = 256 * 1024;
/** Small, so that whoever reads rows can let others have their turn in between. */
const PIECE_BYTES = 16 * 1024;
const NEVER_CLOSED = 'opens a quote that is never closed';

/**
 * Yields the rows of a file; returns where it could be read no further, if so. UTF-8, or UTF-16 as spreadsheets save "Unicode
 * text"; LF, CRLF and CR, also in one file; cells are separated by what a first line `sep=` says, or by what the header has.
 * Throws what the stream throws, and ends the stream with itself.
 */
export async function* readCsv(stream: Readable): AsyncGenerator<CsvRow[], Stop | undefined> {
  const reader = new RowReader();
  for await (const text of textOf(stream)) {
    const stop = reader.read(text);
    const rows = reader.take();
    if (rows.length > 0) yield rows;
    if (stop) return stop;
  }
  const stop = reader.end();
  const rows = reader.take();
  if (rows.length > 0) yield rows;
  return stop;
}

/** A row as it is written: cells with a comma, a quote or the end of a line are quoted; null and undefined are empty. */
export function csvLine(cells: readonly (string | number | null | undefined)[]): string {
  const text = cells.map((cell) => {
    const value = String(cell ?? '');
    return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  });
  return `${text.join(',')}\r\n`;
}

/** What a spreadsheet takes for a formula (OWASP, CSV injection), also behind apostrophes; and digits behind one. */
const GUARDED = /^[\s\p{Cc}']*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^'*[\t\r\n]|^'+\d+$/u;

/** A cell that no spreadsheet takes for a formula, by an apostrophe; so is what `unguardedCell` would take for one that was guarded. */
export function guardedCell(cell: string | number | null | undefined): string | number | null | undefined {
  return typeof cell === 'string' && GUARDED.test(cell) ? `'${cell}` : cell;
}

/** What was guarded so, or by hand: `'+316…`, `'00123`. `'s-Gravenhage` stays what it is. */
export function unguardedCell(cell: string): string {
  return cell.startsWith("'") && GUARDED.test(cell) ? cell.slice(1) : cell;
}

class RowReader {
  #rows: CsvRow[] = [];
  /** The line that is not at its end yet, in the pieces it came in. */
  #begun: string[] = [];
  #begunLength = 0;
  #line = 0;
  #delimiter: string | undefined;
  /** Cells of a row whose last cell goes on over the end of a line, and that cell: where its quote was opened. */
  #cells: string[] = [];
  #open: { text: string; line: number } | undefined;
  /** The line on which the row begins: where it cannot be read to its end, all of it is in no row. */
  #begins = 0;

  take(): CsvRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Reads the lines that end in this piece. */
  read(piece: string): Stop | undefined {
    // A CR at the end of a piece may be half of a CRLF.
    if (!/[\r\n]/.test(piece) && !this.#begun.at(-1)?.endsWith('\r')) return this.#keep(piece);
    const text = [...this.#begun, piece].join('');
    this.#begun = [];
    this.#begunLength = 0;
    let from = 0;
    let lf = text.indexOf('\n');
    let cr = text.indexOf('\r');
    while (lf >= 0 || (cr >= 0 && cr < text.length - 1)) {
      const end = cr >= 0 && (lf < 0 || cr < lf) ? cr : lf;
      const next = end === cr && lf === cr + 1 ? cr + 2 : end + 1;
      const stop = this.#readLine(text.slice(from, end), text.slice(end, next));
      if (stop) return stop;
      from = next;
      if (lf >= 0 && lf < from) lf = text.indexOf('\n', from);
      if (cr >= 0 && cr < from) cr = text.indexOf('\r', from);
    }
    return this.#keep(text.slice(from));
  }

  /** Reads what stands after the last end of a line. */
  end(): Stop | undefined {
    const last = this.#begun.join('');
    const stop = last === '' ? undefined : this.#readLine(last.replace(/\r$/, ''), '');
    return stop ?? (this.#open && { line: this.#begins, reason: NEVER_CLOSED });
  }

  #keep(rest: string): Stop | undefined {
    if (rest === '') return undefined;
    this.#begun.push(rest);
    this.#begunLength += rest.length;
    return this.#tooLong(this.#begunLength);
  }

  #tooLong(length: number): Stop | undefined {
    const all = length + (this.#open?.text.length ?? 0);
    if (all <= LONGEST_ROW) return undefined;
    const line = this.#open ? this.#begins : this.#line + 1;
    const perhaps = this.#open ? `: perhaps it ${NEVER_CLOSED}` : '';
    return { line, reason: `is a row of more than ${LONGEST_ROW} characters${perhaps}` };
  }

  #readLine(line: string, end: string): Stop | undefined {
    const stop = this.#tooLong(line.length);
    if (stop) return stop;
    this.#line += 1;
    if (this.#open === undefined) this.#begins = this.#line;
    if (this.#delimiter === undefined) {
      const said = this.#line === 1 ? /^"?sep=([^"])"?$/iu.exec(line)?.[1] : undefined;
      if (said !== undefined) this.#delimiter = said;
      if (said !== undefined || line === '') return undefined;
      this.#delimiter = delimiterOf(line);
    }
    if (this.#open === undefined && line === '') return undefined;
    if (this.#open === undefined && !line.includes('"')) {
      this.#rows.push({ cells: line.split(this.#delimiter), line: this.#line });
      return undefined;
    }
    return this.#readQuoted(line, end, this.#delimiter);
  }

  /** A line that has quotes, or stands within one that was opened on a line before it. */
  #readQuoted(line: string, end: string, delimiter: string): Stop | undefined {
    let at = 0;
    while (at <= line.length) {
      let to: number;
      if (this.#open === undefined && line[at] !== '"') {
        to = endOfCell(line, delimiter, at);
        this.#cells.push(line.slice(at, to));
      } else {
        const start = at;
        const open = (this.#open ??= { text: '', line: this.#line });
        const closed = closedAt(line, open.line === this.#line ? start + 1 : start);
        open.text += closed.text;
        if (closed.at < 0) {
          open.text += end;
          return undefined;
        }
        to = closed.at + 1;
        // Blanks after the quote mean nothing, unless they separate.
        while (line[to] === ' ' && delimiter !== ' ') to += 1;
        if (to === line.length || line.startsWith(delimiter, to)) this.#cells.push(open.text);
        // After a cell of one line this is a quote within a word; after more it may be that of another row.
        else if (open.line !== this.#line) return { line: this.#begins, reason: NEVER_CLOSED };
        else {
          to = endOfCell(line, delimiter, closed.at);
          this.#cells.push(line.slice(start, to));
        }
        this.#open = undefined;
      }
      at = to + delimiter.length;
    }
    this.#rows.push({ cells: this.#cells, line: this.#line });
    this.#cells = [];
    return undefined;
  }
}

function endOfCell(line: string, delimiter: string, from: number): number {
  const at = line.indexOf(delimiter, from);
  return at < 0 ? line.length : at;
}

/** The text up to the quote that closes a cell, two quotes being one, and where that is; -1 when it is not on this line. */
function closedAt(line: string, from: number): { text: string; at: number } {
  const parts: string[] = [];
  for (let at = from; ; ) {
    const quote = line.indexOf('"', at);
    if (quote < 0) return { text: parts.join('') + line.slice(at), at: -1 };
    if (line[quote + 1] !== '"') return { text: parts.join('') + line.slice(at, quote), at: quote };
    parts.push(line.slice(at, quote + 1));
    at = quote + 2;
  }
}

const DELIMITERS = [',', ';', '\t', '|'];

/** What separates the cells of the header: spreadsheets in half of Europe write semicolons. */
function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

/** The file as text, in pieces of a bounded size. Bytes that are no text become U+FFFD. */
async function* textOf(stream: Readable): AsyncGenerator<string> {
  let head: Buffer = Buffer.alloc(0);
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  for await (const chunk of stream) {
    let bytes: Buffer = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
    if (!decoder) {
      head = bytes = Buffer.concat([head, bytes]);
      if (head.length < 2) continue;
      decoder = new TextDecoder(encodingOf(head));
    }
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      yield decoder.decode(bytes.subarray(at, at + PIECE_BYTES), { stream: true });
  }
  yield decoder ? decoder.decode() : head.toString('utf8');
}

/** By the byte order mark; without one, a header of ASCII tells by where its zeros are. */
function encodingOf([first, second]: Buffer): string {
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || (first === 0 && second !== 0) ? 'utf-16be' : 'utf-8';
}
