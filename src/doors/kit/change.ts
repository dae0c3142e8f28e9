/**
 * How every door carries a change out: its work and its audit entry in one transaction, once per Idempotency-Key. Knows
 * nothing of what is changed.
 */
import type { FastifyRequest } from 'fastify';
import { appendAudit } from '../../accounts/audit.ts';
import { type Answer, idempotently } from '../../accounts/idempotency.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import type { Tx } from '../../db/pool.ts';
import type { HttpContext } from './context.ts';

/** What the audit log is told of a change. */
export type Note = {
  action: string;
  subject?: string;
  detail?: Record<string, unknown>;
  /** Of the change, where it is not the caller's; and as whom its log knows the caller. */
  workspaceId?: number;
  actor?: string;
};

/** What a change came to: the answer, and what the audit log is told. */
type Done = Answer & { audit?: Note };

/** What stands for the workspace of what concerns none; nothing looks at it. */
export const NO_WORKSPACE: Workspace = Object.freeze({
  id: 0,
  name: '',
  environment: 'test',
  country: 'US',
  timeZone: 'UTC',
  settings: {},
  clockAheadMs: 0,
  createdMs: 0,
});

/** A change as its door knows it. */
type Change = {
  /** Whose Idempotency-Keys these are: the door, and the workspace or account. */
  scope: string;
  /** The caller's Idempotency-Key; without one nothing is remembered. */
  key: string | undefined;
  requestHash: string;
  nowMs: number;
  /** Who the audit log says it was. */
  actor: string;
  /** Absent when it concerns no workspace. */
  workspaceId?: number;
  /** The answer shows what is shown once: it is not kept in plain text for the sake of a repeat. */
  secret: boolean;
  work: (tx: Tx) => Promise<Done | Fault>;
  /** What the work asked to be done once it is committed, before it is answered. */
  afterwards?: (() => void | Promise<void>)[];
};

/** The request's Idempotency-Key. */
export function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  return Array.isArray(key) ? key.join() : key;
}

/** Runs the work of a change with its audit entry in one transaction, once per key; a repeat gets the first one's answer. */
export async function carryOut(
  ctx: HttpContext,
  change: Change,
): Promise<(Answer & { replayed: boolean }) | Fault> {
  const { scope, key, requestHash, nowMs, secret, afterwards = [] } = change;
  const done = await idempotently(
    // On the queue, so that what is put in wakes the workers at the commit.
    { begin: (work) => ctx.queue.transact(work, { keyed: true }) },
    { scope, key, requestHash, nowMs },
    async (tx) => {
      afterwards.length = 0;
      const answer = await inTransaction(ctx, change, tx);
      return isFault(answer) || !secret ? answer : { ...answer, body: seal(ctx, scope, answer.body) };
    },
  );
  if (isFault(done)) return done;
  if (!done.replayed) for (const act of afterwards) await act();
  return secret ? { ...done, body: unseal(ctx, scope, done.body) } : done;
}

async function inTransaction(ctx: HttpContext, change: Change, tx: Tx): Promise<Answer | Fault> {
  const { actor, workspaceId, nowMs } = change;
  const done = await change.work(tx);
  if (isFault(done)) return done;
  const { audit, ...answer } = done;
  const where = workspaceId === undefined ? {} : { workspaceId };
  if (audit) await appendAudit(tx, ctx.ids, { ...where, actor, ...audit, nowMs });
  return answer;
}

function seal(ctx: HttpContext, scope: string, body: unknown): string {
  return ctx.vault.seal(JSON.stringify(body), scope).toString('base64');
}

/** Empty when PARLEY_SECRET was changed since. */
function unseal(ctx: HttpContext, scope: string, body: unknown): unknown {
  const text = ctx.vault.open(Buffer.from(String(body), 'base64'), scope);
  return text === undefined ? {} : JSON.parse(text);
}
