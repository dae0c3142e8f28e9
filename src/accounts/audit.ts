/** The audit log: who did what to what. Append only; kept for as long as its partitions are. Never holds a secret. */
import { keepable } from '../base/storable.ts';
import { beginningOf } from '../base/text.ts';
import { bucketOf, MAX_ID, type IdSource } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import { insertAudit, selectAudit } from './sql.ts';

/** An entry of the log. */
type AuditEntry = {
  id: number;
  /** Who: `operator:<id>`, `key:<key id>` or `parley`. */
  actor: string;
  /** What: `integration.create`, `key.revoke`, … */
  action: string;
  /** To what: `integration:<id>`. */
  subject: string;
  detail: Record<string, unknown>;
  atMs: number;
};

/** Names whose values are left out. `keyId` and the like stay: they name, they do not open. */
const SECRET_NAME = /secret|passw|passphrase|token|authorization|credential|certificate|(^|[a-z_])key$/i;
const MOST_ITEMS = 100;
const MOST_NAMES = 50;
const MAX_TEXT = 500;
const MAX_DETAIL = 8192;

/** What is to be told. */
type NewAudit = {
  /** None for what concerns no workspace (signing in). */
  workspaceId?: number;
  actor: string;
  action: string;
  subject?: string;
  detail?: Record<string, unknown>;
  nowMs: number;
};

/** Appends an entry, in the transaction of what it tells. Values under names that sound like secrets are left out. */
export async function appendAudit(db: Db, ids: IdSource, entry: NewAudit): Promise<void> {
  await appendAudits(db, ids, [entry]);
}

/** Appends entries, in one statement. */
export async function appendAudits(db: Db, ids: IdSource, entries: readonly NewAudit[]): Promise<void> {
  if (!entries.length) return;
  await insertAudit(
    db,
    entries.map((entry) => rowOf(ids, entry)),
  );
}

function rowOf(
  ids: IdSource,
  { workspaceId, actor, action, subject = '', detail: told = {}, nowMs }: NewAudit,
) {
  // A workspace's entries share the bucket of its id, so that a page of them is read from one shard.
  const id = workspaceId === undefined ? ids.spread() : ids.inBucket(bucketOf(workspaceId));
  const detail = withoutSecrets(told, 0) as Record<string, unknown>;
  const fits = JSON.stringify(detail).length <= MAX_DETAIL;
  return {
    bucket: bucketOf(id),
    id,
    workspaceId: workspaceId ?? null,
    actor: kept(actor),
    action: kept(action),
    subject: kept(subject),
    detail: fits
      ? detail
      : { leftOut: 'too long', names: Object.keys(detail).slice(0, MOST_NAMES).map(kept) },
    atMs: nowMs,
  };
}

/** A page of a workspace's log, newest first, of all, of one who acted, of actions that begin so, of some time; `beforeId` is the id of the last entry of the page before. */
export async function listAudit(
  db: Db,
  page: {
    workspaceId: number;
    beforeId?: number;
    limit?: number;
    actor?: string | undefined;
    action?: string | undefined;
    sinceMs?: number | undefined;
    untilMs?: number | undefined;
  },
): Promise<AuditEntry[]> {
  const rows = await selectAudit(db, {
    bucket: bucketOf(page.workspaceId),
    workspaceId: page.workspaceId,
    beforeId: page.beforeId ?? MAX_ID,
    limit: Math.min(Math.max(page.limit ?? 50, 1), 200),
    actor: page.actor ?? null,
    action: page.action ?? null,
    sinceMs: page.sinceMs ?? null,
    untilMs: page.untilMs ?? null,
  });
  return rows.map(({ at_ms, ...row }) => ({ ...row, atMs: at_ms }));
}

function withoutSecrets(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return kept(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (depth > 6) return '…';
  if (Array.isArray(value))
    return value.slice(0, MOST_ITEMS).map((inner) => withoutSecrets(inner, depth + 1));
  const entries = Object.entries(value).map(([name, inner]) => [
    kept(name),
    SECRET_NAME.test(name) ? '[left out]' : withoutSecrets(inner, depth + 1),
  ]);
  return Object.fromEntries(entries) as unknown;
}

/** An entry must never be the reason why a change fails: what Postgres would refuse is left out. */
function kept(text: string): string {
  return keepable(beginningOf(text, MAX_TEXT));
}
