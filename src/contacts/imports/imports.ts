/**
 * Imports as jobs: a file is uploaded and kept in parts, looked at with its columns guessed, and begun. What then is written is
 * `import.ts`'s; how it goes on is `job.ts`'s. The file is kept until the import is over, and a week at most.
 */
import type { Readable } from 'node:stream';
import { readCsv, type CsvRow, type Stop } from '../../base/csv.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Db, Sql, Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { setsNamed, type ColumnMapping, type ColumnTarget } from './import.ts';
import { brokenHeader, columnsOf, guessColumns, personOf, type RowFault } from './columns.ts';
import {
  deleteImport,
  endUpload,
  insertImport,
  insertPart,
  selectFaults,
  selectImport,
  selectImports,
  selectPart,
  selectStale,
  updateImport,
  type ImportRow,
} from './sql.ts';

export type { ImportRow } from './sql.ts';

/** Rows of a part: what is written in one transaction. */
const PART_ROWS = 1_000;
/** A part is not longer than this, whatever its rows hold; UTF-16 units. */
const PART_LENGTH = 4 * 1024 * 1024;
/** Rows that are looked at before an import begins. */
const PREVIEW_ROWS = 50;
const MOST_ROWS = 5_000_000;
const WAITING_KEPT_MS = 7 * 86_400_000;
const ENDED_KEPT_MS = 90 * 86_400_000;

/** How an import is to be done, once it has begun. */
type ImportPlan = {
  mapping?: ColumnMapping | undefined;
  defaultCountry?: string | undefined;
  listId?: number | undefined;
  tags?: readonly string[] | undefined;
  /** It may set campaigns off: how many rows whoever says so takes it to have. */
  setsOff?: number | undefined;
};
/** The plan with its list and tags found. */
export type SetPlan = Pick<ImportPlan, 'mapping' | 'defaultCountry'> & {
  setIds: number[];
  setsOff?: true;
  /** What it makes is written down, so that it can be taken back. */
  keeps?: true;
};

/** An import. */
export const findImport = selectImport;
/** Imports, newest first. */
export const listImports = selectImports;
/** Why rows of an import were rejected, in the order of the file. */
export const faultsOfImport = selectFaults;
/** Takes an import away, with its file; one that is under way stops. */
export const dropImport = deleteImport;

/** Keeps a file, part by part while it arrives; nothing of it stays when it does not come to its end. */
export async function receiveImport(
  deps: { sql: Sql; ids: IdSource; nowMs: () => number },
  stream: Readable,
  { workspaceId, name, encoding }: { workspaceId: number; name: string; encoding?: string | undefined },
): Promise<ImportRow | Fault> {
  const { sql } = deps;
  const id = deps.ids.spread();
  await insertImport(sql, { id, workspaceId, name, createdMs: deps.nowMs() });
  try {
    const got = await keepParts(sql, id, readCsv(stream, encoding));
    if (!isFault(got) && (await endUpload(sql, { id, ...got })))
      return (await selectImport(sql, workspaceId, id))!;
    await sql.begin((tx) => deleteImport(tx, workspaceId, id));
    return isFault(got) ? got : fault('not_found', 'The import was deleted while it was uploaded.');
  } catch (error) {
    await sql.begin((tx) => deleteImport(tx, workspaceId, id));
    throw error;
  }
}

async function keepParts(
  sql: Sql,
  id: number,
  pieces: ReturnType<typeof readCsv>,
): Promise<Pick<ImportRow, 'header' | 'parts' | 'rows' | 'stopped'> | Fault> {
  let header: string[] | undefined;
  let part: string[] = [];
  let length = 0;
  let parts = 0;
  let rows = 0;
  const flush = async () => {
    if (part.length === 0) return;
    await insertPart(sql, id, parts, `[${part.join(',')}]`);
    parts += 1;
    part = [];
    length = 0;
  };
  let piece = await pieces.next();
  for (; !piece.done; piece = await pieces.next()) {
    for (const row of piece.value) {
      if (!header) {
        if (row.broken !== undefined) {
          await pieces.return(undefined);
          return brokenHeader(row);
        }
        header = row.cells;
        continue;
      }
      rows += 1;
      if (rows > MOST_ROWS) {
        await pieces.return(undefined);
        return fault('too_large', `The file has more than ${MOST_ROWS} rows: send it in several.`);
      }
      const text = JSON.stringify(keptOf(row));
      part.push(text);
      length += text.length;
      if (part.length >= PART_ROWS || length >= PART_LENGTH) await flush();
    }
  }
  await flush();
  const stopped = piece.value ? JSON.stringify(piece.value satisfies Stop) : null;
  if (!header) return fault('bad_request', 'file: is empty', { field: 'file' });
  return { header: JSON.stringify(header), parts, rows, stopped };
}

/** A row as a part keeps it: why it is broken stands before its line, where it is. */
type KeptRow = [line: number, ...cells: string[]] | [broken: string, line: number, ...cells: string[]];

function keptOf({ broken, line, cells }: CsvRow): KeptRow {
  return broken === undefined ? [line, ...cells] : [broken, line, ...cells];
}

/** The rows of a part. */
export function rowsIn(part: string): CsvRow[] {
  return (JSON.parse(part) as KeptRow[]).map((kept) => {
    if (typeof kept[0] === 'number') return { line: kept[0], cells: kept.slice(1) as string[] };
    const [broken, line, ...cells] = kept as [string, number, ...string[]];
    return { line, cells, broken };
  });
}

/** What an import would do: what each column is, and the first rows with what is wrong with them. */
type ImportPreview = {
  columns: { header: string; target: ColumnTarget }[];
  /** Why it cannot be begun so. */
  fault: { field: string; rule: string } | null;
  rows: { line: number; cells: string[]; fault: Omit<RowFault, 'line'> | null }[];
};

/** Looks at the first rows of an import; changes nothing. */
export async function previewImport(
  db: Db,
  row: ImportRow,
  { mapping, defaultCountry }: Pick<ImportPlan, 'mapping' | 'defaultCountry'>,
): Promise<ImportPreview> {
  const header = JSON.parse(row.header) as string[];
  const columns = columnsOf(header, mapping);
  const part = await selectPart(db, row.id, 0);
  const rows = part === undefined ? [] : rowsIn(part).slice(0, PREVIEW_ROWS);
  const judge = (one: CsvRow) => {
    if (isFault(columns)) return null;
    const person = personOf(one, columns, { workspaceId: row.workspaceId, defaultCountry });
    return 'rule' in person ? { field: person.field, rule: person.rule } : null;
  };
  return {
    columns: isFault(columns)
      ? guessColumns(header).map(({ header: named, target }) => ({
          header: named,
          target: mapping?.[named] ?? target,
        }))
      : columns,
    fault: isFault(columns) ? { field: columns.field ?? 'mapping', rule: columns.message } : null,
    rows: rows.map((one) => ({ line: one.line, cells: one.cells, fault: judge(one) })),
  };
}

/** Begins an import; part of the caller's transaction. */
export async function startImport(
  deps: { ids: IdSource; queue: Queue },
  tx: Tx,
  of: { workspaceId: number; id: number; nowMs: number },
  { mapping, defaultCountry, listId, tags, setsOff }: ImportPlan,
): Promise<ImportRow | Fault> {
  const { workspaceId, id, nowMs } = of;
  const row = await selectImport(tx, workspaceId, id, true);
  if (!row) return fault('not_found', 'There is no such import.');
  if (row.state !== 'ready')
    return fault(
      'conflict',
      row.state === 'uploading' ? 'It is still being uploaded.' : 'It was begun already.',
    );
  if (setsOff !== undefined && setsOff !== row.rows)
    return breaks(
      'setsOff',
      `must be the number of its rows, ${row.rows}: all of them may set campaigns off`,
    );
  const columns = columnsOf(JSON.parse(row.header) as string[], mapping);
  if (isFault(columns)) return columns;
  const setIds = await setsNamed(tx, deps.ids, nowMs, { workspaceId, listId, tags });
  if (isFault(setIds)) return setIds;
  const plan: SetPlan = {
    mapping,
    defaultCountry,
    setIds,
    keeps: true,
    ...(setsOff ? { setsOff: true } : {}),
  };
  const begun: ImportRow = { ...row, state: 'running', options: JSON.stringify(plan) };
  await updateImport(tx, begun);
  const key = { kind: KIND.contactImport, ownerId: id, causeId: id, seq: 0, stream: 0 };
  await deps.queue.put(tx, [{ ...key, workspaceId, dueMs: nowMs }]);
  return begun;
}

/** Forgets imports that nobody goes on with, and those that are long over. */
export async function sweepImports(sql: Sql, nowMs: number): Promise<void> {
  const before = { waitingMs: nowMs - WAITING_KEPT_MS, endedMs: nowMs - ENDED_KEPT_MS };
  for (const { id, workspaceId } of await selectStale(sql, before))
    await sql.begin((tx) => deleteImport(tx, workspaceId, id));
}
