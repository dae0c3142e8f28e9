/**
 * Rows of a CSV file, a piece of the file at a time. The next piece is read when the rows of the last are done with. The
 * parser is fed by hand: as a stream it drops rows it has read when it meets an error after them. No database.
 */
import type { Readable } from 'node:stream';
import { type CsvError, parse, type Parser } from 'csv-parse';
import type { RowFault } from './import.columns.ts';

/** A row as it stands in the file, and the line on which it ends, from 1. */
export type CsvRow = { cells: string[]; line: number };

/** A quote that is never closed would else take in the rest of the file. */
const MAX_ROW_BYTES = 256 * 1024;
const PIECE_BYTES = 64 * 1024;

const STOPPED: Partial<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'opens a quote that is never closed',
  CSV_MAX_RECORD_SIZE: `is larger than ${MAX_ROW_BYTES} bytes: perhaps it opens a quote that is never closed`,
};

/**
 * Yields the rows of a file; returns where it could be read no further, if so. UTF-8 with or without a byte order mark, LF or
 * CRLF; cells are separated by what the first line is. Throws what the stream throws, and ends the stream with itself.
 */
export async function* readCsv(stream: Readable): AsyncGenerator<CsvRow[], RowFault | undefined> {
  let rows: CsvRow[] = [];
  let lastLine = 0;
  let parser: Parser | undefined;
  for await (const piece of piecesOf(stream)) {
    parser ??= csvParser(delimiterOf(piece), (row) => {
      rows.push(row);
      lastLine = row.line;
    });
    const failure = await fed(parser, piece);
    if (rows.length > 0) yield rows;
    rows = [];
    if (failure) return stoppedAt(lastLine + 1, failure);
  }
  const failure = parser && (await ended(parser));
  if (rows.length > 0) yield rows;
  return failure && stoppedAt(lastLine + 1, failure);
}

function csvParser(delimiter: string, onRow: (row: CsvRow) => void): Parser {
  const parser = parse({
    bom: true,
    delimiter,
    max_record_size: MAX_ROW_BYTES,
    relax_column_count: true,
    // A quote within a cell is a quote.
    relax_quotes: true,
    skip_empty_lines: true,
    on_record: (cells: string[], { lines }) => {
      onRow({ cells, line: lines });
      return null;
    },
  });
  // Each call of write and end is told of its own failure.
  parser.on('error', () => {});
  return parser.resume();
}

function fed(parser: Parser, piece: Uint8Array): Promise<CsvError | undefined> {
  return new Promise((resolve) => {
    parser.write(piece, (error) => resolve((error ?? undefined) as CsvError | undefined));
  });
}

function ended(parser: Parser): Promise<CsvError | undefined> {
  return new Promise((resolve) => {
    parser.end((error?: Error | null) => resolve((error ?? undefined) as CsvError | undefined));
  });
}

function stoppedAt(line: number, { code, message }: CsvError): RowFault {
  return { line, field: 'row', rule: STOPPED[code] ?? message };
}

/** The file in pieces of a bounded size, the first of them at least a whole line if the file has one that is not longer. */
async function* piecesOf(stream: Readable): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of stream) {
    let bytes: Buffer = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array);
    if (head) {
      head = Buffer.concat([head, bytes]);
      if (head.length < PIECE_BYTES && !head.includes('\n')) continue;
      bytes = head;
      head = undefined;
    }
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
  }
  if (head && head.length > 0) yield head;
}

const DELIMITERS = [',', ';', '\t'];

/** What separates the cells of the first line: spreadsheets in half of Europe write semicolons. */
function delimiterOf(head: Buffer): string {
  const line = head
    .toString('latin1')
    .split('\n', 1)[0]!
    .replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}
