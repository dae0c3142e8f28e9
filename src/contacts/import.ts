/**
 * Imports contacts from CSV, as a stream: batches are written while the next is read, and reading waits for writing, so
 * memory does not grow with the file. A row that is bad is noted and passed over. Doing it again doubles nothing.
 */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse, type Parser } from 'csv-parse';
import { fault, type Fault, isFault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Sql, Tx } from '../db/pool.ts';
import { type Column, type ColumnMapping, columnsOf, personOf, type RowFault } from './import.columns.ts';
import type { Person } from './resolve.ts';
import { ensureSets, getSet } from './sets.ts';
import { insertMembers } from './sql.sets.ts';
import { upsertContacts } from './upsert.ts';

export type { ColumnMapping, ColumnTarget, RowFault } from './import.columns.ts';

/** What an import works with. */
export type ImportDeps = { sql: Sql; ids: IdSource; nowMs: () => number };

/** What is imported where. */
export type ImportOptions = {
  workspaceId: number;
  mapping?: ColumnMapping | undefined;
  /** Everyone in the file is put into this list. */
  listId?: number | undefined;
  /** Everyone in the file is given these tags; those that do not exist are made. */
  tags?: readonly string[] | undefined;
  /** Two letters, for phone numbers without a country code. */
  defaultCountry?: string | undefined;
  /** Told after each batch; what it is given changes no more. */
  onProgress?: ((result: ImportResult) => void) | undefined;
};

/** rows = created + updated + rejected. `updated` are rows about a contact that was there, or stood earlier in the file. */
export type ImportResult = {
  rows: number;
  created: number;
  updated: number;
  rejected: number;
  /** The first 1,000 of the rows that were rejected, and why. */
  faults: RowFault[];
};

const BATCH_ROWS = 1000;
const BATCHES_IN_FLIGHT = 2;
const FAULTS_KEPT = 1000;
/** A quote that is never closed would else take in the rest of the file. */
const MAX_ROW_BYTES = 256 * 1024;
const BATCH_ATTEMPTS = 5;

/** Imports a file. A fault when it cannot be imported as a whole; what was written before it was met stays. */
export async function importContacts(
  deps: ImportDeps,
  stream: Readable,
  options: ImportOptions,
): Promise<ImportResult | Fault> {
  const setIds = await setsOf(deps, options);
  if (isFault(setIds)) return setIds;
  const result: ImportResult = { rows: 0, created: 0, updated: 0, rejected: 0, faults: [] };
  let refused: Fault | undefined;
  try {
    const { delimiter, chunks } = await delimiterOf(stream);
    await pipeline(chunks, csvParser(delimiter, result), async (records: AsyncIterable<string[]>) => {
      refused = await importRecords(deps, records, { ...options, setIds, result });
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return fault('unprocessable', `file: ${error.message}`, { field: 'file' });
  }
  result.faults.sort((a, b) => a.line - b.line);
  return refused ?? result;
}

type Run = ImportOptions & { setIds: readonly number[]; result: ImportResult };

async function importRecords(
  deps: ImportDeps,
  records: AsyncIterable<string[]>,
  run: Run,
): Promise<Fault | undefined> {
  const { result } = run;
  let columns: Column[] | undefined;
  let batch: Line[] = [];
  const writers = new Writers(deps, run);
  try {
    for await (const record of records) {
      const line = Number(record.pop());
      if (!columns) {
        const found = columnsOf(record, run.mapping);
        if (isFault(found)) return found;
        columns = found;
        continue;
      }
      result.rows += 1;
      const person = personOf(record, columns, { ...run, line });
      if ('rule' in person) reject(result, person);
      else batch.push({ person, line });
      if (batch.length < BATCH_ROWS) continue;
      await writers.write(batch);
      batch = [];
    }
    if (columns) await writers.write(batch);
  } finally {
    await writers.done();
  }
  return columns ? undefined : fault('bad_request', 'file: is empty', { field: 'file' });
}

/**
 * Writes up to two batches at a time, so that Postgres works while rows are read and sent: a third faster on two cores. A
 * batch that shares a phone, e-mail address or id with one that is being written waits for it, so that of two rows about one
 * contact the later counts.
 */
class Writers {
  readonly #deps: ImportDeps;
  readonly #run: Run;
  readonly #writing = new Map<Promise<void>, ReadonlySet<string>>();

  constructor(deps: ImportDeps, run: Run) {
    this.#deps = deps;
    this.#run = run;
  }

  /** Begins to write once there is room. Fails when a batch before it failed. */
  async write(batch: readonly Line[]): Promise<void> {
    const keys = new Set(
      batch.flatMap(({ person }) =>
        person.identities.map(({ kind, value }) => `${kind}|${value.toLowerCase()}`),
      ),
    );
    const rivals = [...this.#writing].filter(([, others]) => [...keys].some((key) => others.has(key)));
    await Promise.all(rivals.map(([writing]) => writing));
    if (this.#writing.size >= BATCHES_IN_FLIGHT) await Promise.race(this.#writing.keys());
    const writing = writeBatch(this.#deps, batch, this.#run);
    this.#writing.set(writing, keys);
    writing.then(
      () => this.#writing.delete(writing),
      // It stays: whoever waits next hears of the failure.
      () => {},
    );
  }

  /** When all that was begun is written. */
  async done(): Promise<void> {
    await Promise.all(this.#writing.keys());
  }
}

type Line = { person: Person; line: number };

async function writeBatch(deps: ImportDeps, lines: readonly Line[], run: Run): Promise<void> {
  const { result, workspaceId, setIds } = run;
  const people = lines.map(({ person }) => person);
  for (let attempt = 1; lines.length > 0; attempt++) {
    try {
      const upserted = await deps.sql.begin(async (tx) => {
        const found = await upsertContacts(tx as Tx, deps.ids, deps.nowMs(), people);
        const contactIds = [...new Set(found.map(({ contactId }) => contactId))];
        if (setIds.length > 0) await insertMembers(tx, workspaceId, setIds, contactIds);
        return found;
      });
      count(result, lines, upserted);
      break;
    } catch (error) {
      // 40P01 deadlock, 40001 serialization: another import touched the same contacts in another order.
      const code = (error as { code?: string }).code;
      if (attempt === BATCH_ATTEMPTS || (code !== '40P01' && code !== '40001')) throw error;
    }
  }
  run.onProgress?.({ ...result, faults: [...result.faults] });
}

function count(
  result: ImportResult,
  lines: readonly Line[],
  upserted: readonly { created: boolean; attributesRefused: boolean }[],
): void {
  upserted.forEach(({ created, attributesRefused }, i) => {
    if (attributesRefused)
      reject(result, {
        line: lines[i]!.line,
        field: 'attributes',
        rule: 'together with those of the contact are too large; the rest of the row was taken',
      });
    else if (created) result.created += 1;
    else result.updated += 1;
  });
}

function reject(result: ImportResult, rowFault: RowFault): void {
  result.rejected += 1;
  if (result.faults.length < FAULTS_KEPT) result.faults.push(rowFault);
}

const DELIMITERS = [',', ';', '\t'];
const HEADER_BYTES = 64 * 1024;

/** What separates the cells of the first line: spreadsheets in half of Europe write semicolons. */
async function delimiterOf(
  stream: Readable,
): Promise<{ delimiter: string; chunks: AsyncGenerator<Uint8Array> }> {
  const chunks = bytesOf(stream);
  let head = Buffer.alloc(0);
  while (head.length < HEADER_BYTES && !head.includes('\n')) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const line = head
    .toString('latin1')
    .split('\n', 1)[0]!
    .replaceAll(/"[^"]*"/g, '');
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return {
    delimiter: DELIMITERS[counts.indexOf(Math.max(...counts))]!,
    chunks: follow(head, chunks),
  };
}

async function* bytesOf(stream: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream)
    yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
}

async function* follow(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}

/** Rows come with the number of their line as a last cell. */
function csvParser(delimiter: string, result: ImportResult): Parser {
  return parse({
    bom: true,
    delimiter,
    max_record_size: MAX_ROW_BYTES,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_record: (record: string[], { lines }) => {
      record.push(String(lines));
      return record;
    },
    on_skip: (error) => {
      result.rows += 1;
      reject(result, {
        line: Number(error?.['lines'] ?? 0),
        field: 'row',
        rule: error?.message ?? 'is not CSV',
      });
      return undefined;
    },
  });
}

async function setsOf(deps: ImportDeps, options: ImportOptions): Promise<number[] | Fault> {
  const { workspaceId, listId, tags = [] } = options;
  const list = listId === undefined ? undefined : await getSet(deps.sql, workspaceId, listId);
  if (listId !== undefined && list?.kind !== 'list')
    return fault('not_found', 'listId: there is no list with this id', { field: 'listId' });
  const named = await deps.sql.begin((tx) =>
    ensureSets(tx as Tx, deps.ids, deps.nowMs(), { workspaceId, kind: 'tag', names: tags }),
  );
  if (isFault(named)) return named;
  return [...new Set([...(list ? [list.id] : []), ...named.map(({ id }) => id)])];
}
