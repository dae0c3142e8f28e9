/** `…/saved-views`: views of the inbox that are kept. */
import {
  MOST_SAVED_VIEWS,
  NewSavedView,
  SavedViewPatch,
  SavedViewShown,
  type SavedLook,
  SavedViewsShown,
} from '../../../../contract/doors/console/savedViews.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { USUAL_SORT } from '../../../../contract/inboxViews.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import {
  changeView,
  deleteSavedView,
  keepView,
  selectSavedViews,
  type SavedView,
} from '../../../inbox/views.ts';
import { comesAs, operatorIn, tellShared } from './inbox.ts';
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
    does: 'Keeps a view of the inbox, for the caller alone or for everybody; with `id` one that was deleted, as the one it was.',
    body: NewSavedView,
    answers: { 201: SavedViewShown },
    handle: keep,
  }),
  writes({
    method: 'PATCH',
    path: '/saved-views/:savedViewId',
    action: 'conversations.reply',
    does: "Renames a view that is kept, of the caller's own or everybody's, or changes what it shows.",
    body: SavedViewPatch,
    answers: { 200: SavedViewShown },
    handle: change,
  }),
  acts({
    method: 'DELETE',
    path: '/saved-views/:savedViewId',
    action: 'conversations.reply',
    does: "Deletes a view that is kept, of the caller's own or everybody's.",
    answers: { 204: Nothing },
    handle: async (call) => async (tx) => {
      const which = whichIn(call);
      if (!(await deleteSavedView(tx, which))) return missing('saved view');
      tellShared(call, 'views');
      const audit = { action: 'saved_view.delete', subject: `saved_view:${which.id}` };
      return { status: 204, body: undefined, audit };
    },
  }),
];

async function keep(call: Call<NewSavedView>): Promise<Work<201, SavedViewShown> | Fault> {
  const { workspace, body } = call;
  const { name, look, shared = false } = body;
  const operatorId = shared ? null : operatorIn(call);
  if (isFault(operatorId)) return operatorId;
  const broken = brokenIn(body);
  if (broken) return broken;
  const own = comesAs(call, body.id, 'view');
  if (isFault(own)) return own;
  const view = { ...own, workspaceId: workspace.id, operatorId, name: name.trim(), look };
  return async (tx) => {
    const kept = await keepView(tx, view, MOST_SAVED_VIEWS);
    if (isFault(kept)) return kept;
    if (shared) tellShared(call, 'views');
    const audit = {
      action: 'saved_view.create',
      subject: `saved_view:${own.id}`,
      detail: { name: kept.name },
    };
    return { status: 201, body: present(kept), audit };
  };
}

async function change(call: Call<SavedViewPatch>): Promise<Work<200, SavedViewShown> | Fault> {
  const { body } = call;
  const broken = brokenIn(body);
  if (broken) return broken;
  const to = { name: body.name?.trim(), look: body.look };
  return async (tx) => {
    const changed = await changeView(tx, whichIn(call), to);
    if (isFault(changed)) return changed;
    if (!changed) return missing('saved view');
    const { id, name, look } = changed;
    if (changed.operatorId === null) tellShared(call, 'views');
    const audit = { action: 'saved_view.change', subject: `saved_view:${id}`, detail: { name, look } };
    return { status: 200, body: present(changed), audit };
  };
}

function whichIn(call: Call<unknown>) {
  const operatorId = call.caller.operatorId ?? 0;
  return { workspaceId: call.workspace.id, operatorId, id: idIn(call, 'savedViewId') };
}

/** What is wrong with what is given, beyond its form. */
function brokenIn({ name, look }: { name?: string; look?: SavedLook }): Fault | undefined {
  if (name !== undefined && !name.trim()) return breaks('name', 'must not be blank');
  return look?.sort !== undefined && USUAL_SORT[look.view] === undefined
    ? breaks('look.sort', 'may be given with the views mine, teams, unassigned and all')
    : undefined;
}

function present({ id, name, look, operatorId, createdMs }: SavedView): SavedViewShown {
  return { id: toHex24(id), name, look, shared: operatorId === null, createdAt: timeText(createdMs) };
}
