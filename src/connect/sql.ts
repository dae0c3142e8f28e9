/** The statements on connect clients and grants. */
import { hash32 } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';

/** A row of connect_clients. */
export type ClientRow = {
  workspaceId: number;
  id: number;
  enabled: boolean;
  name: string;
  settings: Record<string, unknown>;
  secretSealed: Uint8Array;
  createdMs: number;
  changedMs: number;
};

/** Who ended a grant: either side, the company by erasing the contact, or whoever deleted one of the workspaces. */
export type EndedBy = 'holder' | 'company' | 'erased' | 'workspace';

/** A row of connect_grants. */
export type GrantRow = {
  id: number;
  clientWorkspaceId: number;
  connectId: string | null;
  signed: boolean;
  holderId: number;
  holderWorkspaceId: number;
  contactId: number | null;
  allows: string[];
  connectedMs: number;
  disconnectedMs: number | null;
  endedBy: EndedBy | null;
};

/** As whom a grant is looked for. */
export type GrantKey = { connectId: string } | { userId: number };

const clientColumns = (db: Db) => db`
  c.workspace_id AS "workspaceId", c.id, c.enabled, c.name, c.settings, c.secret_sealed AS "secretSealed",
  c.created_ms AS "createdMs", c.changed_ms AS "changedMs"`;

const grantColumns = (db: Db) => db`
  g.id, g.client_workspace_id AS "clientWorkspaceId", g.connect_id AS "connectId", g.signed, g.holder_id AS "holderId",
  g.holder_workspace_id AS "holderWorkspaceId", g.contact_id AS "contactId", g.allows, g.connected_ms AS "connectedMs",
  g.disconnected_ms AS "disconnectedMs", g.ended_by AS "endedBy"`;

/** The client of a workspace, enabled or not. `lock`: locks its row until the transaction ends, to change it. */
export async function selectClient(
  db: Db,
  workspaceId: number,
  lock = false,
): Promise<ClientRow | undefined> {
  const rows = await db<ClientRow[]>`
    SELECT ${clientColumns(db)} FROM connect_clients c
    WHERE c.workspace_id = ${workspaceId} ${lock ? db`FOR NO KEY UPDATE` : db``}`;
  return rows[0];
}

/** The client that is named by its own id, of a workspace that is not deleted. Locks nothing. */
export async function selectClientById(db: Db, id: number): Promise<ClientRow | undefined> {
  const rows = await db<ClientRow[]>`
    SELECT ${clientColumns(db)} FROM connect_clients c JOIN workspaces w ON w.id = c.workspace_id
    WHERE c.id = ${id} AND w.deleted_ms IS NULL`;
  return rows[0];
}

/** Writes a new client; one that the workspace has already stays as it is. */
export async function insertClient(db: Db, c: ClientRow): Promise<void> {
  await db`
    INSERT INTO connect_clients (workspace_id, id, enabled, name, settings, secret_sealed, created_ms, changed_ms)
    VALUES (${c.workspaceId}, ${c.id}, ${c.enabled}, ${c.name}, ${db.json(c.settings)}, ${c.secretSealed},
      ${c.createdMs}, ${c.changedMs})
    ON CONFLICT (workspace_id) DO NOTHING`;
}

/** Writes what can change of a client. The caller holds its lock. */
export async function updateClientRow(db: Db, c: ClientRow): Promise<void> {
  await db`
    UPDATE connect_clients SET enabled = ${c.enabled}, name = ${c.name}, settings = ${db.json(c.settings)},
      secret_sealed = ${c.secretSealed}, changed_ms = ${c.changedMs}
    WHERE workspace_id = ${c.workspaceId}`;
}

/**
 * Makes those who connect the same account or the same connect_id to a company queue up until the transaction ends: advisory locks,
 * in the order of their numbers.
 */
export async function lockPair(
  db: Db,
  pair: { clientWorkspaceId: number; connectId: string; holderId: number },
): Promise<void> {
  const at = pair.clientWorkspaceId;
  const keys = [hash32(`${at} as ${pair.connectId}`), hash32(`${at} of ${pair.holderId}`)].sort(
    (a, b) => a - b,
  );
  for (const key of keys) await db`SELECT pg_advisory_xact_lock(hashtext('connect'), ${key}::integer)`;
}

/** The grants, ended ones too, of a connect_id or of an account at one company, newest first. Locks nothing. */
export async function selectOfPair(
  db: Db,
  pair: { clientWorkspaceId: number; connectId: string; holderId: number },
): Promise<GrantRow[]> {
  return await db<GrantRow[]>`
    SELECT ${grantColumns(db)} FROM connect_grants g
    WHERE g.client_workspace_id = ${pair.clientWorkspaceId}
      AND (g.connect_id = ${pair.connectId} OR g.holder_id = ${pair.holderId})
    ORDER BY g.id DESC`;
}

/** Writes a grant; false when the account or the connect_id has one that lasts. */
export async function insertGrant(db: Db, g: GrantRow): Promise<boolean> {
  const done = await db`
    INSERT INTO connect_grants (id, client_workspace_id, connect_id, signed, holder_id, holder_workspace_id, contact_id, allows,
      connected_ms, disconnected_ms, ended_by)
    VALUES (${g.id}, ${g.clientWorkspaceId}, ${g.connectId}, ${g.signed}, ${g.holderId}, ${g.holderWorkspaceId}, ${g.contactId},
      ${g.allows}::text[], ${g.connectedMs}, ${g.disconnectedMs}, ${g.endedBy})
    ON CONFLICT DO NOTHING`;
  return done.count > 0;
}

/**
 * The grant by which a company knows somebody: the one that lasts, else the last that ended. `hold`: locks the row against ending until
 * the transaction ends; who waited for an end sees it.
 */
export async function selectGrant(
  db: Db,
  clientWorkspaceId: number,
  who: GrantKey,
  hold: boolean,
): Promise<(GrantRow & { enabled: boolean; open: boolean }) | undefined> {
  const named = 'connectId' in who ? db`g.connect_id = ${who.connectId}` : db`g.holder_id = ${who.userId}`;
  const rows = await db<(GrantRow & { enabled: boolean; open: boolean })[]>`
    SELECT ${grantColumns(db)}, c.enabled, (h.deleted_ms IS NULL AND o.disabled_ms IS NULL AND EXISTS (
      SELECT 1 FROM memberships m
      WHERE m.operator_id = g.holder_id AND m.workspace_id = g.holder_workspace_id AND m.role = 'owner')) AS open
    FROM connect_grants g JOIN connect_clients c ON c.workspace_id = g.client_workspace_id
      JOIN workspaces h ON h.id = g.holder_workspace_id JOIN operators o ON o.id = g.holder_id
    WHERE g.client_workspace_id = ${clientWorkspaceId} AND ${named}
    ORDER BY (g.disconnected_ms IS NULL) DESC, g.id DESC LIMIT 1 ${hold ? db`FOR SHARE OF g` : db``}`;
  return rows[0];
}

/** Where an account is that a company acts for: how it reads numbers, times and money. */
export type HolderPlace = { country: string; timeZone: string; clockAheadMs: number };

/**
 * The grants that last of those whom a company names, as long as it is enabled and their accounts are open. Locks the rows against ending
 * until the transaction ends, in the order of their ids; one that ended while it was waited for is left out.
 */
export async function holdLiveGrants(
  db: Db,
  clientWorkspaceId: number,
  who: { connectIds: readonly string[]; userIds: readonly number[] },
): Promise<(GrantRow & HolderPlace)[]> {
  return await db<(GrantRow & HolderPlace)[]>`
    SELECT ${grantColumns(db)}, h.country, h.time_zone AS "timeZone", h.clock_ahead_ms AS "clockAheadMs"
    FROM connect_grants g JOIN connect_clients c ON c.workspace_id = g.client_workspace_id
      JOIN workspaces h ON h.id = g.holder_workspace_id JOIN operators o ON o.id = g.holder_id
    WHERE g.client_workspace_id = ${clientWorkspaceId} AND g.disconnected_ms IS NULL
      AND (g.connect_id = ANY(${[...who.connectIds]}::text[]) OR g.holder_id = ANY(${[...who.userIds]}::bigint[]))
      AND c.enabled AND h.deleted_ms IS NULL AND o.disabled_ms IS NULL AND EXISTS (
        SELECT 1 FROM memberships m
        WHERE m.operator_id = g.holder_id AND m.workspace_id = g.holder_workspace_id AND m.role = 'owner')
    ORDER BY g.id FOR SHARE OF g`;
}

/** The grants that last of those whom a company names, in no order. Locks nothing. */
export async function selectLiveGrants(
  db: Db,
  clientWorkspaceId: number,
  who: { connectIds: readonly string[]; userIds: readonly number[] },
): Promise<GrantRow[]> {
  return await db<GrantRow[]>`
    SELECT ${grantColumns(db)} FROM connect_grants g
    WHERE g.client_workspace_id = ${clientWorkspaceId} AND g.disconnected_ms IS NULL
      AND (g.connect_id = ANY(${[...who.connectIds]}::text[]) OR g.holder_id = ANY(${[...who.userIds]}::bigint[]))`;
}

/** The grant that lasts of who stands as a contact with a company. Locks nothing. */
export async function selectLiveGrantOf(
  db: Db,
  clientWorkspaceId: number,
  contactId: number,
): Promise<GrantRow | undefined> {
  const rows = await db<GrantRow[]>`
    SELECT ${grantColumns(db)} FROM connect_grants g
    WHERE g.client_workspace_id = ${clientWorkspaceId} AND g.contact_id = ${contactId} AND g.disconnected_ms IS NULL
    ORDER BY g.id DESC LIMIT 1`;
  return rows[0];
}

/** Which of these contacts of a workspace have a grant that lasts. Locks nothing. */
export async function selectConnectedContacts(
  db: Db,
  clientWorkspaceId: number,
  contactIds: readonly number[],
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT DISTINCT g.contact_id AS "contactId" FROM connect_grants g
    WHERE g.client_workspace_id = ${clientWorkspaceId} AND g.disconnected_ms IS NULL
      AND g.contact_id = ANY(${[...contactIds]}::bigint[])`;
  return rows.map(({ contactId }) => contactId);
}

/** All grants of contacts of a company, the ended ones too, newest first. Locks the rows against ending until the transaction ends. */
export async function selectGrantsOfContacts(
  db: Db,
  clientWorkspaceId: number,
  contactIds: readonly number[],
): Promise<GrantRow[]> {
  return await db<GrantRow[]>`
    SELECT ${grantColumns(db)} FROM connect_grants g
    WHERE g.contact_id = ANY(${[...contactIds]}::bigint[]) AND g.client_workspace_id = ${clientWorkspaceId}
    ORDER BY g.id DESC FOR SHARE OF g`;
}

/** A page of a company's grants, newest first, before an id; `live`: only those that last, or only those that ended. */
export async function selectGrantsOf(
  db: Db,
  page: { clientWorkspaceId: number; beforeId: number; limit: number; live?: boolean | undefined },
): Promise<GrantRow[]> {
  const lasts =
    page.live === undefined
      ? db``
      : page.live
        ? db`AND g.disconnected_ms IS NULL`
        : db`AND g.disconnected_ms IS NOT NULL`;
  return await db<GrantRow[]>`
    SELECT ${grantColumns(db)} FROM connect_grants g
    WHERE g.client_workspace_id = ${page.clientWorkspaceId} AND g.id < ${page.beforeId} ${lasts}
    ORDER BY g.id DESC LIMIT ${page.limit}`;
}

/** A grant, and whom it was given to. */
type GrantGiven = GrantRow & { clientId: number; clientName: string; logoUrl: string | null };

/** All grants that an account gave, with the name of whom it gave them, newest first. Locks nothing. */
export async function selectGrantsBy(db: Db, holderId: number): Promise<GrantGiven[]> {
  return await db<GrantGiven[]>`
    SELECT ${grantColumns(db)}, c.id AS "clientId", c.name AS "clientName", c.settings ->> 'logoUrl' AS "logoUrl"
    FROM connect_grants g JOIN connect_clients c ON c.workspace_id = g.client_workspace_id
    WHERE g.holder_id = ${holderId} ORDER BY g.id DESC`;
}

/**
 * Ends a grant that lasts; undefined when there is none of that id, or it is another's. `of` says whose it has to be: an account's, a
 * company's. Locks the row.
 */
export async function endGrant(
  db: Db,
  of: { id: number } & ({ holderId: number } | { clientWorkspaceId: number }),
  atMs: number,
  endedBy: EndedBy,
): Promise<GrantRow | undefined> {
  const whose =
    'holderId' in of ? db`g.holder_id = ${of.holderId}` : db`g.client_workspace_id = ${of.clientWorkspaceId}`;
  const rows = await db<GrantRow[]>`
    UPDATE connect_grants g SET disconnected_ms = GREATEST(${atMs}::bigint, g.connected_ms), ended_by = ${endedBy}
    WHERE g.id = ${of.id} AND ${whose} AND g.disconnected_ms IS NULL RETURNING ${grantColumns(db)}`;
  return rows[0];
}

/** Ends all grants that last of a workspace that goes, as a company's or as an account's. Locks the rows. */
export async function endGrantsOfWorkspace(db: Db, workspaceId: number, atMs: number): Promise<GrantRow[]> {
  return await db<GrantRow[]>`
    UPDATE connect_grants g SET disconnected_ms = GREATEST(${atMs}::bigint, g.connected_ms), ended_by = 'workspace'
    WHERE (g.client_workspace_id = ${workspaceId} OR g.holder_workspace_id = ${workspaceId}) AND g.disconnected_ms IS NULL
    RETURNING ${grantColumns(db)}`;
}

/** Ends the grants that last of contacts that a company erases. Locks the rows. */
export async function endGrantsOfContacts(
  db: Db,
  clientWorkspaceId: number,
  contactIds: readonly number[],
  atMs: number,
): Promise<GrantRow[]> {
  return await db<GrantRow[]>`
    UPDATE connect_grants g SET disconnected_ms = GREATEST(${atMs}::bigint, g.connected_ms), ended_by = 'erased'
    WHERE g.client_workspace_id = ${clientWorkspaceId} AND g.contact_id = ANY(${[...contactIds]}::bigint[])
      AND g.disconnected_ms IS NULL RETURNING ${grantColumns(db)}`;
}

/** Lets go of contacts that a company erases: their grants, which have ended, name them no more. Locks the rows. */
export async function forgetContacts(
  db: Db,
  clientWorkspaceId: number,
  contactIds: readonly number[],
): Promise<void> {
  await db`
    UPDATE connect_grants SET connect_id = NULL, contact_id = NULL
    WHERE client_workspace_id = ${clientWorkspaceId} AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** The grants of a contact that goes are those of the one that stays. Locks the rows. */
export async function moveGrants(
  db: Db,
  merge: { workspaceId: number; discardedId: number; survivingId: number },
): Promise<void> {
  await db`
    UPDATE connect_grants SET contact_id = ${merge.survivingId}
    WHERE client_workspace_id = ${merge.workspaceId} AND contact_id = ${merge.discardedId}`;
}
