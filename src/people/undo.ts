/**
 * Taking an import back: part after part, each in one transaction with the note that it is done, behind a lock of the import's row. So each
 * person counts once, whichever of two workers takes a part and wherever one dies. Who was made by the import and has been anything since
 * (written to or with, an event, an entry, an order, whatever a room keeps of people) stays, and it is said why.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { holdImport, nextMade, noteUndo, takeBackMade, undoOf, type Undo } from '../contacts/imports/made.ts';
import type { Tx } from '../db/pool.ts';
import type { Room } from '../db/room.ts';
import type { Queue } from '../queue/queue.ts';
import { stepping } from '../queue/stepping.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { WorkItem } from '../queue/work/work.ts';
import type { Handler } from '../queue/worker.ts';
import { selectNamed } from './sql.ts';

/** What it needs. */
export type UndoDeps = { queue: Queue; clock: Clock; log: Log; rooms: () => readonly Room[] };

const PEOPLE_AT_ONCE = 500;
/** So many who stay are named. */
const SOME = 50;
/** Rows of other tables are there whenever these are, and those have no index by the person. */
const WITH_OTHERS: ReadonlySet<string> = new Set(['messages', 'usage_people']);
/** What contacts' own room looks at by itself, or what says nothing of whether somebody has been anything. */
const OF_CONTACTS: ReadonlySet<string> = new Set(['consent_log', 'pending_links']);

/** Does the work of taking imports back. */
export function undoHandler(deps: UndoDeps): Handler {
  return stepping(deps, {
    kind: KIND.importUndo,
    name: 'taking an import back',
    takePart: (item) => deps.queue.transact((tx) => takePart(deps, tx, item)),
    tell: (tx, item, why) => tell(tx, item, why),
  });
}

/** The next people; false when there are no more. */
async function takePart({ rooms }: UndoDeps, tx: Tx, { workspaceId, ownerId }: WorkItem): Promise<boolean> {
  const row = await holdImport(tx, workspaceId, ownerId);
  const undo = row && undoOf(row);
  if (undo?.state !== 'running') return false;
  const next = await nextMade(tx, ownerId, PEOPLE_AT_ONCE);
  const took =
    next.length > 0
      ? await takeBackMade(tx, row!, next, (ids) => whoIsUsed(tx, rooms(), workspaceId, ids))
      : { removed: 0, memberships: 0, stayed: [] };
  const stayed = { ...undo.stayed };
  for (const { why } of took.stayed) stayed[why] = (stayed[why] ?? 0) + 1;
  const isOver = next.length < PEOPLE_AT_ONCE;
  const after: Undo = {
    ...undo,
    state: isOver ? 'done' : 'running',
    done: undo.done + next.length,
    removed: undo.removed + took.removed,
    memberships: undo.memberships + took.memberships,
    stayed,
    some: [...undo.some, ...took.stayed].slice(0, SOME),
    note: null,
  };
  await noteUndo(tx, ownerId, JSON.stringify(after));
  return !isOver;
}

/** Those of whom some room besides contacts' own keeps anything. */
async function whoIsUsed(
  tx: Tx,
  rooms: readonly Room[],
  workspaceId: number,
  contactIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const used = new Set<number>();
  for (const { name, exports = {} } of rooms)
    for (const [table, of] of Object.entries(exports)) {
      if ('not' in of || of.by !== 'contact' || WITH_OTHERS.has(table)) continue;
      if (name === 'contacts' && !OF_CONTACTS.has(table)) continue;
      const left = contactIds.filter((id) => !used.has(id));
      if (left.length === 0) return used;
      const { column, hasBucket = true, inWorkspace, unused } = of;
      const where = { table, column, hasBucket, unused, workspaceId: inWorkspace ? workspaceId : null };
      for (const id of await selectNamed(tx, where, left)) used.add(id);
    }
  return used;
}

/** Says why it waits, or that it is over before its end. */
async function tell(
  tx: Tx,
  { workspaceId, ownerId }: WorkItem,
  { note, isOver }: { note: string; isOver: boolean },
): Promise<boolean> {
  const row = await holdImport(tx, workspaceId, ownerId);
  const undo = row && undoOf(row);
  if (undo?.state !== 'running') return false;
  await noteUndo(tx, ownerId, JSON.stringify({ ...undo, note, ...(isOver ? { state: 'failed' } : {}) }));
  return true;
}
