/** Lets the sessions of web links in: who opened the web chat from a message is known by the session they got for it. */
import { livingContact } from '../../links/links.ts';
import { findSession } from '../../links/sessions.ts';
import type { HttpContext } from '../kit/context.ts';
import type { SessionOf } from './identify.ts';

/** Finds whose session a token is, while it lasts. */
export function webSessions(ctx: Pick<HttpContext, 'sql' | 'directory' | 'clock'>): SessionOf {
  return async (token) => {
    const session = await findSession(ctx.sql, token);
    const workspace = session && (await ctx.directory.workspace(session.workspaceId));
    if (!workspace || session.expiresMs <= ctx.clock.nowMs() + workspace.clockAheadMs) return undefined;
    const contact = await livingContact(ctx.sql, workspace.id, session.contactId);
    return contact && { workspaceId: workspace.id, contactId: contact.id };
  };
}
