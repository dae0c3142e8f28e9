/**
 * Saying something to somebody, in one transaction: finds or makes the contact and the conversation, and accepts what is said.
 * For callers that do not hold the conversation already; those that do call `accept`.
 */
import { resolveContacts } from '../contacts/resolve/resolve.ts';
import type { Wanted } from '../contacts/wanted.ts';
import {
  beginConversations,
  ensureConversations,
  isSaid,
  type conversationsOf,
} from '../conversations/conversations.ts';
import type { Tx } from '../db/pool.ts';
import { accept, type AcceptDeps, type Send } from './accept.ts';

/** A contact that is known, at one of its addresses or wherever it is reached best; or whoever an address is of. */
export type Whom = { contactId: number; destinationId?: number | undefined } | Omit<Wanted, 'workspaceId'>;

/** What is said to whom. */
export type Saying = Omit<
  Send,
  'workspaceId' | 'contactId' | 'conversationId' | 'destinationId' | 'aheadMs'
> & { to: Whom };

/** Where it is said, and when by our clock. */
type Speaking = {
  workspace: { id: number; clockAheadMs: number };
  nowMs: number;
  /** The conversations that those have who are named by their contact, where this transaction has read them. */
  conversations?: Awaited<ReturnType<typeof conversationsOf>>;
};

/** What was accepted, and of whom. */
export type SaidTo = { messageId: number; contactId: number; conversationId: number; atMs: number };

/** Says things, in order; part of the caller's transaction. */
export async function say(
  deps: AcceptDeps,
  tx: Tx,
  { workspace, nowMs, conversations }: Speaking,
  sayings: readonly Saying[],
): Promise<SaidTo[]> {
  const { id: workspaceId, clockAheadMs: aheadMs } = workspace;
  const reached = await reach(deps, tx, { workspaceId, nowMs }, sayings);
  const fresh = new Set(reached.flatMap(({ contactId, created }) => (created ? [contactId] : [])));
  const known = new Set(reached.flatMap(({ contactId }) => (fresh.has(contactId) ? [] : [contactId])));
  const said = new Map<number, number>();
  for (const [i, { kind }] of sayings.entries())
    if (isSaid(kind)) said.set(reached[i]!.contactId, (said.get(reached[i]!.contactId) ?? 0) + 1);
  const of = (contactIds: ReadonlySet<number>) =>
    [...contactIds].map((contactId) => ({ contactId, workspaceId, said: said.get(contactId) ?? 0 }));
  const found = known.size
    ? await ensureConversations(tx, deps.ids, nowMs + aheadMs, of(known), conversations)
    : new Map<number, { id: number; isNew?: true }>();
  const begun = beginConversations(tx, deps.ids, nowMs + aheadMs, of(fresh));
  const sends = sayings.map(({ to: _to, ...one }, i): Send => {
    const { contactId, destinationId } = reached[i]!;
    const own = begun.idOf.get(contactId);
    const conversationId = own ?? found.get(contactId)!.id;
    const isCounted = own !== undefined || found.get(contactId)!.isNew === true;
    const where = destinationId === undefined ? {} : { destinationId };
    return { ...one, ...where, workspaceId, contactId, conversationId, isCounted, aheadMs };
  });
  // In one write: the conversations first.
  const [accepted] = await Promise.all([accept(deps, tx, nowMs, sends), begun.written]);
  return accepted.map(({ messageId, atMs }, i) => {
    const { contactId, conversationId } = sends[i]!;
    return { messageId, atMs, contactId, conversationId };
  });
}

type Reached = { contactId: number; destinationId?: number | undefined; created?: boolean };

/** Who they are; those who are named by an address are found or made together. */
async function reach(
  deps: AcceptDeps,
  tx: Tx,
  at: { workspaceId: number; nowMs: number },
  sayings: readonly Saying[],
): Promise<Reached[]> {
  const wanted = sayings.flatMap(({ to }) =>
    'contactId' in to ? [] : [{ ...to, workspaceId: at.workspaceId }],
  );
  const found = wanted.length ? (await resolveContacts(tx, deps.ids, at.nowMs, wanted)).values() : undefined;
  return sayings.map(({ to }) => ('contactId' in to ? to : found!.next().value!));
}
