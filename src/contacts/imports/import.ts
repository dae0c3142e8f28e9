/**
 * Imports contacts from CSV, as a stream: batches are written while the next is read, and reading waits for writing, so
 * memory does not grow with the file. A row that is bad is noted and passed over. Doing it again doubles nothing.
 */
import { inKeyOrder } from '../../base/ids.ts';
import { hushChanges, noteChanged } from '../changes.ts';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { fault, type Fault, isFault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import { isOvertaken } from '../../db/errors.ts';
import type { Sql, Tx } from '../../db/pool.ts';
import {
  brokenHeader,
  type Column,
  type ColumnMapping,
  columnsOf,
  personOf,
  type RowFault,
} from './columns.ts';
import { readCsv, type CsvRow, type Stop } from '../../base/csv.ts';
import type { WantedPerson } from '../wanted.ts';
import { ensureSets, getSet } from '../sets.ts';
import { insertPairs } from '../sql.sets.ts';
import type { MadeRow } from './sql.undo.ts';
import { upsertContacts } from '../upsert.ts';
import { keepStatistics } from '../statistics.ts';

export type { ColumnMapping, ColumnTarget, RowFault } from './columns.ts';

/** What an import works with. */
type ImportDeps = {
  sql: Sql;
  /** Runs a batch in a transaction. */
  transact: Sql['begin'];
  ids: IdSource;
  nowMs: () => number;
};

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
  /** What the file is written in, where it is not UTF-8 and has no mark of its own: `windows-1252`. */
  encoding?: string | undefined;
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
  /** Where the file could be read no further, and why: what stands there and after it was not imported. */
  stopped?: Stop;
};

const BATCH_ROWS = 1000;
const BATCHES_IN_FLIGHT = 2;
const FAULTS_KEPT = 1000;
const BATCH_ATTEMPTS = 5;
/** Why somebody is not written who was erased. */
const ERASED = { field: 'row', rule: 'is of somebody who was erased after the file was uploaded' };

/** Imports a file. A fault when it cannot be imported as a whole; what was written before it was met stays. */
export async function importContacts(
  deps: ImportDeps,
  stream: Readable,
  options: ImportOptions,
): Promise<ImportResult | Fault> {
  const setIds = await setsOf(deps, options);
  if (isFault(setIds)) return setIds;
  const result = emptyResult();
  const refused = await importRows(deps, stream, { ...options, setIds, result });
  // What reads these tables next is planned by what is in them now.
  await keepStatistics(deps.sql);
  result.faults.sort((a, b) => a.line - b.line);
  return refused ?? result;
}

type Run = ImportOptions & { setIds: readonly number[]; result: ImportResult };

async function importRows(deps: ImportDeps, stream: Readable, run: Run): Promise<Fault | undefined> {
  const { result } = run;
  const writers = new Writers(deps, run);
  let columns: Column[] | undefined;
  let batch: Line[] = [];
  const pieces = readCsv(stream, run.encoding);
  try {
    let piece = await pieces.next();
    for (; !piece.done; piece = await pieces.next()) {
      for (const row of piece.value) {
        if (!columns) {
          const found = row.broken === undefined ? columnsOf(row.cells, run.mapping) : brokenHeader(row);
          if (isFault(found)) return found;
          columns = found;
          continue;
        }
        result.rows += 1;
        const person = personOf(row, columns, run);
        if ('rule' in person) reject(result, person);
        else batch.push({ person, line: row.line });
        if (batch.length < BATCH_ROWS) continue;
        await writers.write(batch);
        batch = [];
      }
      // Rows that are only refused wait for nothing: others get their turn here.
      await setImmediate();
    }
    await writers.write(batch);
    if (piece.value) result.stopped = piece.value;
    else if (!columns) return fault('bad_request', 'file: is empty', { field: 'file' });
  } finally {
    // Ends the stream when it was not read to its end.
    await Promise.all([pieces.return(undefined), writers.done()]);
  }
  return undefined;
}

/**
 * Writes up to two batches at a time, so that Postgres works while rows are read and sent. A
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

type Upserted = { contactId: number; created: boolean; attributesRefused: boolean };
type Line = { person: WantedPerson; line: number };

async function writeBatch(deps: ImportDeps, lines: readonly Line[], run: Run): Promise<void> {
  const { result, workspaceId, setIds } = run;
  if (lines.length === 0) return run.onProgress?.({ ...result, faults: [...result.faults] });
  count(result, lines, await upsertRows(deps, lines, { workspaceId, setIds }));
  run.onProgress?.({ ...result, faults: [...result.faults] });
}

/** What else is done in the transaction of a batch. */
type Beside = {
  /** Which of the rows are written. */
  only(tx: Tx, lines: readonly Line[]): Promise<readonly Line[]>;
  /** Told what became of each of those. */
  after(tx: Tx, lines: readonly Line[], upserted: readonly Upserted[], written: Written): Promise<void>;
};

/** Into which lists and tags it has put people, and when by our clock. */
type Written = { joined: readonly { contactId: number; setId: number }[]; atMs: number };

type WrittenTo = { workspaceId: number; setIds: readonly number[]; setsOff?: true | undefined };

async function upsertRows(
  deps: Pick<ImportDeps, 'transact' | 'ids' | 'nowMs'>,
  given: readonly Line[],
  { workspaceId, setIds, setsOff }: WrittenTo,
  beside?: Beside,
): Promise<readonly Upserted[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await deps.transact(async (tx) => {
        const lines = beside ? await beside.only(tx, given) : given;
        const people = lines.map(({ person }) => person);
        const atMs = deps.nowMs();
        const found = lines.length > 0 ? await upsertContacts(tx, deps.ids, atMs, people) : [];
        const contactIds = [...new Set(found.map(({ contactId }) => contactId))];
        const hasMembers = setIds.length > 0 && contactIds.length > 0;
        const joined = hasMembers ? await insertPairs(tx, workspaceId, setIds, contactIds) : [];
        if (hasMembers) noteChanged(tx, workspaceId, contactIds);
        // What is brought in sets nothing off, unless that was asked for.
        if (!setsOff) hushChanges(tx);
        await beside?.after(tx, lines, found, { joined, atMs });
        return found;
      });
    } catch (error) {
      // Another import touched the same contacts in another order.
      if (attempt === BATCH_ATTEMPTS || !isOvertaken(error)) throw error;
    }
  }
}

/**
 * Imports some rows of a file in one transaction, with what `also` writes of what came of them: a worker that dies has written both or
 * neither.
 */
export async function importPart(
  deps: Pick<ImportDeps, 'transact' | 'ids' | 'nowMs'>,
  rows: readonly CsvRow[],
  to: WrittenTo & {
    columns: readonly Column[];
    defaultCountry?: string | undefined;
    /** Says of each person whether they may not come back by this file. */
    erased: (tx: Tx) => Promise<((person: WantedPerson) => boolean) | undefined>;
  },
  also: (tx: Tx, result: ImportResult, made: readonly MadeRow[]) => Promise<void>,
): Promise<void> {
  const read = emptyResult();
  read.rows = rows.length;
  const lines: Line[] = [];
  for (const row of rows) {
    const person = personOf(row, to.columns, to);
    if ('rule' in person) reject(read, person);
    else lines.push({ person, line: row.line });
  }
  await upsertRows(deps, lines, to, {
    async only(tx, all) {
      const isErased = await to.erased(tx);
      return isErased ? all.filter(({ person }) => !isErased(person)) : all;
    },
    async after(tx, written, upserted, of) {
      const result = { ...read, faults: [...read.faults] };
      const taken = new Set(written);
      for (const one of lines) if (!taken.has(one)) reject(result, { line: one.line, ...ERASED });
      count(result, written, upserted);
      await also(tx, result, madeOf(upserted, of));
    },
  });
}

/** What a part made, person by person. */
function madeOf(upserted: readonly Upserted[], { joined, atMs }: Written): MadeRow[] {
  const made = new Map<number, MadeRow>();
  for (const { contactId, created } of upserted) {
    const one = made.get(contactId) ?? { contactId, made: false, setIds: [], atMs };
    made.set(contactId, { ...one, made: one.made || created });
  }
  for (const { contactId, setId } of joined) made.get(contactId)?.setIds.push(setId);
  return inKeyOrder(made.values(), ({ contactId }) => contactId);
}

function emptyResult(): ImportResult {
  return { rows: 0, created: 0, updated: 0, rejected: 0, faults: [] };
}

function count(result: ImportResult, lines: readonly Line[], upserted: readonly Upserted[]): void {
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

async function setsOf(deps: ImportDeps, options: ImportOptions): Promise<number[] | Fault> {
  return await deps.sql.begin((tx) => setsNamed(tx, deps.ids, deps.nowMs(), options));
}

/** The list and tags into which an import puts everyone; tags that do not exist are made. */
export async function setsNamed(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  { workspaceId, listId, tags = [] }: Pick<ImportOptions, 'workspaceId' | 'listId' | 'tags'>,
): Promise<number[] | Fault> {
  const list = listId === undefined ? undefined : await getSet(tx, workspaceId, listId);
  if (listId !== undefined && list?.kind !== 'list')
    return fault('not_found', 'listId: there is no list with this id', { field: 'listId' });
  const named = await ensureSets(tx, ids, nowMs, { workspaceId, kind: 'tag', names: tags });
  if (isFault(named)) return named;
  return [...new Set([...(list ? [list.id] : []), ...named.map(({ id }) => id)])];
}
