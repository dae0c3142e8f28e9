/**
 * Links by which a password is set: of the first owner of an install in which nobody can sign in yet, and of an operator whom an
 * administrator of the machine has made. Each is shown once, ends after a day and works once; only its hash is kept.
 */
import { randomToken, sha256Hex } from '../../base/crypto.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Db, Sql, Tx } from '../../db/pool.ts';
import { appendAudit } from '../audit.ts';
import { createOperator, hashPassword, NOBODYS_HASH, operatorOf, type Operator } from '../operators.ts';
import { selectOperator, updateSessionsOfEnded } from '../sql.access.ts';
import {
  deletePasswordLink,
  hasNoOperator,
  insertPasswordLink,
  lockFirstOwner,
  resetPassword,
  selectAllWorkspaces,
  selectFirstOwnerLink,
  selectMemberships,
  selectOperators,
  selectPasswordLink,
} from './sql.passwordLinks.ts';
import { createWorkspace, type Workspace } from '../workspaces.ts';

/** How long a link is good. */
const LINK_MS = 24 * 3600 * 1000;

/** A link as it is shown, once: what comes after the address of the server. */
export type PasswordLink = { path: string; expiresMs: number };

/** What a start finds: a link to show, one that was shown before (`expiresMs`), or that somebody can sign in. */
export type FirstOwner = PasswordLink | { shownUntilMs: number } | undefined;

/** The link of the first owner, when nobody can sign in yet and none is out. Of processes that start at once, one gets it. */
export async function firstOwnerLink(sql: Sql, nowMs: number): Promise<FirstOwner> {
  return await sql.begin(async (tx): Promise<FirstOwner> => {
    await lockFirstOwner(tx);
    if (!(await hasNoOperator(tx))) return undefined;
    const shownUntilMs = await selectFirstOwnerLink(tx, nowMs);
    return shownUntilMs === undefined ? await newLink(tx, null, nowMs) : { shownUntilMs };
  });
}

/** A link for an operator, or for the first owner (null); links before it work no more. */
export async function newLink(
  tx: Tx,
  operatorId: number | null,
  nowMs: number,
  invitedBy?: number,
): Promise<PasswordLink> {
  const token = randomToken(32);
  const expiresMs = nowMs + LINK_MS;
  await insertPasswordLink(tx, nowMs, { tokenHash: sha256Hex(token), operatorId, expiresMs, invitedBy });
  return { path: `/setup/${token}`, expiresMs };
}

/** Whose password a link sets, and of whom none is set yet, where he was asked in, as what and by whom. */
export type LinkFor = {
  email: string;
  name: string;
  /** None was set before; else it is another in place of one that is lost. */
  isFirst: boolean;
  invitedBy: string | null;
  memberOf: readonly { workspace: string; role: string }[];
};

/** A page has room for some. */
const MOST_MEMBERSHIPS = 10;

/** Whose password a link sets: null is the first owner, who names himself. Undefined when it is used, over or none of ours. */
export async function readLink(db: Db, token: string, nowMs: number): Promise<LinkFor | null | undefined> {
  const link = await selectPasswordLink(db, nowMs, sha256Hex(token));
  if (!link || link.operator_id === null) return link && null;
  return {
    email: link.email!,
    name: link.name!,
    isFirst: link.password_hash === NOBODYS_HASH,
    invitedBy: link.inviter,
    memberOf: await selectMemberships(db, link.operator_id, MOST_MEMBERSHIPS),
  };
}

/** What whoever has a link says; an operator who is there already only says the password. */
export type Setup = { email?: string; name?: string; password: string; workspace?: string };

/** Uses a link: sets the password, and of a first owner makes the operator with a workspace. All or nothing. */
export async function useLink(
  sql: Sql,
  ids: IdSource,
  token: string,
  setup: Setup,
  nowMs: number,
): Promise<{ operator: Operator; workspace?: Workspace } | Fault> {
  const tokenHash = sha256Hex(token);
  const link = await selectPasswordLink(sql, nowMs, tokenHash);
  if (!link) return over();
  const passwordHash = await hashPassword(setup.password, 'password');
  if (isFault(passwordHash)) return passwordHash;
  const done = await inOneGo(sql, async (tx) => {
    if (!(await deletePasswordLink(tx, tokenHash))) return over();
    return link.operator_id === null
      ? await makeFirstOwner(tx, ids, { ...setup, passwordHash }, nowMs)
      : await setPassword(tx, ids, link.operator_id, passwordHash, nowMs);
  });
  return done;
}

async function makeFirstOwner(
  tx: Tx,
  ids: IdSource,
  setup: Omit<Setup, 'password'> & { passwordHash: string },
  nowMs: number,
): Promise<{ operator: Operator; workspace: Workspace } | Fault> {
  await lockFirstOwner(tx);
  if (!(await hasNoOperator(tx))) return over();
  const { email = '', name = '', passwordHash, workspace = 'Main' } = setup;
  const operator = await createOperator(tx, ids, { email, name: name.trim() || email, passwordHash, nowMs });
  if (isFault(operator)) return operator;
  const made = await createWorkspace(tx, ids, {
    name: workspace.trim() || 'Main',
    environment: 'live',
    ownerId: operator.id,
    nowMs,
  });
  if (isFault(made)) return { ...made, ...(made.field === 'name' ? { field: 'workspace' } : {}) };
  const actor = `operator:${operator.id}`;
  await appendAudit(tx, ids, { actor, action: 'operator.create', subject: actor, nowMs });
  const subject = `workspace:${made.id}`;
  await appendAudit(tx, ids, { workspaceId: made.id, actor, action: 'workspace.create', subject, nowMs });
  return { operator, workspace: made };
}

async function setPassword(
  tx: Tx,
  ids: IdSource,
  id: number,
  passwordHash: string,
  nowMs: number,
): Promise<{ operator: Operator } | Fault> {
  if (!(await resetPassword(tx, { id, passwordHash }))) return over();
  await updateSessionsOfEnded(tx, id);
  const row = await selectOperator(tx, id);
  const subject = `operator:${id}`;
  await appendAudit(tx, ids, { actor: subject, action: 'operator.password', subject, nowMs });
  return { operator: operatorOf(row!) };
}

/** Makes an operator who sets the password by a link; its password until then is nobody's. */
export async function makeOperatorByLink(
  tx: Tx,
  ids: IdSource,
  input: { email: string; name?: string; actor?: string; invitedBy?: number | undefined; nowMs: number },
): Promise<{ operator: Operator; link: PasswordLink } | Fault> {
  const { email, nowMs, actor = 'parley' } = input;
  await lockFirstOwner(tx);
  const nobody = { email, name: input.name ?? email, passwordHash: NOBODYS_HASH, nowMs };
  const operator = await createOperator(tx, ids, nobody);
  if (isFault(operator)) return operator;
  const subject = `operator:${operator.id}`;
  await appendAudit(tx, ids, { actor, action: 'operator.create', subject, nowMs });
  return { operator, link: await newLink(tx, operator.id, nowMs, input.invitedBy) };
}

/** Every operator of the install. */
export async function listOperators(
  db: Db,
): Promise<{ id: number; email: string; name: string; disabled: boolean; workspaces: number }[]> {
  const rows = await selectOperators(db);
  return rows.map(({ disabled_ms: disabledMs, ...row }) => ({ ...row, disabled: disabledMs !== null }));
}

/** Every workspace of the install. */
export async function listAllWorkspaces(
  db: Db,
): Promise<{ id: number; name: string; environment: string; members: number }[]> {
  return await selectAllWorkspaces(db);
}

/** A transaction that a fault rolls back: a link whose form was filled in wrongly is not used up. */
async function inOneGo<T>(sql: Sql, work: (tx: Tx) => Promise<T | Fault>): Promise<T | Fault> {
  const refused: { fault?: Fault } = {};
  try {
    return await sql.begin(async (tx) => {
      const done = await work(tx);
      if (!isFault(done)) return done;
      refused.fault = done;
      throw new Error(done.message);
    });
  } catch (error) {
    if (refused.fault) return refused.fault;
    throw error;
  }
}

function over(): Fault {
  return fault('not_found', 'This link was used, is over, or was never one.');
}
