/**
 * API keys of the doors. A Sunshine key's secret signs tokens, so it is kept sealed; any other secret is only compared, so
 * only its hash is kept. Either is shown once, when the key is made.
 */
import { isStorable } from '../base/storable.ts';
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { randomToken, sha256Hex, type Vault } from '../base/crypto.ts';
import { breaks, fault, isFault, type Fault } from '../base/fault.ts';
import { toHex24, type IdSource } from '../base/ids.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import { createCache } from './cache.ts';
import { checkText } from './checks.ts';
import { isRole, ROLES, type Role } from '../../contract/roles.ts';
import {
  countKeys,
  insertKey,
  markKeyRevoked,
  updateKeyEnding,
  selectHeldKeys,
  selectKeys,
  selectRoles,
  selectEnding,
  selectSessions,
  type HeldKeyRow,
  type KeyRow,
} from './sql.access.ts';
import { lockWorkspace } from './sql.ts';

/** The doors that keys open. */
export const DOORS = ['sunshine', 'web1on1', 'outbound', 'shout', 'console'] as const;
/**
 * What a key of the Outbound door may do: `private` all that a server may, `public` what a browser or an app may, which anybody can
 * read the key out of.
 */
const OUTBOUND_SCOPES = ['private', 'public'] as const;
/** A door. */
export type DoorName = (typeof DOORS)[number];

/** Whose key it is: a workspace's, or an operator's (reaching every workspace the operator belongs to). */
export type KeyOwner = { workspaceId: number } | { operatorId: number };

/** A key as it may be shown. */
export type ApiKey = {
  id: number;
  door: DoorName;
  keyId: string;
  name: string;
  workspaceId?: number;
  operatorId?: number;
  scopes: string[];
  createdMs: number;
  expiresMs?: number;
};

/** A key with what checks it. Stays in this room. */
export type HeldKey = {
  readonly door: DoorName;
  readonly keyId: string;
  readonly workspaceId?: number;
  readonly operatorId?: number;
  readonly scopes: readonly string[];
  readonly expiresMs?: number;
  /** Of a key that signs. */
  readonly secret?: string;
  readonly signingKey?: KeyObject;
  /** SHA-256, hex, of a secret that is only compared. */
  readonly secretHash?: string;
};

/** Sunshine's own limit of keys per app (api/sunshine.md §1.2). */
export const MAX_SUNSHINE_KEYS = 10;

const PREFIXES: Record<Exclude<DoorName, 'sunshine'>, string> = {
  web1on1: 'wob',
  outbound: 'out',
  shout: 'sht',
  console: 'con',
};

/**
 * Makes a key. `secret` is shown only here; `token` is key id and secret in one text, for doors whose credential is one
 * text. Scopes: Sunshine's follow from the owner; a console key has one, the role it acts in; one of the Outbound door is private or public; other doors define theirs.
 */
export async function createKey(
  tx: Tx,
  tools: { vault: Vault; ids: IdSource },
  input: {
    owner: KeyOwner;
    door: DoorName;
    name?: string;
    scopes?: readonly string[];
    expiresMs?: number;
    nowMs: number;
  },
): Promise<{ key: ApiKey; secret: string; token: string } | Fault> {
  const broken = checkKey(input);
  if (broken) return broken;
  const workspaceId = 'workspaceId' in input.owner ? input.owner.workspaceId : null;
  const operatorId = 'operatorId' in input.owner ? input.owner.operatorId : null;
  const full = workspaceId === null ? undefined : await checkRoom(tx, workspaceId, input);
  if (full) return full;
  const id = tools.ids.spread();
  const sunshine = input.door === 'sunshine';
  const prefix = sunshine ? (workspaceId === null ? 'act' : 'app') : PREFIXES[input.door as 'console'];
  const keyId = `${prefix}_${toHex24(id)}`;
  const secret = randomToken(48);
  const row: KeyRow = {
    id,
    workspace_id: workspaceId,
    operator_id: operatorId,
    door: input.door,
    key_id: keyId,
    name: input.name ?? '',
    scopes: sunshine ? (workspaceId === null ? ['account'] : ['app', 'appUser']) : [...(input.scopes ?? [])],
    created_ms: input.nowMs,
    expires_ms: input.expiresMs ?? null,
    revoked_ms: null,
  };
  await insertKey(tx, input.nowMs, {
    id,
    workspaceId,
    operatorId,
    door: input.door,
    keyId,
    name: row.name,
    scopes: row.scopes,
    secretHash: sunshine ? null : sha256Hex(secret),
    secretSealed: sunshine ? tools.vault.seal(secret, sealContext(id)) : null,
    expiresMs: row.expires_ms,
  });
  return { key: keyOf(row), secret, token: `${keyId}.${secret}` };
}

/** The keys of an owner, of one door or of all, without secrets; revoked ones are left out. */
export async function listKeys(db: Db, input: { owner: KeyOwner; door?: DoorName }): Promise<ApiKey[]> {
  const rows = await selectKeys(db, { ...columnsOf(input.owner), door: input.door ?? null });
  return rows.map(keyOf);
}

/** Revokes a key. After the commit, tell the keyring: `forgetKey(door, keyId)`. Other processes follow within a second. */
export async function revokeKey(
  db: Db,
  input: { owner: KeyOwner; door: DoorName; keyId: string; nowMs: number },
): Promise<true | Fault> {
  const { owner, door, keyId, nowMs } = input;
  const revoked =
    isStorable(keyId) && (await markKeyRevoked(db, nowMs, { ...columnsOf(owner), door, keyId }));
  return revoked || fault('not_found', 'There is no such key.');
}

/**
 * Makes a key that may what another may, and ends the other: at once, or after a while in which both work, so that its users can change
 * over. One that ends before that still does. After the commit, tell the keyring, as of one that is revoked.
 */
export async function rotateKey(
  tx: Tx,
  tools: { vault: Vault; ids: IdSource },
  input: { workspaceId: number; keyId: string; oldLastsMs: number; nowMs: number },
): Promise<{ key: ApiKey; secret: string; token: string; old: ApiKey } | Fault> {
  const { workspaceId, keyId, oldLastsMs, nowMs } = input;
  const gone = fault('not_found', 'There is no such key.');
  // Before the key, as who makes one has it: of two at once the second sees what the first did.
  if (!(await lockWorkspace(tx, workspaceId))) return gone;
  const row =
    isStorable(keyId) && (await updateKeyEnding(tx, { workspaceId, keyId, endsMs: nowMs + oldLastsMs }));
  if (!row) return gone;
  const old = keyOf(row);
  const { door, name, scopes } = old;
  const owner = { workspaceId };
  if (oldLastsMs === 0) await revokeKey(tx, { owner, door, keyId, nowMs });
  const made = await createKey(tx, tools, { owner, door, name, scopes, nowMs });
  return isFault(made) ? made : { ...made, old };
}

/** What requests are checked against: keys, sessions and roles, at most a second behind other processes' changes. */
export type Keyring = {
  key(door: DoorName, keyId: string): Promise<HeldKey | undefined>;
  session(token: string): Promise<{ operatorId: number; expiresMs: number } | undefined>;
  /** Why a session is over, of one that lets nobody in. */
  endingOf(token: string): ReturnType<typeof selectEnding>;
  /** The same by the hash of its token, as access tokens name the session behind them. */
  sessionByHash(hash: string): Promise<{ operatorId: number; expiresMs: number } | undefined>;
  /** An operator's role by workspace. */
  rolesOf(operatorId: number): Promise<ReadonlyMap<number, Role>>;
  forgetKey(door: DoorName, keyId: string): void;
  forgetSession(token: string): void;
  forgetRoles(operatorId: number): void;
};

/** A keyring over the store. One per process. */
export function createKeyring(tools: { sql: Sql; vault: Vault; clock: Pick<Clock, 'nowMs'> }): Keyring {
  const { sql, vault, clock } = tools;
  const keys = createCache<string, HeldKey>(clock, async (names) => {
    const split = names.map((name) => name.split(' ') as [string, string]);
    const rows = await selectHeldKeys(
      sql,
      split.map(([door]) => door),
      split.map(([, keyId]) => keyId),
    );
    const held = rows.flatMap((row) => heldKeyOf(row, vault) ?? []);
    return new Map(held.map((key) => [`${key.door} ${key.keyId}`, key]));
  });
  const sessions = createCache<string, { operatorId: number; expiresMs: number }>(clock, async (hashes) => {
    const rows = await selectSessions(sql, hashes);
    return new Map(
      rows.map((row) => [row.token_hash, { operatorId: row.operator_id, expiresMs: row.expires_ms }]),
    );
  });
  const roles = createCache<number, ReadonlyMap<number, Role>>(clock, async (operatorIds) => {
    const found = new Map<number, Map<number, Role>>(operatorIds.map((id) => [id, new Map()]));
    for (const row of await selectRoles(sql, operatorIds))
      found.get(row.operator_id)!.set(row.workspace_id, row.role as Role);
    return found;
  });
  return {
    key: (door, keyId) =>
      /^[\w-]{1,64}$/.test(keyId) ? keys.get(`${door} ${keyId}`) : Promise.resolve(undefined),
    session: (token) => sessions.get(sha256Hex(token)),
    sessionByHash: (hash) => sessions.get(hash),
    endingOf: (token) => selectEnding(sql, sha256Hex(token), clock.nowMs()),
    rolesOf: async (operatorId) => (await roles.get(operatorId)) ?? new Map(),
    forgetKey: (door, keyId) => keys.forget(`${door} ${keyId}`),
    forgetSession: (token) => sessions.forget(sha256Hex(token)),
    forgetRoles: (operatorId) => roles.forget(operatorId),
  };
}

function checkKey(input: {
  owner: KeyOwner;
  door: DoorName;
  name?: string;
  scopes?: readonly string[];
  expiresMs?: number;
  nowMs: number;
}): Fault | undefined {
  const { door, scopes, expiresMs } = input as { door: unknown; scopes?: unknown; expiresMs?: unknown };
  if (!(DOORS as readonly unknown[]).includes(door))
    return breaks('door', `must be one of ${DOORS.join(', ')}`);
  if (input.name !== undefined) {
    const broken = checkText(input.name, 'name', 0, 200);
    if (broken) return broken;
  }
  if (expiresMs !== undefined && !(Number.isSafeInteger(expiresMs) && (expiresMs as number) > input.nowMs))
    return breaks('expiresMs', 'must be a time to come, in unix milliseconds');
  if (door === 'console' && !(Array.isArray(scopes) && scopes.length === 1 && isRole(scopes[0])))
    return breaks('scopes', `must be a list of one role: ${ROLES.join(', ')}`);
  if (door === 'outbound' && !(Array.isArray(scopes) && scopes.length === 1 && isOutboundScope(scopes[0])))
    return breaks('scopes', `must be a list of one: ${OUTBOUND_SCOPES.join(' or ')}`);
  const texts =
    Array.isArray(scopes) && scopes.every((s) => typeof s === 'string' && /^[\w.:-]{1,64}$/.test(s));
  if (scopes !== undefined && !(texts && scopes.length <= 20))
    return breaks('scopes', 'must be a list of at most 20 names');
  return undefined;
}

function isOutboundScope(scope: unknown): boolean {
  return (OUTBOUND_SCOPES as readonly unknown[]).includes(scope);
}

/** Locks the workspace, so that two requests at once do not both make the tenth key. */
async function checkRoom(
  tx: Tx,
  workspaceId: number,
  input: { door: DoorName; nowMs: number },
): Promise<Fault | undefined> {
  if (!(await lockWorkspace(tx, workspaceId))) return fault('not_found', 'There is no such workspace.');
  if (input.door !== 'sunshine') return undefined;
  const present = await countKeys(tx, input.nowMs, { workspaceId, door: 'sunshine' });
  return present >= MAX_SUNSHINE_KEYS
    ? fault('payment_required', `An app has at most ${MAX_SUNSHINE_KEYS} keys; revoke one first.`)
    : undefined;
}

function columnsOf(owner: KeyOwner): { workspaceId: number | null; operatorId: number | null } {
  return 'workspaceId' in owner
    ? { workspaceId: owner.workspaceId, operatorId: null }
    : { workspaceId: null, operatorId: owner.operatorId };
}

function keyOf(row: KeyRow): ApiKey {
  return {
    id: row.id,
    door: row.door as DoorName,
    keyId: row.key_id,
    name: row.name,
    ...(row.workspace_id === null ? {} : { workspaceId: row.workspace_id }),
    ...(row.operator_id === null ? {} : { operatorId: row.operator_id }),
    scopes: row.scopes,
    createdMs: row.created_ms,
    ...(row.expires_ms === null ? {} : { expiresMs: row.expires_ms }),
  };
}

/** Undefined when the secret was sealed under another PARLEY_SECRET: such a key opens nothing. */
function heldKeyOf(row: HeldKeyRow, vault: Vault): HeldKey | undefined {
  const { id: _id, name: _name, createdMs: _createdMs, ...key } = keyOf(row);
  if (row.secret_hash !== null) return { ...key, secretHash: row.secret_hash };
  const secret = vault.open(row.secret_sealed!, sealContext(row.id));
  return secret === undefined
    ? undefined
    : { ...key, secret, signingKey: createSecretKey(Buffer.from(secret)) };
}

function sealContext(id: number): string {
  return `key:${id}`;
}
