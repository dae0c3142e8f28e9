/** Views of the inbox that are kept: one of each name for each operator, and one of each name for everybody, whatever its case. */
import type { SavedLook } from '../../contract/doors/console/savedViews.ts';
import { fault, type Fault } from '../base/fault.ts';
import { isUniqueBreach } from '../db/errors.ts';
import { lockFor } from '../db/lock.ts';
import type { Tx } from '../db/pool.ts';
import { hasSavedView, insertSavedView, isSavedView, updateSavedView, type SavedView } from './sql.views.ts';

export { deleteSavedView, selectSavedViews, type SavedView } from './sql.views.ts';

/** Keeps one. */
export async function keepView(tx: Tx, view: SavedView, most: number): Promise<SavedView | Fault> {
  await lockFor(tx, 'inbox kept', `${view.workspaceId} views`);
  if (await insertSavedView(tx, view, most)) return view;
  if (await hasSavedView(tx, view)) return taken(view.name);
  return (await isSavedView(tx, view.id))
    ? fault('conflict', 'There is a view of that id: it is not deleted.', { field: 'id' })
    : fault('unprocessable', `There are at most ${most} views of one's own, and as many for everybody.`);
}

/** Changes one that is everybody's or an operator's; undefined when it is not there. Of two who change one at once the last counts. */
export async function changeView(
  tx: Tx,
  which: { workspaceId: number; operatorId: number; id: number },
  to: { name?: string | undefined; look?: SavedLook | undefined },
): Promise<SavedView | Fault | undefined> {
  try {
    return await tx.savepoint((inner) => updateSavedView(inner, which, to));
  } catch (error) {
    if (isUniqueBreach(error)) return taken(to.name ?? '');
    throw error;
  }
}

function taken(name: string): Fault {
  return fault('conflict', `There is a view “${name}” already.`, { field: 'name' });
}
