/** `…/saved-replies`: answers that operators have ready. */
import {
  MOST_SAVED_REPLIES,
  NewSavedReply,
  SavedRepliesShown,
  SavedReplyPatch,
  SavedReplyShown,
} from '../../../../contract/doors/console/savedReplies.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { isFault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import { changeSaved, deleteSaved, keepSaved, selectSaved, type SavedReply } from '../../../inbox/saved.ts';
import { comesAs, tellShared } from './inbox.ts';
import { acts, idIn, missing, reads, revisionIn, timeText, writes, type Call, type Route } from '../route.ts';

const one = '/saved-replies/:savedReplyId';

/** The routes. */
export const savedReplyRoutes: readonly Route[] = [
  reads({
    path: '/saved-replies',
    action: 'messages.read',
    does: 'The answers that operators have ready, by shortcut.',
    answer: SavedRepliesShown,
    handle: async ({ ctx, workspace }) => ({
      savedReplies: (await selectSaved(ctx.sql, workspace.id)).map(present),
    }),
  }),
  writes({
    path: '/saved-replies',
    action: 'conversations.reply',
    does: 'Keeps an answer ready; with `id` one that was deleted, as the one it was.',
    body: NewSavedReply,
    answers: { 201: SavedReplyShown },
    handle: async (call) => {
      const { workspace, body } = call;
      const own = comesAs(call, body.id, 'saved reply');
      if (isFault(own)) return own;
      const reply = { ...body, ...own, workspaceId: workspace.id, revision: 1 };
      return async (tx) => {
        const kept = await keepSaved(tx, reply, MOST_SAVED_REPLIES);
        if (isFault(kept)) return kept;
        tellShared(call, 'replies');
        return { status: 201, body: present(kept), audit: noted('create', kept) };
      };
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    action: 'conversations.reply',
    does: 'Changes an answer that is kept ready; with If-Match only the revision that is named there.',
    body: SavedReplyPatch,
    answers: { 200: SavedReplyShown },
    handle: async (call) => {
      const revision = revisionIn(call);
      if (isFault(revision)) return revision;
      return async (tx) => {
        const changed = await changeSaved(tx, which(call), call.body, revision);
        if (isFault(changed)) return changed;
        if (!changed) return missing('saved reply');
        tellShared(call, 'replies');
        return { status: 200, body: present(changed), audit: noted('change', changed) };
      };
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    action: 'conversations.reply',
    does: 'Deletes an answer that is kept ready.',
    answers: { 204: Nothing },
    handle: async (call) => async (tx) => {
      if (!(await deleteSaved(tx, which(call)))) return missing('saved reply');
      tellShared(call, 'replies');
      return { status: 204, body: undefined, audit: noted('delete', which(call)) };
    },
  }),
];

function which(call: Call<unknown>): { workspaceId: number; id: number } {
  return { workspaceId: call.workspace.id, id: idIn(call, 'savedReplyId') };
}

function noted(what: string, { id }: { id: number }) {
  return { action: `saved_reply.${what}`, subject: `saved_reply:${id}` };
}

function present({ id, shortcut, text, createdMs, revision }: SavedReply): SavedReplyShown {
  return { id: toHex24(id), shortcut, text, revision, createdAt: timeText(createdMs) };
}
