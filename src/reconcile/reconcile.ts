/**
 * The audit: whether what was intended, attempted, taken by providers, receipted and told adds up, and if it does not, the rows that
 * break it. A lane at a time, each in one read-only transaction of one moment, so that a system at work is not in the way of the proof
 * nor the proof in its: after each lane it rests nine times as long as it read. What it holds in memory is a count for each state and
 * run, and a bounded number of rows.
 *
 *     messages + recipients = deliveries by state + waiting + called off before anything was written
 */
import { pause, type Clock } from '../base/clock.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db, Sql } from '../db/pool.ts';
import { STATE, stateName, type StateName } from '../ledger/states.ts';
import type { Queue } from '../queue/queue.ts';
import {
  beginAudit,
  countCalls,
  countDeliveries,
  countErased,
  countMessages,
  countUnread,
  countWaiting,
  LOOKS,
  MOST_ROWS,
  selectCounted,
  selectRunOf,
  selectRuns,
  selectTaken,
  type ScopePart,
  type Row,
} from './sql.ts';
import type { Scope, SentWithin } from './scope.ts';

/** What breaks the proof. */
export const BREAKS = [...Object.keys(LOOKS), 'counted_wrong', 'recipients_lost'] as const;

/** A row that breaks the proof; `broadcastId` when its cause is a run. */
export type Break = {
  code: string;
  contactId: number | null;
  causeId: number | null;
  broadcastId?: number;
  seq: number;
  state?: StateName;
  detail: string;
};

/** What is counted. Each first delivery of a cause is in `states`, what fell back or went to further devices in `further`. */
type Counts = {
  messages: number;
  recipients: number;
  erased: number;
  states: Record<StateName, number>;
  further: number;
  attempted: number;
  taken: number;
  receipted: number;
  events: { waiting: number; failed: number };
  calls: Record<string, number>;
};

/** A piece of the audit. `nextLane` is where it goes on; absent: it is done. */
export type Audit = { counts: Counts; breaks: Break[]; more: boolean; lanes: number; nextLane?: number };

/** What the audit works with. */
type AuditDeps = { sql: Sql; queue: Pick<Queue, 'lanes' | 'laneOf'>; clock: Clock };

/** No statement runs longer. */
const LONGEST_MS = 30_000;
/** A lane that took so long to read is followed by so many times that of nothing: it costs less than a tenth of one connection. */
const REST = 9;
/** A piece ends after this long, resting included. */
const PIECE_MS = 5_000;
const MOST_BREAKS = 500;

/** Audits the lanes of a scope from one on, for some seconds. */
export async function audit(deps: AuditDeps, scope: Scope, fromLane = 0): Promise<Audit> {
  const { sql, queue, clock } = deps;
  const all = queue.lanes();
  const own = scope.contactId === undefined ? undefined : queue.laneOf(bucketOf(scope.contactId));
  const lanes = all.slice(fromLane).filter(({ lane }) => own === undefined || lane === own);
  const done: Audit = { counts: noCounts(), breaks: [], more: false, lanes: 0 };
  const startMs = clock.monotonicMs();
  for (const { lane, bucket, buckets } of lanes) {
    if (done.lanes > 0 && clock.monotonicMs() - startMs > PIECE_MS) return { ...done, nextLane: lane };
    const beganMs = clock.monotonicMs();
    // For one contact, its own bucket is enough.
    const which = scope.contactId === undefined ? buckets : [bucketOf(scope.contactId)];
    const found = await sql.begin((tx) =>
      auditLane(tx, { ...scope, lane, bucket, buckets: which, wholeLane: buckets }, clock.nowMs()),
    );
    addTo(done.counts, found.counts);
    done.more ||= found.more || done.breaks.length + found.breaks.length > MOST_BREAKS;
    done.breaks.push(...found.breaks.slice(0, MOST_BREAKS - done.breaks.length));
    done.lanes++;
    if (lanes.length > 1) await pause(clock, REST * (clock.monotonicMs() - beganMs));
  }
  return done;
}

/** A page of what providers took in a scope's lane, to be held against their own lists; `runs` tells the broadcasts of runs. */
export async function takenIn(
  { sql, queue }: Pick<AuditDeps, 'sql' | 'queue'>,
  scope: Scope,
  lane: number,
  after: { contactId: number; causeId: number; seq: number },
  limit: number,
  sent?: SentWithin,
): Promise<{ rows: Awaited<ReturnType<typeof selectTaken>>; runs: ReadonlyMap<number, number> }> {
  const { bucket, buckets } = queue.lanes()[lane]!;
  const [rows, runs] = await Promise.all([
    selectTaken(sql, { ...scope, lane, bucket, buckets, wholeLane: buckets }, after, limit, sent),
    selectRuns(sql, scope),
  ]);
  return { rows, runs: new Map(runs.map(({ runId, broadcastId }) => [runId, broadcastId])) };
}

/** The run of a broadcast, which is the cause of its deliveries; null before it starts, undefined where there is no such broadcast. */
export async function runOf(
  db: Db,
  workspaceId: number,
  broadcastId: number,
): Promise<{ runId: number | null } | undefined> {
  return await selectRunOf(db, workspaceId, broadcastId);
}

async function auditLane(tx: Db, part: ScopePart, nowMs: number): Promise<Omit<Audit, 'lanes'>> {
  await beginAudit(tx, LONGEST_MS);
  const runs = new Map((await selectRuns(tx, part)).map(({ runId, broadcastId }) => [runId, broadcastId]));
  const runIds = [...runs.keys()];
  const { counts, wrong } = await countLane(tx, part, runIds);
  const breaks: Break[] = wrong.map((one) => toBreak(one.code, one, runs));
  let more = false;
  for (const [code, look] of Object.entries(LOOKS)) {
    const rows = await look(tx, part, runIds, nowMs);
    more ||= rows.length === MOST_ROWS;
    for (const row of rows) breaks.push(toBreak(code, row, runs));
  }
  return { counts, breaks, more };
}

function toBreak(
  code: string,
  { contactId, causeId, seq, state, detail }: Row,
  runs: ReadonlyMap<number, number>,
): Break {
  const broadcastId = causeId === null ? undefined : runs.get(causeId);
  return {
    code,
    contactId,
    causeId,
    seq,
    detail,
    ...(broadcastId === undefined ? {} : { broadcastId }),
    ...(state === null ? {} : { state: stateName(state) }),
  };
}

/** What a run came to in a lane. */
type RunCounts = {
  matched: number;
  tallies: Map<number, number>;
  rows: Map<number, number>;
  queued: number;
  fresh: number;
};

/** Counts a lane, and what its counts say of each other. */
async function countLane(
  tx: Db,
  part: ScopePart,
  runIds: readonly number[],
): Promise<{ counts: Counts; wrong: (Row & { code: string })[] }> {
  const counts = noCounts();
  const ofRun = new Map<number, RunCounts>(
    runIds.map((id) => [id, { matched: 0, tallies: new Map(), rows: new Map(), queued: 0, fresh: 0 }]),
  );
  for (const { runId, state, first, n, attempted, taken, receipted } of await countDeliveries(
    tx,
    part,
    runIds,
  )) {
    if (first) counts.states[stateName(state)] += n;
    else counts.further += n;
    counts.attempted += attempted;
    counts.taken += taken;
    counts.receipted += receipted;
    const rows = runId === null ? undefined : ofRun.get(runId)!.rows;
    rows?.set(state, (rows.get(state) ?? 0) + n);
  }
  counts.messages = await countMessages(tx, part);
  counts.erased = await countErased(tx, part, runIds);
  for (const { runId, fresh, queued } of await countWaiting(tx, part, runIds)) {
    counts.states.queued += fresh;
    Object.assign(ofRun.get(runId)!, { fresh, queued });
  }
  for (const { state, n } of await countCalls(tx, part)) counts.calls[state] = n;
  counts.events = await countUnread(tx, part);
  // A run keeps no counts for one contact: the contact was a recipient when a row of theirs is written or waits.
  if (part.contactId !== undefined) {
    counts.recipients = [...ofRun.values()].filter(({ rows, fresh }) => rows.size > 0 || fresh > 0).length;
    return { counts, wrong: [] };
  }
  for (const { runId, state, n } of await selectCounted(tx, part, runIds)) {
    const own = ofRun.get(runId)!;
    if (state === null) own.matched += n;
    else own.tallies.set(state, n);
  }
  const wrong = [...ofRun].flatMap(([runId, own]) => wrongOf(part, runId, own, counts));
  return { counts, wrong };
}

/** Holds what was counted of a run in a lane against its rows. */
function wrongOf(
  { lane }: ScopePart,
  runId: number,
  own: RunCounts,
  counts: Counts,
): (Row & { code: string })[] {
  counts.recipients += own.matched;
  const wrong: (Row & { code: string })[] = [];
  const at = { contactId: null, causeId: runId, seq: 0 };
  for (const state of Object.values(STATE)) {
    if (state === STATE.queued) continue;
    const [told, rows] = [own.tallies.get(state) ?? 0, own.rows.get(state) ?? 0];
    // Who was called off before anything was written of him has no row.
    if (state === STATE.canceled && told >= rows) counts.states.canceled += told - rows;
    else if (told !== rows)
      wrong.push({
        ...at,
        code: 'counted_wrong',
        state,
        detail: `lane ${lane} counts ${told} ${stateName(state)}, and has ${rows}`,
      });
  }
  const tallied = [...own.tallies.values()].reduce((sum, n) => sum + n, 0);
  if (tallied + own.queued !== own.matched)
    wrong.push({
      ...at,
      code: 'recipients_lost',
      state: null,
      detail: `lane ${lane} had ${own.matched} recipients; ${tallied} came to something and ${own.queued} wait`,
    });
  return wrong;
}

/** True when the counts of a whole audit add up. */
export function addsUp({ messages, recipients, erased, states }: Counts): boolean {
  return messages + erased + recipients === Object.values(states).reduce((sum, n) => sum + n, 0);
}

function noCounts(): Counts {
  const states = Object.fromEntries(Object.keys(STATE).map((name) => [name, 0])) as Record<StateName, number>;
  return {
    messages: 0,
    recipients: 0,
    erased: 0,
    states,
    further: 0,
    attempted: 0,
    taken: 0,
    receipted: 0,
    events: { waiting: 0, failed: 0 },
    calls: {},
  };
}

function addTo(sum: Counts, more: Counts): void {
  for (const name of [
    'messages',
    'recipients',
    'erased',
    'further',
    'attempted',
    'taken',
    'receipted',
  ] as const)
    sum[name] += more[name];
  for (const name of Object.keys(sum.states) as StateName[]) sum.states[name] += more.states[name];
  sum.events.waiting += more.events.waiting;
  sum.events.failed += more.events.failed;
  for (const [state, n] of Object.entries(more.calls)) sum.calls[state] = (sum.calls[state] ?? 0) + n;
}
