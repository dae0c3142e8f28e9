/** Views of the inbox that are kept: one of each name for each operator, and one of each name for everybody, whatever its case. */
import { fault, type Fault } from '../base/fault.ts';
import type { Tx } from '../db/pool.ts';
import { hasSavedView, insertSavedView, type SavedView } from './sql.views.ts';

export { deleteSavedView, selectSavedViews, type SavedView } from './sql.views.ts';

/** Keeps one. */
export async function keepView(tx: Tx, view: SavedView, most: number): Promise<SavedView | Fault> {
  if (await insertSavedView(tx, view, most)) return view;
  return (await hasSavedView(tx, view))
    ? fault('conflict', `There is a view “${view.name}” already.`, { field: 'name' })
    : fault('unprocessable', `There are at most ${most} views of one's own, and as many for everybody.`);
}
