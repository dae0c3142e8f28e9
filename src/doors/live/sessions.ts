/** Lets the sessions of web links in: who opened the web chat from a message is known by the session they got for it. */
import { livingContact } from '../../links/links.ts';
import { findSession, findSessions, type Session } from '../../links/sessions.ts';
import type { HttpContext } from '../kit/context.ts';
import type { SessionOf } from './identify.ts';

/** What a session is kept under. */
export type SessionKey = Session['key'];

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

/** Sessions that are looked at in one statement. */
const AT_ONCE = 2_000;

/** Which of the sessions under these keys are open, by their hashes: there and not over, and so is their workspace. */
export async function openSessions(
  ctx: Pick<HttpContext, 'sql' | 'directory' | 'clock'>,
  keys: readonly SessionKey[],
): Promise<Set<string>> {
  const open = new Set<string>();
  for (let from = 0; from < keys.length; from += AT_ONCE) {
    const found = await findSessions(ctx.sql, keys.slice(from, from + AT_ONCE));
    for (const [hash, { workspaceId, expiresMs }] of found) {
      const workspace = await ctx.directory.workspace(workspaceId);
      if (workspace && expiresMs > ctx.clock.nowMs() + workspace.clockAheadMs) open.add(hash);
    }
  }
  return open;
}
