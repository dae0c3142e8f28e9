/** `…/saved-views`: views of the inbox that are kept. */
import {
  MOST_SAVED_VIEWS,
  NewSavedView,
  SavedViewShown,
  SavedViewsShown,
} from '../../../../contract/doors/console/savedViews.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { USUAL_SORT } from '../../../../contract/inboxViews.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import { deleteSavedView, keepView, selectSavedViews, type SavedView } from '../../../inbox/views.ts';
import { operatorIn } from './inbox.ts';
import { acts, idIn, missing, reads, timeText, writes, type Call, type Route, type Work } from '../route.ts';

/** The routes. */
export const savedViewRoutes: readonly Route[] = [
  reads({
    path: '/saved-views',
    action: 'messages.read',
    does: "Views of the inbox that are kept: the caller's own and everybody's, by name.",
    answer: SavedViewsShown,
    handle: async ({ ctx, workspace, caller }) => ({
      savedViews: (await selectSavedViews(ctx.sql, workspace.id, caller.operatorId ?? 0)).map(present),
    }),
  }),
  writes({
    path: '/saved-views',
    action: 'conversations.reply',
    does: 'Keeps a view of the inbox, for the caller alone or for everybody.',
    body: NewSavedView,
    answers: { 201: SavedViewShown },
    handle: keep,
  }),
  acts({
    method: 'DELETE',
    path: '/saved-views/:savedViewId',
    action: 'conversations.reply',
    does: "Deletes a view that is kept, of the caller's own or everybody's.",
    answers: { 204: Nothing },
    handle: async (call) => async (tx) => {
      const id = idIn(call, 'savedViewId');
      const which = { workspaceId: call.workspace.id, operatorId: call.caller.operatorId ?? 0, id };
      if (!(await deleteSavedView(tx, which))) return missing('saved view');
      return {
        status: 204,
        body: undefined,
        audit: { action: 'saved_view.delete', subject: `saved_view:${id}` },
      };
    },
  }),
];

async function keep(call: Call<NewSavedView>): Promise<Work<201, SavedViewShown> | Fault> {
  const { ctx, workspace, body, nowMs } = call;
  const { name, look, shared = false } = body;
  const operatorId = shared ? null : operatorIn(call);
  if (isFault(operatorId)) return operatorId;
  if (!name.trim()) return breaks('name', 'must not be blank');
  if (look.sort !== undefined && USUAL_SORT[look.view] === undefined)
    return breaks('look.sort', 'may be given with the views mine, unassigned and all');
  const id = ctx.ids.spread();
  const view = { id, workspaceId: workspace.id, operatorId, name: name.trim(), look, createdMs: nowMs };
  return async (tx) => {
    const kept = await keepView(tx, view, MOST_SAVED_VIEWS);
    if (isFault(kept)) return kept;
    const audit = { action: 'saved_view.create', subject: `saved_view:${id}`, detail: { name: kept.name } };
    return { status: 201, body: present(kept), audit };
  };
}

function present({ id, name, look, operatorId, createdMs }: SavedView): SavedViewShown {
  return { id: toHex24(id), name, look, shared: operatorId === null, createdAt: timeText(createdMs) };
}
