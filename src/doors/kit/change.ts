/**
 * How every door carries a change out: its work and its audit entry in one transaction, once per Idempotency-Key. Knows
 * nothing of what is changed.
 */
import type { FastifyRequest } from 'fastify';
import { appendAudits } from '../../accounts/audit.ts';
import { type Answer, idempotently, idempotentlyTogether, type Once } from '../../accounts/idempotency.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { gather } from '../../db/gather.ts';
import type { Tx } from '../../db/pool.ts';
import type { HttpContext } from './context.ts';

/** What the audit log is told of a change. */
export type Note = {
  action: string;
  subject?: string;
  detail?: Record<string, unknown>;
  /** Where the change is in another workspace than the caller's: which, and what the caller is called in its log. */
  workspaceId?: number;
  actor?: string;
};

/** What a change came to: the answer, and what the audit log is told. */
export type Done = Answer & { audit?: Note };

/** What stands for the workspace of what concerns none; nothing looks at it. */
export const NO_WORKSPACE: Workspace = Object.freeze({
  id: 0,
  name: '',
  environment: 'test',
  country: 'US',
  timeZone: 'UTC',
  settings: {},
  clockAheadMs: 0,
  capSetMs: 0,
  revision: 0,
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
  work: ((tx: Tx) => Promise<Done | Fault>) | Joined;
  /** What the work asked to be done once it is committed, before it is answered. */
  afterwards?: (() => void | Promise<void>)[];
};

/**
 * What many ask for at once is done together: those of a workspace that wait while a transaction is under way go into the next one, in
 * statements for all of them. Who fails is done alone, and so is who is refused where something was written for him: he hurts nobody.
 */
export type Way<I> = {
  /** Does it for all, and answers in order. Nothing in it may depend on the request but its item. */
  together(ctx: HttpContext, tx: Tx, nowMs: number, items: readonly I[]): Promise<readonly (Done | Fault)[]>;
  /** What it has written for those that it refuses: if nothing, the others stand, and nobody is done alone. */
  refused?: 'wrote nothing';
};

/** What one request asks of a way. Made by `join`, which knows that they fit. */
export type Joined = { readonly way: Way<never>; readonly item: unknown };

/** Asks a way for something. */
export function join<I>(way: Way<I>, item: I): Joined {
  return { way, item };
}

/** The request's Idempotency-Key. */
export function idempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  return Array.isArray(key) ? key.join() : key;
}

/** How a door carries changes out. */
export type CarryOut = (change: Change) => Promise<(Answer & { replayed: boolean }) | Fault>;

/** Most requests that go together. */
const MOST_TOGETHER = 100;
/** One that waits for somebody's lock holds up only those that went with it. */
const PATIENCE = { ms: 50, atOnce: 3 };

type Joint = Change & { work: Joined; workspaceId: number };

/** Runs the work of a change with its audit entry in one transaction, once per key; a repeat gets the first one's answer. */
export function createCarryOut(ctx: HttpContext): CarryOut {
  const together = gather<Joint, Once>((_workspaceId, changes) => carryOutAll(ctx, changes), goTogether, {
    clock: ctx.clock,
    ...PATIENCE,
  });
  return async (change) => {
    const { workspaceId, work, afterwards = [], secret, scope } = change;
    const done =
      typeof work === 'function'
        ? await carryOutOne(ctx, { ...change, work })
        : await together(workspaceId ?? 0, { ...change, work, workspaceId: workspaceId ?? 0 });
    if (isFault(done)) return done;
    if (!done.replayed) for (const act of afterwards) await act();
    return secret ? { ...done, body: unseal(ctx, scope, done.body) } : done;
  };
}

async function carryOutOne(
  ctx: HttpContext,
  change: Change & { work: (tx: Tx) => Promise<Done | Fault> },
): Promise<Once> {
  const { scope, secret, afterwards = [] } = change;
  return await idempotently(
    // On the queue, so that what is put in wakes the workers at the commit.
    { begin: (work) => ctx.queue.transact(work, 'keyed') },
    change,
    async (tx) => {
      afterwards.length = 0;
      const [answer] = await noted(ctx, tx, [change], [await change.work(tx)]);
      return isFault(answer!) || !secret ? answer! : { ...answer!, body: seal(ctx, scope, answer!.body) };
    },
  );
}

/** What waits for the same way goes together; two with one key do not: the second is to see what the first was answered. */
function goTogether(waiting: readonly Joint[]): number {
  const keys = new Set<string>();
  const { way } = waiting[0]!.work;
  const end = waiting.findIndex(({ work, scope, key }) => {
    const known = `${scope}\n${key}`;
    if (work.way !== way || (key !== undefined && keys.has(known))) return true;
    keys.add(known);
    return false;
  });
  return Math.min(end < 0 ? waiting.length : end, MOST_TOGETHER);
}

async function carryOutAll(ctx: HttpContext, changes: readonly Joint[]): Promise<Once[]> {
  if (changes.length === 1) return [await carryOutOne(ctx, alone(ctx, changes[0]!))];
  const { way } = changes[0]!.work;
  return await idempotentlyTogether(
    { begin: (work) => ctx.queue.transact(work, 'keyed') },
    changes,
    async (tx, fresh) => {
      const asking = fresh.map((at) => changes[at]!);
      const items = asking.map(({ work }) => work.item as never);
      return await noted(ctx, tx, asking, await way.together(ctx, tx, ctx.clock.nowMs(), items));
    },
    way.refused,
  );
}

function alone(ctx: HttpContext, change: Joint) {
  const { way, item } = change.work;
  const work = async (tx: Tx): Promise<Done | Fault> =>
    (await way.together(ctx, tx, ctx.clock.nowMs(), [item as never]))[0]!;
  return { ...change, work };
}

/** Writes the audit entries of what was done; returns the answers. */
async function noted(
  ctx: HttpContext,
  tx: Tx,
  changes: readonly Pick<Change, 'actor' | 'workspaceId' | 'nowMs'>[],
  all: readonly (Done | Fault)[],
): Promise<(Answer | Fault)[]> {
  const entries = all.flatMap((done, n) => {
    const { actor, workspaceId, nowMs } = changes[n]!;
    const where = workspaceId === undefined ? {} : { workspaceId };
    return isFault(done) || !done.audit ? [] : [{ ...where, actor, ...done.audit, nowMs }];
  });
  await appendAudits(tx, ctx.ids, entries);
  return all.map((done) => {
    if (isFault(done)) return done;
    const { audit: _audit, ...answer } = done;
    return answer;
  });
}

function seal(ctx: HttpContext, scope: string, body: unknown): string {
  return ctx.vault.seal(JSON.stringify(body), scope).toString('base64');
}

/** Empty when PARLEY_SECRET was changed since. */
function unseal(ctx: HttpContext, scope: string, body: unknown): unknown {
  const text = ctx.vault.open(Buffer.from(String(body), 'base64'), scope);
  return text === undefined ? {} : JSON.parse(text);
}
