/**
 * Mail of Parley's own to whoever has an account or is to have one: codes, invitations, links that set a password. By the workspace that is
 * set for it (`PARLEY_ACCOUNT_MAIL`), so that no company through whose page somebody signs up reads the code in its own mail log. It goes as
 * the one message that may go to an address that waits (confirmations).
 */
import type { Integration } from '../../accounts/integrations.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { sendConfirmation } from '../../confirmations/confirm.ts';
import { resolveContacts } from '../../contacts/resolve/resolve.ts';
import type { Tx } from '../../db/pool.ts';
import type { HttpContext } from './context.ts';

/** Who mails, by which integration. */
export type Mailing = { workspace: Workspace; integration: Integration };

/** The first mail integration of a workspace that is in use; undefined when it has none. */
export async function mailingOf(ctx: HttpContext, workspaceId: number): Promise<Mailing | undefined> {
  const workspace = await ctx.directory.workspace(workspaceId);
  const all = workspace ? await ctx.directory.integrationsOf(workspaceId) : [];
  const integration = all.find(({ channel, status }) => channel === 'email' && status === 'active');
  return workspace && integration ? { workspace, integration } : undefined;
}

/** What mails for the install; undefined where no workspace is set, a fault where the one that is cannot mail. Nobody else stands in. */
export async function installMailing(ctx: HttpContext): Promise<Mailing | Fault | undefined> {
  const { accountMail } = ctx.config;
  if (!accountMail) return undefined;
  const by = await mailingOf(ctx, fromHex24(accountMail) ?? 0);
  if (by) return by;
  ctx.log.warn(
    { workspace: accountMail },
    'PARLEY_ACCOUNT_MAIL: the workspace has no mail integration in use',
  );
  return fault('unavailable', 'Mail to operators cannot be sent at the moment.');
}

/** Mails; part of the transaction, which is one of the queue's. */
export async function mailTo(
  ctx: HttpContext,
  tx: Tx,
  { workspace, integration }: Mailing,
  mail: { email: string; subject: string; text: string },
): Promise<void> {
  const nowMs = ctx.clock.nowMs();
  const { email, subject, text } = mail;
  const [found] = await resolveContacts(tx, ctx.ids, nowMs + workspace.clockAheadMs, [
    {
      workspaceId: workspace.id,
      identities: [{ kind: 'email', value: email }],
      destination: { channel: 'email', integrationId: null, address: email, status: 'pending' },
    },
  ]);
  const { contactId, destinationId } = found!;
  if (destinationId === undefined) return;
  const whose = { tools: ctx, workspace, nowMs, contactId };
  await sendConfirmation(whose, tx, { integration, destinationId }, { type: 'text', subject, text });
}
