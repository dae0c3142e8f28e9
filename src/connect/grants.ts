/**
 * Grants: an account authorises a company, and takes that back. Both are told on the feed in the transaction that made them so, and who
 * is told reads them there: webhooks, groups, campaigns. Of two who connect at once the first wins, by the unique indexes of the table.
 */
import { namePartsOf } from '../../contract/personName.ts';
import { appendAudit } from '../accounts/audit.ts';
import type { Operator } from '../accounts/operators.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { MAX_ID, type IdSource } from '../base/ids.ts';
import { cutPage } from '../base/page.ts';
import { getContact, updateContact } from '../contacts/contacts.ts';
import { destinationsOf } from '../contacts/destinations.ts';
import { holdContacts } from '../contacts/held.ts';
import { activate } from '../contacts/pending.ts';
import { resolveContacts } from '../contacts/resolve/resolve.ts';
import { openChats, type OpenKind } from '../conversations/groups/chats.ts';
import { overtaken, type Db, type Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { mayOnBehalf } from './abilities.ts';
import type { Client } from './clients.ts';
import { checkConnectId } from './connectId.ts';
import { cutOff, tell } from './ending.ts';
import {
  endGrant,
  endGrantsOfContacts,
  endGrantsOfWorkspace,
  forgetContacts,
  insertGrant,
  lockPair,
  selectConnectedContacts,
  selectGrant,
  selectGrantsBy,
  selectGrantsOf,
  selectGrantsOfContacts,
  selectLiveGrants,
  selectOfPair,
  type EndedBy,
  type GrantRow,
  type GrantKey,
} from './sql.ts';

export { mayOnBehalf, ABILITIES, type Ability } from './abilities.ts';
export type { EndedBy, GrantKey } from './sql.ts';

/** An account's authorisation of a company. Times are by the company's clock. */
export type Grant = {
  id: number;
  clientWorkspaceId: number;
  /** By which the company knows the account; null once it has erased the contact. */
  connectId: string | null;
  /** The account's own id: that of the operator whose it is. */
  userId: number;
  /** Where the company may act. */
  holderWorkspaceId: number;
  /** As whom the account stands in the company's workspace. */
  contactId: number | null;
  allows: string[];
  signed: boolean;
  connectedMs: number;
  disconnectedMs?: number;
  endedBy?: EndedBy;
};

/** A grant that lasts. */
export type LiveGrant = Grant & { connectId: string; contactId: number };

/** What the functions that change a grant need. */
export type GrantDeps = { ids: IdSource; queue: Pick<Queue, 'append'> };

/** Which of the company's own ids an account is connected as, and who says so. */
type Connecting = {
  client: Client;
  /** The company's clock. */
  clientNowMs: number;
  connectId: string;
  /** The company vouched for it: it may then be another account's that has disconnected. */
  signed: boolean;
  holder: Pick<Operator, 'id' | 'name' | 'email'>;
  holderWorkspaceId: number;
  actor: string;
  nowMs: number;
};

/**
 * Connects an account; who is connected already as the same stays so. Who connects again after a disconnect has a grant anew and the
 * contact they had.
 */
export async function connectAccount(
  deps: GrantDeps,
  tx: Tx,
  input: Connecting,
): Promise<{ grant: LiveGrant; created: boolean } | Fault> {
  const { client, connectId, signed, holder, holderWorkspaceId, clientNowMs } = input;
  if (holderWorkspaceId === client.workspaceId)
    return fault('unprocessable', 'A company cannot be connected to itself.');
  const broken = checkConnectId(connectId);
  if (broken) return broken;
  const pair = { clientWorkspaceId: client.workspaceId, connectId, holderId: holder.id };
  await lockPair(tx, pair);
  const earlier = await selectOfPair(tx, pair);
  const standing = earlier.find((row) => isThisPair(row, pair) && row.disconnectedMs === null);
  if (standing) return { grant: grantOfRow(standing) as LiveGrant, created: false };
  const taken = collision(earlier, pair, signed);
  if (taken) return taken;
  const contactId = await contactOf(deps, tx, input);
  const row: GrantRow = {
    ...pair,
    id: deps.ids.spread(),
    signed,
    holderWorkspaceId,
    contactId,
    allows: [...client.asks],
    connectedMs: clientNowMs,
    disconnectedMs: null,
    endedBy: null,
  };
  if (!(await insertGrant(tx, row)))
    return fault('conflict', 'This account was connected by someone else just now.');
  const grant = grantOfRow(row) as LiveGrant;
  await openChats(tx, deps.ids, clientNowMs, { contactId, workspaceId: client.workspaceId }, opened(grant));
  await tell(deps, tx, 'grant.created', [grant], clientNowMs);
  await note(deps, tx, 'connect.grant', grant, input);
  return { grant, created: true };
}

/** Ends a grant that lasts, by the account or by the company; the fault when there is none, or another's. */
export async function disconnectAccount(
  deps: GrantDeps,
  tx: Tx,
  of: { id: number } & ({ holderId: number } | { clientWorkspaceId: number }),
  at: { clientNowMs: number; nowMs: number; actor: string },
): Promise<Grant | Fault> {
  const row = await endGrant(tx, of, at.clientNowMs, 'holderId' in of ? 'holder' : 'company');
  if (!row) return fault('not_found', 'There is no such grant that lasts.');
  const grant = grantOfRow(row) as LiveGrant;
  await cutOff(deps, tx, [grant], at.clientNowMs);
  await note(deps, tx, 'connect.end', grant, at);
  return grant;
}

/** Ends all grants of a workspace that is deleted, whichever side it is on. */
export async function disconnectWorkspace(
  deps: GrantDeps,
  tx: Tx,
  workspaceId: number,
  at: { clientNowMs: number },
): Promise<void> {
  const ended = await endGrantsOfWorkspace(tx, workspaceId, at.clientNowMs);
  await cutOff(
    deps,
    tx,
    ended.map((row) => grantOfRow(row) as LiveGrant),
    at.clientNowMs,
  );
}

/**
 * Ends the grants of contacts that a company erases, which name them no more from then on. Who listens is told of the account, and
 * nothing else: the company's own id of it is erased with the contact.
 */
export async function disconnectErased(
  deps: GrantDeps,
  tx: Tx,
  of: { workspaceId: number; contactIds: readonly number[]; atMs: number },
): Promise<void> {
  const ended = await endGrantsOfContacts(tx, of.workspaceId, of.contactIds, of.atMs);
  await forgetContacts(tx, of.workspaceId, of.contactIds);
  await tell(
    deps,
    tx,
    'grant.deleted',
    ended.map((row) => ({ ...(grantOfRow(row) as LiveGrant), connectId: null })),
    of.atMs,
  );
}

/**
 * The grant by which a company acts for somebody; a fault when there is none that lasts. Locks nothing: who acts by it takes
 * `holdGrant`.
 */
export async function grantOf(db: Db, clientWorkspaceId: number, who: GrantKey): Promise<LiveGrant | Fault> {
  return lasting(await selectGrant(db, clientWorkspaceId, who, false), who);
}

/** The same, locked against ending until the transaction ends: what is done with it is done before a disconnect, or not at all. */
export async function holdGrant(
  tx: Tx,
  clientWorkspaceId: number,
  who: GrantKey,
): Promise<LiveGrant | Fault> {
  return lasting(await selectGrant(tx, clientWorkspaceId, who, true), who);
}

/** The grant by which a company knows or knew somebody: the one that lasts, else the last that ended. */
export async function lastGrantOf(
  db: Db,
  clientWorkspaceId: number,
  who: GrantKey,
): Promise<Grant | undefined> {
  const row = await selectGrant(db, clientWorkspaceId, who, false);
  if (!row) return undefined;
  const { enabled: _enabled, open: _open, ...grant } = row;
  return grantOfRow(grant);
}

/** How the log of an account's workspace names the company that acts there. */
export function actorOfCompany({ clientWorkspaceId }: Pick<Grant, 'clientWorkspaceId'>): string {
  return `company:${clientWorkspaceId}`;
}

/** The grants that last of those whom a company names, in no order; who has none is left out. */
export async function liveGrantsOf(
  db: Db,
  clientWorkspaceId: number,
  who: { connectIds: readonly string[]; userIds: readonly number[] },
): Promise<LiveGrant[]> {
  return (await selectLiveGrants(db, clientWorkspaceId, who)).map((row) => grantOfRow(row) as LiveGrant);
}

/** Which of these contacts of a company are connected accounts now. */
export async function connectedContacts(
  db: Db,
  clientWorkspaceId: number,
  contactIds: readonly number[],
): Promise<ReadonlySet<number>> {
  return new Set(contactIds.length ? await selectConnectedContacts(db, clientWorkspaceId, contactIds) : []);
}

/**
 * Which of these contacts of a company may not be put into its group chats, and why: accounts that have not allowed it, or have
 * disconnected. Who never connected is a contact as any other. Held until the transaction ends.
 */
export async function keptOutOfGroups(
  tx: Tx,
  clientWorkspaceId: number,
  contactIds: readonly number[],
): Promise<Map<number, Fault>> {
  const rows = contactIds.length ? await selectGrantsOfContacts(tx, clientWorkspaceId, contactIds) : [];
  const refused = new Map<number, Fault>();
  for (const [contactId, grants] of Map.groupBy(rows, (row) => row.contactId!)) {
    const grant = grants.find(({ disconnectedMs }) => disconnectedMs === null) ?? grants[0]!;
    const may = mayOnBehalf(grant, 'groups');
    if (isFault(may)) refused.set(contactId, may);
  }
  return refused;
}

/** A page of a company's grants, newest first; `next` is the `beforeId` of the next page. */
export async function listGrants(
  db: Db,
  page: {
    clientWorkspaceId: number;
    limit: number;
    beforeId?: number | undefined;
    live?: boolean | undefined;
  },
): Promise<{ grants: Grant[]; next?: number }> {
  const { limit, beforeId = MAX_ID, ...of } = page;
  const found = await selectGrantsOf(db, { ...of, beforeId, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  return { grants: rows.map(grantOfRow), ...(last ? { next: last.id } : {}) };
}

/** What an account has authorised, ever, newest first. */
export async function grantsBy(
  db: Db,
  userId: number,
): Promise<(Grant & { client: { id: number; name: string; logoUrl: string | null } })[]> {
  const rows = await selectGrantsBy(db, userId);
  return rows.map(({ clientId, clientName, logoUrl, ...row }) => ({
    ...grantOfRow(row),
    client: { id: clientId, name: clientName, logoUrl },
  }));
}

/** The conversations that a grant opens (conversations/groups): closed with it, so that what was not said before is not said after. */
function opened({ allows }: Pick<Grant, 'allows'>): OpenKind[] {
  const kinds = { messages: 'direct', notifications: 'notices', announcements: 'announcements' } as const;
  return Object.entries(kinds).flatMap(([ability, kind]) => (allows.includes(ability) ? kind : []));
}

type Pair = { connectId: string; holderId: number };

function isThisPair(row: GrantRow, pair: Pair): boolean {
  return row.connectId === pair.connectId && row.holderId === pair.holderId;
}

/** Why two cannot be connected: one of them is another's, now, or, where nobody vouches, since the first use. */
function collision(earlier: readonly GrantRow[], pair: Pair, signed: boolean): Fault | undefined {
  const binding = earlier.filter((row) => row.connectId !== null && (row.disconnectedMs === null || !signed));
  if (binding.some((row) => row.connectId === pair.connectId && row.holderId !== pair.holderId))
    return fault('conflict', 'connect_id: another account is connected with this id', {
      field: 'connect_id',
    });
  if (binding.some((row) => row.holderId === pair.holderId && row.connectId !== pair.connectId))
    return fault('conflict', 'connect_id: your account is connected with another id; disconnect it first', {
      field: 'connect_id',
    });
  return undefined;
}

/**
 * As whom the account stands in the company's workspace: the contact it had, or who has its verified e-mail address, or, where the
 * company vouches for it, who has the connect_id as external id.
 */
async function contactOf(
  { ids }: GrantDeps,
  tx: Tx,
  { client, connectId, signed, holder, clientNowMs }: Connecting,
): Promise<number> {
  const profile = namePartsOf(holder.name);
  const email = holder.email;
  const [found] = await resolveContacts(tx, ids, clientNowMs, [
    {
      workspaceId: client.workspaceId,
      identities: [
        { kind: 'connect', value: String(holder.id) },
        ...(signed ? [{ kind: 'external' as const, value: connectId }] : []),
        { kind: 'email', value: email },
      ],
      destination: { channel: 'email', integrationId: null, address: email },
      profile,
    },
  ]);
  const { contactId, created } = found!;
  // Whom nothing was added to was not held until now: a grant that names who is erased or merged is taken along by nobody.
  const { present } = await holdContacts(tx, [{ workspaceId: client.workspaceId, contactId }]);
  if (!present.has(contactId)) throw overtaken('a contact was taken away meanwhile');
  if (!created)
    await nameContact(tx, clientNowMs, { workspaceId: client.workspaceId, id: contactId }, profile);
  // A code was mailed there while it waited; by now it is known to be theirs.
  const waiting = (await destinationsOf(tx, client.workspaceId, [contactId])).filter(
    ({ channel, address, status }) => channel === 'email' && address === email && status === 'pending',
  );
  await activate(
    tx,
    client.workspaceId,
    waiting.map(({ id }) => ({ contactId, destinationId: id })),
  );
  return contactId;
}

/** Gives a name to who has none: a contact that was made for the code that was mailed to them. */
async function nameContact(
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; id: number },
  name: { givenName?: string; surname?: string },
): Promise<void> {
  const contact = await getContact(tx, of.workspaceId, of.id);
  if (contact && contact.givenName === null && contact.surname === null)
    await updateContact(tx, nowMs, of, name);
}

function lasting(row: Awaited<ReturnType<typeof selectGrant>>, who: GrantKey): LiveGrant | Fault {
  const [field, value] = 'connectId' in who ? ['connect_id', who.connectId] : ['user_id', who.userId];
  if (!row) return fault('not_found', `${field}: nobody has connected as ${value}`, { field });
  if (!row.enabled) return fault('forbidden', 'Connect is not enabled for this workspace.');
  if (row.disconnectedMs !== null || !row.open)
    return fault('forbidden', `${field}: ${value} has disconnected`, { field });
  const { enabled: _enabled, open: _open, ...grant } = row;
  return grantOfRow(grant) as LiveGrant;
}

/** A grant as its row has it. */
export function grantOfRow({ holderId: userId, disconnectedMs, endedBy, ...same }: GrantRow): Grant {
  return {
    ...same,
    userId,
    ...(disconnectedMs === null ? {} : { disconnectedMs }),
    ...(endedBy === null ? {} : { endedBy }),
  };
}

/** In the logs of both sides. */
async function note(
  { ids }: GrantDeps,
  tx: Tx,
  action: string,
  grant: LiveGrant,
  { actor, nowMs }: { actor: string; nowMs: number },
): Promise<void> {
  const { id, clientWorkspaceId, holderWorkspaceId, allows, connectId } = grant;
  const detail = { company: clientWorkspaceId, connectId, allows };
  for (const workspaceId of [clientWorkspaceId, holderWorkspaceId])
    await appendAudit(tx, ids, {
      workspaceId,
      actor,
      action,
      subject: `grant:${id}`,
      detail,
      nowMs,
    });
}
