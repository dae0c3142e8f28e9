/**
 * Many connected accounts at once, each with a device, in Parley's process: what connecting them one by one leaves in the store, written in
 * bulk. They share one workspace of theirs, since what is measured is only said to them.
 */
import { createWorkspace } from '../src/accounts/workspaces.ts';
import { bucketOf } from '../src/base/ids.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import { openAnnouncements } from '../src/conversations/groups/groups.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { newCompany } from '../test/support/connect.ts';
import { newIntegration } from '../test/support/messages.ts';
import { must } from '../test/support/world.ts';

const ABILITIES = ['messages', 'notifications', 'announcements', 'orders'];
const KINDS = ['direct', 'notices', 'announcements'];
const AT_ONCE = 1_000;

/** Makes a company whose announcements are on, with so many accounts; returns its key and the first of their ids, which follow each other. */
export async function makeAccounts(
  ctx: HttpContext,
  { count, fcm }: { count: number; fcm: Record<string, unknown> },
): Promise<{ workspaceId: number; token: string; firstUserId: number }> {
  const company = await newCompany(ctx, 'live');
  await newIntegration(ctx, company.id, 'fcm', fcm);
  const firstUserId = ctx.ids.spread();
  const nowMs = ctx.clock.nowMs();
  const holder = await ctx.sql.begin(async (tx) =>
    must(await createWorkspace(tx, ctx.ids, { name: 'Accounts', environment: 'live', nowMs })),
  );
  for (let from = 0; from < count; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - from);
    const userIds = Array.from({ length: size }, (_, i) => firstUserId + from + i);
    await connectAll(ctx, { companyId: company.id, holderWorkspaceId: holder.id, userIds, nowMs });
  }
  await ctx.queue.transact((tx) => openAnnouncements(tx, ctx.ids, nowMs, company.id, { name: 'News' }));
  return { workspaceId: company.id, token: company.token, firstUserId };
}

async function connectAll(
  ctx: HttpContext,
  of: { companyId: number; holderWorkspaceId: number; userIds: readonly number[]; nowMs: number },
): Promise<void> {
  const { companyId: workspaceId, holderWorkspaceId, userIds, nowMs } = of;
  await ctx.sql.begin(async (tx) => {
    const people = userIds.map((userId) => ({
      workspaceId,
      identities: [{ kind: 'connect' as const, value: String(userId) }],
      destinations: [
        { channel: 'push' as const, integrationId: null, address: `fcm:${'t'.repeat(130)}${userId}` },
      ],
    }));
    const resolved = await resolvePeople(tx, ctx.ids, nowMs, people, 'first');
    const contactIds = resolved.map(({ contactId }) => contactId);
    await tx`
      INSERT INTO operators (id, email, name, password_hash, created_ms)
      SELECT u, u || '@accounts.example', 'Ann Lee', '', ${nowMs}::bigint FROM unnest(${userIds}::bigint[]) u`;
    await tx`
      INSERT INTO memberships (operator_id, workspace_id, role)
      SELECT u, ${holderWorkspaceId}::bigint, 'owner' FROM unnest(${userIds}::bigint[]) u`;
    await tx`
      INSERT INTO connect_grants (id, client_workspace_id, connect_id, signed, holder_id, holder_workspace_id, contact_id, allows,
        connected_ms)
      SELECT k.id, ${workspaceId}::bigint, 'aff-' || k.u, false, k.u, ${holderWorkspaceId}::bigint, k.contact_id, ${ABILITIES}::text[],
        ${nowMs}::bigint
      FROM unnest(${userIds.map(() => ctx.ids.spread())}::bigint[], ${userIds}::bigint[], ${contactIds}::bigint[]) k (id, u, contact_id)`;
    for (const kind of KINDS)
      await tx`
        INSERT INTO connect_chats (bucket, contact_id, kind, id, workspace_id, opened_ms)
        SELECT k.bucket, k.contact_id, ${kind}::text, k.id, ${workspaceId}::bigint, ${nowMs}::bigint
        FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${contactIds}::bigint[],
          ${contactIds.map((id) => ctx.ids.inBucket(bucketOf(id)))}::bigint[]) k (bucket, contact_id, id)`;
  });
}
