/**
 * The steps of a broadcast: begin when its time has come, fan out lane by lane, take the rest out when it is called off, end when
 * every recipient has a final state. Each step is due work, so a broadcast goes on wherever a worker died. There is one step at a
 * time (`stepId`): a broadcast that is paused has none, one whose recipients are all held has one when the first of them is due.
 */
import type { Clock } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import { toHex24 } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { createTurns, type Turns } from '../base/turns.ts';
import { compile, type Compiled } from '../content/compile.ts';
import { patiently } from '../db/patiently.ts';
import { type Tx } from '../db/pool.ts';
import { isPassing } from '../db/errors.ts';
import { callOffDeliveries } from '../ledger/callOff.ts';
import { linksOfCause } from '../links/links.ts';
import { postsNamed } from '../conversations/groups/posts.ts';
import { stillTold } from '../conversations/groups/reach.ts';
import { isTemplate } from '../outbox/deliver/drafts.ts';
import type { BulkRun, RunSource } from '../ledger/run.ts';
import { KIND } from '../queue/work/kinds.ts';
import { LaneLost, settle } from '../queue/work/settle.ts';
import type { Batch, WorkItem } from '../queue/work/work.ts';
import { callOff, closeStream, dueOfStream } from '../queue/work/streams.ts';
import type { Handler } from '../queue/worker.ts';
import { countBroadcast } from './forecast.ts';
import { announceDone, begin, LATEST_START_MS, takeBack } from './broadcasts.ts';
import type { Broadcast, BroadcastDeps } from './broadcast.ts';
import { fanOut } from './fanOut.ts';
import { amissIn } from './named.ts';
import { stillWithout } from './retry.ts';
import { selectBroadcast, selectByRun, selectLaneMarks, updateNote, updateState } from './sql.ts';

/** How often a broadcast is looked at of which something is due. */
const LOOK_MS = 300;
/** A run is read again this often, so that a cancellation is seen soon. */
const RUN_FRESH_MS = 500;
/** Lanes that are filled or emptied at a time, over all broadcasts of this process: the other connections are for sending. */
const LANES_AT_ONCE = 3;
/** Recipients that are taken out in one transaction: their lane stands still meanwhile, for some 20 ms. */
const CALLED_OFF_AT_ONCE = 2_000;
const AGAIN_MS = { first: 1_000, most: 60_000 };

type StepDeps = BroadcastDeps & { clock: Clock; log: Log };

/** The handler of broadcast steps. A step that fails is tried again by itself; the others of its batch are none the worse. */
export function broadcastHandler(given: StepDeps): Handler {
  const turns = createTurns(LANES_AT_ONCE);
  const deps = { ...given, turns };
  return {
    kind: KIND.broadcast,
    comesAs: 'broadcast',
    batchSize: 20,
    inFlight: 40,
    async handle(batch) {
      const alone = batch.items.length === 1;
      try {
        const ended = await Promise.allSettled(batch.items.map((item) => takeStep(deps, batch, item, alone)));
        const failed = ended.find((end) => end.status === 'rejected');
        if (failed) throw failed.reason;
        if (!alone)
          await deps.queue.transact((tx) => settleIn(tx, batch, { done: [], later: [], landed: true }));
      } catch (error) {
        if (!(error instanceof LaneLost)) throw error;
      }
    },
  };
}

async function settleIn(tx: Tx, batch: Batch, settlement: Parameters<typeof settle>[2]): Promise<void> {
  if (!(await settle(tx, batch, settlement))) throw new LaneLost(batch.lane.lane);
}

/** Takes a step, again while the database is lost. What else it throws is told to whoever looks at the broadcast, and tried again later. */
async function takeStep(
  deps: StepDeps & { turns: Turns },
  batch: Batch,
  item: WorkItem,
  landed: boolean,
): Promise<void> {
  try {
    await patiently(deps, 'a broadcast', () => step(deps, batch, item, landed), batch.holds);
  } catch (error) {
    if (error instanceof LaneLost || isPassing(error)) throw error;
    deps.log.error({ error, broadcastId: item.ownerId }, 'a broadcast does not get on; trying again');
    const delayMs = Math.min(AGAIN_MS.most, AGAIN_MS.first * 2 ** Math.min(item.attempt, 10));
    const later = [{ item, dueMs: deps.clock.nowMs() + delayMs, attempt: Math.min(item.attempt + 1, 1_000) }];
    await deps.queue.transact(async (tx) => {
      await updateNote(tx, item.ownerId, `it does not get on, and is tried again: ${String(error)}`);
      await settleIn(tx, batch, { done: [], later, landed });
    });
  }
}

async function step(
  deps: StepDeps & { turns: Turns },
  batch: Batch,
  item: WorkItem,
  landed: boolean,
): Promise<void> {
  const before = await selectBroadcast(deps.sql, item.workspaceId, item.ownerId);
  if (before && isCurrent(before, item)) {
    if (before.state === 'running') await fanOut(deps, before);
    if (before.state === 'canceled' && before.runId !== null) await takeOut(deps, before);
  }
  const { finished } = await deps.queue.transact(async (tx) => {
    const after = await afterStep(deps, tx, item);
    const later = after.dueMs === undefined ? [] : [{ item, dueMs: after.dueMs, attempt: 0 }];
    await settleIn(tx, batch, { done: later.length ? [] : [item], later, landed });
    return after;
  });
  if (finished) await tellFinished(deps, finished);
}

/** One line in the log for each broadcast that is done: for who watches, and after the fact. */
async function tellFinished(deps: StepDeps, broadcast: Broadcast): Promise<void> {
  const { id, workspaceId, name, startedMs, finishedMs } = broadcast;
  // It is done whether or not it can be counted now.
  const counts = await countBroadcast(deps, deps.sql, broadcast).catch(() => undefined);
  const tookMs = (finishedMs ?? 0) - (startedMs ?? finishedMs ?? 0);
  deps.log.info(
    { broadcast: toHex24(id), workspace: toHex24(workspaceId), name, tookMs, counts },
    'a broadcast is done',
  );
}

function isCurrent(broadcast: Broadcast, item: WorkItem): boolean {
  return broadcast.stepId === null || broadcast.stepId === item.causeId;
}

/** What a step led to: when the next is due (none, or another one has taken over, when absent), and the broadcast that it ended. */
type After = { dueMs?: number; finished?: Broadcast };

/** Where the broadcast stands after a step. */
async function afterStep(deps: StepDeps, tx: Tx, item: WorkItem): Promise<After> {
  const nowMs = deps.clock.nowMs();
  const now = await selectBroadcast(tx, item.workspaceId, item.ownerId, true);
  const workspace = await deps.directory.workspace(item.workspaceId);
  if (!now || !workspace || !isCurrent(now, item)) return {};
  if (now.state === 'draft' || now.state === 'done' || now.state === 'paused') return {};
  const wsNowMs = nowMs + workspace.clockAheadMs;
  if (now.state === 'scheduled') {
    if (now.scheduledMs! > wsNowMs) return { dueMs: now.scheduledMs! - workspace.clockAheadMs };
    return await beginScheduled(deps, tx, now, nowMs, wsNowMs);
  }
  if (now.runId === null) return {};
  if (item.attempt > 0) await updateNote(tx, now.id, null);
  const lanes = deps.queue.lanes();
  if (now.state === 'running') {
    const marks = await selectLaneMarks(
      tx,
      lanes.map(({ bucket }) => bucket),
      now.runId,
    );
    if (marks.length < lanes.length) return { dueMs: nowMs + LOOK_MS };
  }
  // Work in flight is still in the queue.
  const due = await dueOfStream(tx, lanes, KIND.delivery, now.runId);
  if (due.length) {
    const firstMs = Math.min(...due.map(({ dueMs }) => dueMs));
    return { dueMs: (now.state === 'canceled' ? nowMs : Math.max(nowMs, firstMs)) + LOOK_MS };
  }
  const isDone = now.state === 'running';
  if (isDone) {
    await updateState(tx, now.id, 'done', { nowMs: wsNowMs, finishedMs: wsNowMs, stepId: null });
    await announceDone(deps, tx, now, wsNowMs);
  }
  await closeStream(tx, now.runId);
  return isDone ? { finished: { ...now, state: 'done', finishedMs: wsNowMs } } : {};
}

/**
 * A broadcast whose hour is long past waits for a person instead of starting: the install was down for long, or it is a copy
 * of one that has sent it already (a restored snapshot is the classic way to send last month's mailing again). One that names what is gone
 * is a draft again.
 */
async function beginScheduled(
  deps: BroadcastDeps,
  tx: Parameters<typeof begin>[1],
  now: Broadcast,
  nowMs: number,
  wsNowMs: number,
): Promise<After> {
  const tooLate = wsNowMs - now.scheduledMs! > LATEST_START_MS;
  const amiss = await amissIn(tx, now.workspaceId, now.audience);
  if (amiss?.isGone) {
    await takeBack(deps, tx, now, `it did not start at its hour: ${amiss.fault.message}`, wsNowMs);
    return {};
  }
  if (amiss && !tooLate) return { dueMs: nowMs + LOOK_MS };
  await begin(
    deps,
    tx,
    now,
    nowMs,
    wsNowMs,
    tooLate ? 'its hour had long passed when Parley came to it; resume it to send it now' : undefined,
  );
  return {};
}

/** Takes what is left of a broadcast that was called off out of the queue. What is in flight is seen to by the next step. */
async function takeOut(deps: StepDeps & { turns: Turns }, broadcast: Broadcast): Promise<void> {
  const runId = broadcast.runId!;
  const { workspaceId } = broadcast;
  const workspace = await deps.directory.workspace(workspaceId);
  const atMs = deps.clock.nowMs() + (workspace?.clockAheadMs ?? 0);
  const all = deps.queue.lanes();
  const left = new Set((await dueOfStream(deps.sql, all, KIND.delivery, runId)).map(({ lane }) => lane));
  for (const lane of all.filter((one) => left.has(one.lane))) {
    const some = () =>
      deps.queue.transact(async (tx): Promise<number> => {
        const gone = await callOff(tx, lane, KIND.delivery, runId, CALLED_OFF_AT_ONCE);
        const keys = gone.map(({ ownerId, causeId, seq }) => ({ contactId: ownerId, causeId, seq }));
        await callOffDeliveries(deps.queue, tx, { runId, workspaceId }, lane.bucket, keys, atMs);
        return gone.length;
      });
    while ((await deps.turns(some)) === CALLED_OFF_AT_ONCE);
  }
}

/** Runs for the outbox: content compiled once, read again twice a second. */
export function runSource(deps: Pick<BroadcastDeps, 'sql'> & { clock: Clock }): RunSource {
  const kept = new Map<number, { atMs: number; run: Promise<BulkRun | undefined> }>();
  const compiled = new Map<number, Compiled>();
  return (runId) => {
    const nowMs = deps.clock.nowMs();
    const known = kept.get(runId);
    if (known && nowMs - known.atMs < RUN_FRESH_MS) return known.run;
    if (kept.size > 1_000) kept.clear();
    const run = readRun(deps, runId, compiled);
    kept.set(runId, { atMs: nowMs, run });
    run.catch(() => kept.delete(runId));
    return run;
  };
}

async function readRun(
  deps: Pick<BroadcastDeps, 'sql'>,
  runId: number,
  compiled: Map<number, Compiled>,
): Promise<BulkRun | undefined> {
  const broadcast = await selectByRun(deps.sql, runId);
  if (!broadcast) return undefined;
  let ready = compiled.get(runId);
  if (!ready) {
    // What is posted is what somebody said, to the letter.
    const made = compile(broadcast.content, { liquid: broadcast.origin === null });
    if (isFault(made)) throw new Error(`a broadcast's content does not compile any more: ${made.message}`);
    if (compiled.size > 100) compiled.clear();
    compiled.set(runId, made);
    ready = made;
  }
  return {
    runId,
    ...(await guardOf(deps, broadcast)),
    workspaceId: broadcast.workspaceId,
    channel: broadcast.channel,
    class: broadcast.class,
    compiled: ready,
    links: await linksOfCause(deps.sql, runId),
    isTemplate: isTemplate(broadcast.content),
    fromName: broadcast.content.senderId !== undefined,
    integrationId: broadcast.integrationId,
    startedMs: broadcast.startedMs!,
    canceled: broadcast.state === 'canceled',
    expiresMs: broadcast.startedMs! + broadcast.expiresAfterMs,
  };
}

/**
 * A post goes only to those who want it when it leaves: somebody may have left, muted it or disconnected since it was posted. A second try goes
 * only to those whose first is not known to have arrived.
 */
async function guardOf(
  { sql }: Pick<BroadcastDeps, 'sql'>,
  { origin, retryOf }: Broadcast,
): Promise<Pick<BulkRun, 'stillWanted'>> {
  if (retryOf) return { stillWanted: (contactIds) => stillWithout(sql, retryOf, contactIds) };
  if (!origin) return {};
  const post =
    origin.kind === 'group' ? (await postsNamed(sql, [origin.postId])).get(origin.postId) : undefined;
  return { stillWanted: (contactIds, nowMs) => stillTold(sql, origin, post, contactIds, nowMs) };
}
