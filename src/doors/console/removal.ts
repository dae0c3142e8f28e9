/** Deleting a workspace: what goes with it, and that it goes. */
import { GoesShown, WorkspaceGone } from '../../../contract/doors/console/workspaces.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { whatGoes } from '../../accounts/removal.ts';
import { isFault, refuses } from '../../base/fault.ts';
import { closeWorkspace } from '../kit/closing.ts';
import { actorOf, reads, writes, type Route } from './route.ts';

/** Nobody needs to know more exactly how many there are. */
const MOST_COUNTED = 10_000;

/** `…/goes` and `…/delete`. */
export const removalRoutes: readonly Route[] = [
  reads({
    path: '/goes',
    does: 'What goes when the workspace is deleted.',
    action: 'workspace.delete',
    answer: GoesShown,
    handle: async ({ ctx, workspace }) => ({
      most: MOST_COUNTED,
      ...(await whatGoes(ctx.sql, workspace.id, MOST_COUNTED)),
    }),
  }),
  writes({
    path: '/delete',
    does: 'Deletes the workspace: nobody reaches it from then on, nothing more is sent, and all that is kept of it goes within hours.',
    action: 'workspace.delete',
    body: WorkspaceGone,
    answers: { 204: Nothing },
    async handle({ ctx, workspace, body, caller, nowMs, afterCommit }) {
      if (body.name !== workspace.name)
        return refuses('name', `must be the name of the workspace, “${workspace.name}”`);
      return async (tx) => {
        const gone = await closeWorkspace(ctx, tx, { workspace, actor: actorOf(caller), nowMs, afterCommit });
        if (isFault(gone)) return gone;
        const subject = `workspace:${workspace.id}`;
        return { status: 204, body: undefined, audit: { action: 'workspace.delete', subject } };
      };
    },
  }),
];
