/**
 * Work that is done once per Idempotency-Key, by Stripe's rules: the answer is kept in the transaction of the work, so there
 * is never one without the other. What was refused before anything was done is not kept, and may be tried again.
 */
import { isStorable } from '../base/storable.ts';
import { canonicalJson } from '../base/canonical.ts';
import { sha256Hex } from '../base/crypto.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { Db, Tx } from '../db/pool.ts';
import {
  deleteKeptBefore,
  insertKept,
  selectKept,
  selectKeptIn,
  selectOldestKept,
  tryLockKeys,
  type KeptAnswer,
} from './sql.idempotency.ts';

/** Whatever begins a transaction. */
type Begins = { begin<T>(work: (tx: Tx) => Promise<T>): Promise<T> };

/** An answer as it is kept: `body` is JSON, or undefined for an empty one. */
export type Answer = { status: number; body: unknown };

/** A request that must not be done twice. */
type IdempotentRequest = {
  /** Whose keys these are: door and workspace, at least. */
  scope: string;
  key?: string | undefined;
  requestHash: string;
  nowMs: number;
};

/** Answers are kept for at least this long. */
export const KEPT_MS = 24 * 3600 * 1000;
const MAX_KEY = 255;
/** The sweep deletes a slice of time per statement, so that none runs long. */
const SWEEP_SLICE_MS = 60_000;

/** What a request came to. */
export type Once = (Answer & { replayed: boolean }) | Fault;

/**
 * Runs `work` in a transaction, once per scope and key; without a key it is just a transaction. A Fault from work rolls
 * back and is not kept. A key being worked on is answered at once (`in_flight`), never waited for.
 */
export async function idempotently(
  /** Begins transactions: the pool, or a queue's `transact` when the work puts something in it. */
  sql: Begins,
  request: IdempotentRequest,
  work: (tx: Tx) => Promise<Answer | Fault>,
): Promise<Once> {
  const bad = request.key === undefined ? undefined : checkKey(request.key);
  if (bad) return bad;
  return await transact(sql, async (tx) => {
    const [outcome] = await onceEach(tx, [request], async () => [await work(tx)]);
    return outcome!;
  });
}

/**
 * The same for several requests in one transaction, whose keys are different: `work` is given the places of those that were not
 * answered before, and answers them in order. When it refuses one, nothing stands: `NotTogether` is thrown, for each to be asked alone.
 * `refused` says so where nothing was written for those that are refused: the others stand then.
 */
export async function idempotentlyTogether(
  sql: Begins,
  requests: readonly IdempotentRequest[],
  work: (tx: Tx, fresh: readonly number[]) => Promise<readonly (Answer | Fault)[]>,
  refused: 'undoes all' | 'wrote nothing' = 'undoes all',
): Promise<Once[]> {
  return await sql.begin((tx) =>
    onceEach(tx, requests, async (fresh) => {
      const answers = await work(tx, fresh);
      if (refused === 'undoes all' && answers.some(isFault)) throw new NotTogether('one of them is refused');
      return answers;
    }),
  );
}

/** Thrown to roll back what was to be done together; each is to be done alone. */
export class NotTogether extends Error {}

async function onceEach(
  tx: Tx,
  requests: readonly IdempotentRequest[],
  work: (fresh: readonly number[]) => Promise<readonly (Answer | Fault)[]>,
): Promise<Once[]> {
  const known = await knownOf(tx, requests);
  const fresh = requests.flatMap((_, at) => (known.has(at) ? [] : [at]));
  if (!fresh.length) return requests.map((_, at) => known.get(at)!);
  const answers = await work(fresh);
  const kept = fresh.flatMap((at, n) => {
    const answer = answers[n]!;
    const { scope, key, requestHash } = requests[at]!;
    if (key === undefined || isFault(answer)) return [];
    const body = answer.body === undefined ? '' : JSON.stringify(answer.body);
    return [{ scope, key, requestHash, status: answer.status, body }];
  });
  const nowMs = requests[0]!.nowMs;
  if (kept.length && (await insertKept(tx, nowMs, kept)) < kept.length) {
    if (requests.length > 1) throw new NotTogether('one of them was answered elsewhere meanwhile');
    return [inFlight()];
  }
  const answerOf = new Map(fresh.map((at, n) => [at, answers[n]!]));
  return requests.map((_, at) => known.get(at) ?? answered(answerOf.get(at)!, { replayed: false }));
}

/** What is known of requests before anything is done: a bad key, an answer that is kept, or that somebody is at it. By place. */
async function knownOf(tx: Tx, requests: readonly IdempotentRequest[]): Promise<Map<number, Once>> {
  const known = new Map<number, Once>();
  const keyed: { scope: string; key: string; at: number; requestHash: string }[] = [];
  requests.forEach(({ scope, key, requestHash }, at) => {
    if (key === undefined) return;
    const bad = checkKey(key);
    if (bad) known.set(at, bad);
    else keyed.push({ scope, key, at, requestHash });
  });
  if (!keyed.length) return known;
  // One round trip, two statements: the second's snapshot is taken when the first has the locks, so it sees what the
  // last holders committed.
  const [taken, kept] = await Promise.all([tryLockKeys(tx, keyed), selectKept(tx, keyed)]);
  keyed.forEach(({ at, requestHash }, n) => {
    if (kept[n]) known.set(at, replay(kept[n], requestHash));
    else if (!taken[n]) known.set(at, inFlight());
  });
  return known;
}

/** What is wrong with a key, if anything. */
export function checkKey(key: string): Fault | undefined {
  if (key.length > 0 && key.length <= MAX_KEY && isStorable(key)) return undefined;
  return fault('bad_request', `Idempotency-Key: needs 1 to ${MAX_KEY} characters`, {
    field: 'Idempotency-Key',
  });
}

/**
 * For work that is too long for one transaction and harmless when done twice: whether something was answered under the key. The
 * answer, by the hash of the request that may only be known once it was read; undefined when nothing was.
 */
export async function answeredBefore(
  db: Db,
  { scope, key }: { scope: string; key: string },
): Promise<((requestHash: string) => (Answer & { replayed: true }) | Fault) | undefined> {
  const [kept] = await selectKept(db, [{ scope, key }]);
  return kept && ((requestHash) => replay(kept, requestHash));
}

/** What was answered first under a key, in each of some scopes that used it. */
export async function keptUnder(
  db: Db,
  scopes: readonly string[],
  key: string,
): Promise<{ scope: string; status: number; body: string; atMs: number }[]> {
  return scopes.length ? await selectKeptIn(db, scopes, key) : [];
}

/** Keeps what was answered under a key; of two that were carried out at once, the first. */
export async function keepAnswer(
  db: Db,
  { scope, key, requestHash, nowMs }: IdempotentRequest & { key: string },
  { status, body }: Answer,
): Promise<void> {
  await insertKept(db, nowMs, [{ scope, key, requestHash, status, body: JSON.stringify(body) }]);
}

/** What makes two requests the same: method, path with query, and body, whatever the order of its keys. */
export function hashRequest(method: string, path: string, body: unknown): string {
  const text = typeof body === 'string' || body instanceof Uint8Array ? sha256Hex(body) : canonicalJson(body);
  return hashRequestOf(method, path, text);
}

/** The same of a body whose SHA-256 is known. */
export function hashRequestOf(method: string, path: string, bodyHash: string): string {
  return sha256Hex(`${method.toUpperCase()}\n${path}\n${bodyHash}`);
}

/** Deletes answers kept for longer than 24 hours; to be run every few minutes. Returns how many. */
export async function sweepIdempotency(db: Db, nowMs: number): Promise<number> {
  const before = nowMs - KEPT_MS;
  let deleted = 0;
  for (;;) {
    const oldest = await selectOldestKept(db);
    if (oldest === undefined || oldest >= before) return deleted;
    deleted += await deleteKeptBefore(db, Math.min(oldest + SWEEP_SLICE_MS, before));
  }
}

/** Runs work in a transaction that is rolled back when it ends in a Fault. */
export async function transact<T>(sql: Begins, work: (tx: Tx) => Promise<T | Fault>): Promise<T | Fault> {
  try {
    return (await sql.begin(async (tx) => {
      const outcome = await work(tx);
      if (isFault(outcome)) throw new RolledBack(outcome);
      return outcome;
    })) as T;
  } catch (error) {
    if (error instanceof RolledBack) return error.fault;
    throw error;
  }
}

/** How a fault leaves `sql.begin`, which rolls back only on a throw. Never seen outside this file. */
class RolledBack extends Error {
  readonly fault: Fault;
  constructor(cause: Fault) {
    super(cause.message);
    this.fault = cause;
  }
}

function replay(kept: KeptAnswer, requestHash: string): (Answer & { replayed: true }) | Fault {
  if (kept.request_hash !== requestHash)
    return fault(
      'key_reused',
      'Idempotency-Key: was used with another request within 24 hours; take a new key',
      { field: 'Idempotency-Key' },
    );
  const body: unknown = kept.body === '' ? undefined : JSON.parse(kept.body);
  return { status: kept.status, body, replayed: true };
}

function answered<M extends object>(answer: Answer | Fault, more: M): (Answer & M) | Fault {
  return isFault(answer) ? answer : { ...answer, ...more };
}

function inFlight(): Fault {
  return fault('in_flight', 'A request with this Idempotency-Key is still running; try again shortly.', {
    retryAfterS: 1,
  });
}
