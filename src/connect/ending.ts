/** What is told of a grant on the feed, and what ends with it. Decides nothing of grants: those who change one ask it to. */
import { noteDisconnected } from '../contacts/contacts.ts';
import { closeChats } from '../conversations/groups/chats.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { selectGrantsOfContacts } from './sql.ts';

/** What `grant.created` and `grant.deleted` tell on the feed, of the company's workspace; its owner is the contact. */
export type GrantTold = {
  grantId: number;
  /** Null where the company erased the contact. */
  connectId: string | null;
  userId: number;
  contactId: number;
  holderWorkspaceId: number;
};

/** A grant, as it is told. */
type Telling = Omit<GrantTold, 'grantId'> & { id: number; clientWorkspaceId: number };

/** Tells of grants; part of the transaction that made them so. `atMs` is by the company's clock. */
export async function tell(
  { queue }: { queue: Pick<Queue, 'append'> },
  tx: Tx,
  type: 'grant.created' | 'grant.deleted',
  grants: readonly Telling[],
  atMs: number,
): Promise<void> {
  await queue.append(
    tx,
    grants.map(({ id: grantId, connectId, userId, contactId, holderWorkspaceId, clientWorkspaceId }) => {
      const payload: GrantTold = { grantId, connectId, userId, contactId, holderWorkspaceId };
      return { ownerId: contactId, workspaceId: clientWorkspaceId, type, atMs, payload };
    }),
  );
}

/**
 * Nothing more is said to accounts that disconnect: not in their conversations, not in groups, and not what is on its way. Who listens is
 * told. Two accounts may have turned out to be one person: who is connected as the other still is spoken to. Of two that end at once
 * each waits for the other, so that the last one is seen to be the last.
 */
export async function cutOff(
  deps: Parameters<typeof tell>[0],
  tx: Tx,
  ended: readonly Telling[],
  atMs: number,
): Promise<void> {
  for (const [workspaceId, grants] of Map.groupBy(ended, (grant) => grant.clientWorkspaceId)) {
    const contactIds = grants.map(({ contactId }) => contactId);
    const all = contactIds.length ? await selectGrantsOfContacts(tx, workspaceId, contactIds) : [];
    const still = new Set(all.flatMap((row) => (row.disconnectedMs === null ? row.contactId : [])));
    const gone = contactIds.filter((id) => !still.has(id));
    await closeChats(tx, atMs, gone);
    await noteDisconnected(tx, workspaceId, gone, atMs);
  }
  await tell(deps, tx, 'grant.deleted', ended, atMs);
}
