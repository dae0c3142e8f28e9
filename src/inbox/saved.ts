/** Answers that operators have ready, by a word that calls them up: one of each word in a workspace, whatever its case. */
import { changedMeanwhile, fault, type Fault } from '../base/fault.ts';
import { isUniqueBreach } from '../db/errors.ts';
import { lockFor } from '../db/lock.ts';
import type { Tx } from '../db/pool.ts';
import {
  insertSaved,
  isSaved,
  selectByShortcut,
  selectSaved,
  updateSaved,
  type SavedReply,
} from './sql.saved.ts';

export { deleteSaved, selectSaved, type SavedReply } from './sql.saved.ts';

/** Keeps one. */
export async function keepSaved(tx: Tx, reply: SavedReply, most: number): Promise<SavedReply | Fault> {
  await lockFor(tx, 'inbox kept', `${reply.workspaceId} saved replies`);
  if (await insertSaved(tx, reply, most)) return reply;
  if ((await selectByShortcut(tx, reply.workspaceId, reply.shortcut)) !== undefined)
    return taken(reply.shortcut);
  return (await isSaved(tx, reply.id))
    ? fault('conflict', 'There is a saved reply of that id: it is not deleted.', { field: 'id' })
    : fault('unprocessable', `A workspace has at most ${most} saved replies.`);
}

/** Changes one; undefined when it is not there. With `revision` only where nobody has changed that one since. */
export async function changeSaved(
  tx: Tx,
  which: { workspaceId: number; id: number },
  to: { shortcut?: string | undefined; text?: string | undefined },
  revision?: number,
): Promise<SavedReply | Fault | undefined> {
  try {
    const changed = await tx.savepoint((inner) => updateSaved(inner, which, to, revision));
    if (changed || revision === undefined) return changed;
    const there = (await selectSaved(tx, which.workspaceId)).find(({ id }) => id === which.id);
    return there && changedMeanwhile(there.revision);
  } catch (error) {
    if (isUniqueBreach(error)) return taken(to.shortcut ?? '');
    throw error;
  }
}

function taken(shortcut: string): Fault {
  return fault('conflict', `There is a saved reply /${shortcut} already.`, { field: 'shortcut' });
}
