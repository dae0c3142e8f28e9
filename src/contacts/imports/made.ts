/**
 * What an import made, and taking it back as far as this room goes: who is asked besides, and what is done when, is of whoever knows all rooms
 * (`people/undo.ts`).
 */
import { fault, type Fault } from '../../base/fault.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { hushChanges, noteChanged } from '../changes.ts';
import { forgetSpellings } from '../spellings.ts';
import { deleteIdentities } from '../sql.ts';
import { deleteParts, selectImport, updateImport, updateUndo, type ImportRow } from './sql.ts';
import type { SetPlan } from './imports.ts';
import {
  deleteMade,
  deletePairs,
  deleteWhole,
  lockMade,
  selectMade,
  selectMore,
  type MadeRow,
  type StayReason,
} from './sql.undo.ts';

export { deleteMadeOf as forgetMade } from './sql.undo.ts';

/** How far taking back is. `done` of `of` people; `stayed` by why, and `some` of them. */
export type Undo = {
  state: 'running' | 'done' | 'failed';
  of: number;
  done: number;
  /** Contacts that are gone, and memberships of those who were there before or stay. */
  removed: number;
  memberships: number;
  stayed: Partial<Record<StayReason, number>>;
  some: { id: number; why: StayReason }[];
  note: string | null;
};

/** How far taking an import back is; undefined where nobody asked for it. */
export function undoOf({ undo }: Pick<ImportRow, 'undo'>): Undo | undefined {
  return undo === null ? undefined : (JSON.parse(undo) as Undo);
}

/** Whether what an import made was written down: of those that began before there was this, it was not. */
export function isKept({ options }: Pick<ImportRow, 'options'>): boolean {
  return (JSON.parse(options) as Partial<SetPlan>).keeps === true;
}

/** Begins to take an import back, once; one that is being read stops where it is. Part of the caller's transaction. */
export async function beginUndo(
  deps: { queue: Queue },
  tx: Tx,
  of: { workspaceId: number; id: number; nowMs: number },
): Promise<ImportRow | Fault> {
  const { workspaceId, id, nowMs } = of;
  const row = await selectImport(tx, workspaceId, id, true);
  if (!row) return fault('not_found', 'There is no such import.');
  if (row.undo !== null) return fault('conflict', 'It was taken back already, or is being taken back.');
  if (row.state === 'uploading' || row.state === 'ready')
    return fault('conflict', 'It was not begun: there is nothing to take back.');
  if (!isKept(row))
    return fault(
      'conflict',
      'It was read before it was written down what an import makes: nobody knows any more.',
    );
  const undo: Undo = {
    state: 'running',
    of: row.created + row.updated,
    done: 0,
    removed: 0,
    memberships: 0,
    stayed: {},
    some: [],
    note: null,
  };
  const begun: ImportRow = { ...row, undo: JSON.stringify(undo) };
  if (row.state === 'running') {
    // A part that is being written holds the row: it is over before this, or finds that the import has ended.
    Object.assign(begun, { state: 'failed', endedMs: nowMs, note: 'It was stopped, to be taken back.' });
    await updateImport(tx, begun);
    await deleteParts(tx, id);
  }
  await updateUndo(tx, id, begun.undo!);
  const key = { kind: KIND.importUndo, ownerId: id, causeId: id, seq: 0, stream: 0 };
  await deps.queue.put(tx, [{ ...key, workspaceId, dueMs: nowMs }]);
  return begun;
}

/** Notes how far taking back is. */
export const noteUndo = updateUndo;
/** An import, whose row is locked. */
export const holdImport = (tx: Tx, workspaceId: number, id: number) =>
  selectImport(tx, workspaceId, id, true);
/** The next of what an import made. */
export const nextMade = selectMade;

/**
 * Takes back the memberships that an import added, and the contacts that it made of whom nobody knows more: `used` says of which somebody
 * does outside this room. They are locked before anybody is asked, so that whoever adds to one is over before, or finds it gone.
 */
export async function takeBackMade(
  tx: Tx,
  { workspaceId, id: importId }: ImportRow,
  rows: readonly MadeRow[],
  used: (contactIds: readonly number[]) => Promise<ReadonlySet<number>>,
): Promise<{ removed: number; memberships: number; stayed: { id: number; why: StayReason }[] }> {
  const made = rows.filter(({ made: isMade }) => isMade);
  const locked = made.length > 0 ? await lockMade(tx, workspaceId, made) : [];
  const pairs = rows.flatMap(({ contactId, setIds }) =>
    [...new Set(setIds)].map((setId) => ({ contactId, setId })),
  );
  const left = pairs.length > 0 ? await deletePairs(tx, pairs) : [];
  const why = new Map<number, StayReason>();
  const there = new Set(locked.map(({ id }) => id));
  const more =
    there.size > 0
      ? await selectMore(
          tx,
          importId,
          made.filter(({ contactId }) => there.has(contactId)),
        )
      : [];
  for (const one of more) why.set(one.id, one.why);
  for (const { id, isChanged } of locked) if (isChanged) why.set(id, 'changed');
  for (const id of await used([...there].filter((one) => !why.has(one)))) why.set(id, 'used');
  const gone = [...there].filter((id) => !why.has(id));
  if (gone.length > 0) await removeContacts(tx, workspaceId, gone);
  const goes = new Set(gone);
  const memberships = left.filter(({ contactId }) => !goes.has(contactId));
  noteChanged(tx, workspaceId, [...new Set(memberships.map(({ contactId }) => contactId))]);
  hushChanges(tx);
  await deleteMade(
    tx,
    importId,
    rows.map(({ contactId }) => contactId),
  );
  return {
    removed: gone.length,
    memberships: memberships.length,
    stayed: [...why].map(([id, reason]) => ({ id, why: reason })),
  };
}

/** Deletes contacts as if they had never been: nobody was told of them but by the import, so there is nothing to keep. */
async function removeContacts(tx: Tx, workspaceId: number, contactIds: readonly number[]): Promise<void> {
  await deleteWhole(tx, workspaceId, contactIds);
  await deleteIdentities(tx, workspaceId, contactIds);
  await forgetSpellings(tx, contactIds);
}
