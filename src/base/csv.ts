/**
 * Rows of a CSV file as spreadsheets and people write them, a piece of the file at a time: the next piece is read when the rows of
 * the last are done with. Every byte ends as part of a row, or behind the place where reading stopped. Each character is looked at
 * a bounded number of times, whatever the file holds. No database.
 *
 * It is our own because of quotes: a parser that is strict loses a file to one `"` within a word, and one that is lenient takes a
 * quote that somebody forgot to close, and the rows after it, for one long cell.
 */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A row as it stands in the file, and the line on which it ends, from 1. `broken`: why its cells are not what somebody meant. */
export type CsvRow = { cells: string[]; line: number; broken?: string };

/** Where a file could be read no further, and why: what stands there and after it is in no row. */
export type Stop = { line: number; reason: string };

/** UTF-16 units. A quote that is never closed would else take in the rest of the file. */
const LONGEST_ROW = 256 * 1024;
/** Small, so that whoever reads rows can let others have their turn in between. */
const PIECE_BYTES = 16 * 1024;
/** Pieces without a row, one after the other: some ms of empty lines. */
const EMPTY_PIECES = 16;
const NEVER_CLOSED = 'opens a quote that is never closed';
const NO_TEXT =
  'has bytes that are no text in UTF-8: save the file as UTF-8, or name its encoding, such as windows-1252';
const WORKBOOK =
  'is that of a workbook (.xlsx, .ods, .xls) or an archive, and no CSV: save the table as CSV, and send that';
/** How they begin: an archive (also .ods), or Microsoft's older form. */
const WORKBOOKS = [Buffer.from('PK\u0003\u0004', 'latin1'), Buffer.from([0xd0, 0xcf, 0x11, 0xe0])];
const NOT_DOUBLED = 'has quotes within quotes that are not doubled, so that its cells cannot be told apart';

/** True for an encoding that can be read, by a name or label of the WHATWG Encoding Standard: `windows-1252`, `shift_jis`. */
export function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

/**
 * Yields the rows of a file; returns where it could be read no further, if so. UTF-8, or UTF-16 as spreadsheets save "Unicode
 * text", or the encoding that is named; LF, CRLF and CR, also in one file; cells are separated by what a first line `sep=` says, or
 * by what the header has. Throws what the stream throws, and ends the stream with itself.
 */
export async function* readCsv(
  stream: Readable,
  encoding?: string,
): AsyncGenerator<CsvRow[], Stop | undefined> {
  const reader = new RowReader();
  let empty = 0;
  for await (const text of textOf(stream, encoding)) {
    if (text === undefined) {
      yield [{ cells: [], line: 1, broken: WORKBOOK }];
      return undefined;
    }
    const stop = reader.read(text);
    const rows = reader.take();
    if (rows.length > 0) yield rows;
    // Nobody else has a turn while megabytes of empty lines are read that are there already.
    else if (++empty % EMPTY_PIECES === 0) await nextTurn();
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

/** The same of what names somebody: whoever keeps `00123-A` from being made a number of writes an apostrophe before it. */
const GUARDED_ID = /^'+\d/;

/** A cell that names somebody, guarded as others are, and so that an apostrophe of its own is not taken for a guard. */
export function guardedId(cell: string | null | undefined): string | number | null | undefined {
  return typeof cell === 'string' && GUARDED_ID.test(cell) ? `'${cell}` : guardedCell(cell);
}

/** What was guarded so, or by hand: `'00123-A`. What begins with an apostrophe of its own keeps it. */
export function unguardedId(cell: string): string {
  return GUARDED_ID.test(cell) ? cell.slice(1) : unguardedCell(cell);
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
  /** Cells of the header: what is read of quotes that are not doubled is right where it comes to as many. */
  #columns = 0;
  /** Quotes are escaped by a backslash here, as databases write them: seen once, since whoever doubles quotes never writes it so. */
  #escapes = false;
  #broken: string | undefined;
  #isOdd = false;

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

  #readLine(given: string, end: string): Stop | undefined {
    const stop = this.#tooLong(given.length);
    if (stop) return stop;
    this.#line += 1;
    if (this.#open === undefined) this.#begins = this.#line;
    let line = given;
    if (!line.isWellFormed()) {
      this.#broken = NO_TEXT;
      line = line.toWellFormed();
    }
    // A mark also begins each further file of several that were put one behind the other.
    if (this.#open === undefined && line.startsWith(MARK)) line = line.replace(/^\uFEFF+/, '');
    if (this.#delimiter === undefined) {
      const said = this.#line === 1 ? /^"?sep=([^"])"?$/iu.exec(line)?.[1] : undefined;
      if (said !== undefined) this.#delimiter = said;
      if (said !== undefined || line === '') return undefined;
      this.#delimiter = delimiterOf(line);
    }
    if (this.#open === undefined && line === '') return undefined;
    if (this.#open === undefined && !line.includes('"')) {
      const cells = line.split(this.#delimiter);
      // Spreadsheets save rows that were only formatted, thousands at times, as separators alone.
      if (this.#broken !== undefined || cells.some((cell) => cell.trim() !== '')) this.#endRow(cells);
      return undefined;
    }
    return this.#readQuoted(line, end, this.#delimiter);
  }

  #endRow(cells: string[]): void {
    this.#columns ||= cells.length;
    const broken = this.#broken ?? (this.#isOdd && cells.length !== this.#columns ? NOT_DOUBLED : undefined);
    this.#rows.push({ cells, line: this.#line, ...(broken === undefined ? {} : { broken }) });
    this.#broken = undefined;
    this.#isOdd = false;
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
        const from = open.line === this.#line ? start + 1 : start;
        const closed = closedAt(line, from, this.#escapes);
        if (!this.#escapes && closed.at >= 0 && isEscape(line, from, closed.at, delimiter)) {
          this.#escapes = true;
          continue;
        }
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
          this.#isOdd = true;
        }
        this.#open = undefined;
      }
      at = to + delimiter.length;
    }
    this.#endRow(this.#cells);
    this.#cells = [];
    return undefined;
  }
}

function endOfCell(line: string, delimiter: string, from: number): number {
  const at = line.indexOf(delimiter, from);
  return at < 0 ? line.length : at;
}

/**
 * The text up to the quote that closes a cell, two quotes being one (and one behind a backslash, where that escapes), and where that
 * is; -1 when it is not on this line.
 */
function closedAt(line: string, from: number, escapes: boolean): { text: string; at: number } {
  const parts: string[] = [];
  for (let at = from; ; ) {
    const quote = line.indexOf('"', at);
    if (quote < 0) return { text: parts.join('') + line.slice(at), at: -1 };
    if (escapes && isBehindBackslash(line, at, quote)) {
      parts.push(line.slice(at, quote - 1), '"');
      at = quote + 1;
      continue;
    }
    if (line[quote + 1] !== '"') return { text: parts.join('') + line.slice(at, quote), at: quote };
    parts.push(line.slice(at, quote + 1));
    at = quote + 2;
  }
}

function isBehindBackslash(line: string, from: number, quote: number): boolean {
  let at = quote;
  while (at > from && line[at - 1] === '\\') at--;
  return (quote - at) % 2 === 1;
}

/** Whether a quote that closes nothing, since text follows it, is one behind a backslash. */
function isEscape(line: string, from: number, quote: number, delimiter: string): boolean {
  const next = line.slice(quote + 1).trimStart();
  return next !== '' && !next.startsWith(delimiter) && isBehindBackslash(line, from, quote);
}

const DELIMITERS = [',', ';', '\t', '|'];

/** What separates the cells of the header: spreadsheets in half of Europe write semicolons. */
function delimiterOf(header: string): string {
  const bare = header.replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

const MARK = '\uFEFF';

/** Bytes as text, a piece at a time; without one, what is left of the last. */
type Decode = (bytes?: Buffer) => string;

/** The file as text, in pieces of a bounded size; undefined where it is none at all. What is no text in its encoding becomes half of a pair. */
async function* textOf(stream: Readable, named: string | undefined): AsyncGenerator<string | undefined> {
  let head: Buffer = Buffer.alloc(0);
  let decode: Decode | undefined;
  for await (const chunk of stream) {
    let bytes: Buffer = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
    if (!decode) {
      head = bytes = Buffer.concat([head, bytes]);
      if (head.length < 4) continue;
      if (WORKBOOKS.some((begins) => head.subarray(0, 4).equals(begins))) return yield undefined;
      decode = decoderOf(encodingOf(head, named));
    }
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield decode(bytes.subarray(at, at + PIECE_BYTES));
  }
  if (!decode) {
    decode = decoderOf(head.length < 2 ? (named ?? 'utf-8') : encodingOf(head, named));
    yield decode(head);
  }
  yield decode();
}

/** By the byte order mark; without one, what it is said to be, or a header of ASCII tells by where its zeros are. */
function encodingOf([first, second]: Buffer, named: string | undefined): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xef && second === 0xbb) return 'utf-8';
  if (named !== undefined) return named;
  if (first !== 0 && second === 0) return 'utf-16le';
  return first === 0 && second !== 0 ? 'utf-16be' : 'utf-8';
}

function decoderOf(encoding: string): Decode {
  const decoder = new TextDecoder(encoding);
  if (decoder.encoding === 'utf-8') return utf8Decoder();
  return (bytes) =>
    (bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()).replaceAll('\uFFFD', '\uDCFF');
}

function utf8Decoder(): Decode {
  let cut: Buffer = Buffer.alloc(0);
  return (bytes) => {
    const all = bytes ? Buffer.concat([cut, bytes]) : cut;
    const end = bytes ? endOfWhole(all) : all.length;
    const whole = all.subarray(0, end);
    cut = all.subarray(end);
    return isUtf8(whole) ? whole.toString('utf8') : marked(whole);
  };
}

/** Bytes of the character that begins with a byte; 0 where none can. */
function sizeBy(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** Where the last character begins that is not whole yet. */
function endOfWhole(bytes: Buffer): number {
  for (let at = bytes.length - 1; at >= Math.max(0, bytes.length - 3); at--) {
    const byte = bytes[at]!;
    if (byte >= 0x80 && byte < 0xc0) continue;
    return sizeBy(byte) > bytes.length - at ? at : bytes.length;
  }
  return bytes.length;
}

/** Text in which each byte that is no UTF-8 is half of a pair, as in Python's PEP 383: no UTF-8 comes to one. */
function marked(bytes: Buffer): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = sizeBy(bytes[at]!);
    if (size === 1 || (size > 1 && isUtf8(bytes.subarray(at, at + size)))) at += size;
    else {
      parts.push(bytes.toString('utf8', from, at), String.fromCharCode(0xdc00 + bytes[at]!));
      at += 1;
      from = at;
    }
  }
  return parts.join('') + bytes.toString('utf8', from);
}
