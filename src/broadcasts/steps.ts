/**
 * The steps of a broadcast: begin when its time has come, fan out lane by lane, end when every recipient has a final state.
 * Each step is due work, so a broadcast goes on wherever a worker died.
 */
import type { Clock } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import { toHex24 } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { compile, type Compiled } from '../content/compile.ts';
import { linksOfCause } from '../links/links.ts';
import { isTemplate } from '../outbox/deliver/prepare.ts';
import type { Run, RunSource } from '../ledger/run.ts';
import { KIND } from '../queue/work/kinds.ts';
import { LaneLost, settle, type Batch } from '../queue/work/settle.ts';
import { deleteStreamRow, hasStreamWork, type WorkItem } from '../queue/work/sql.ts';
import type { Handler } from '../queue/worker.ts';
import { countBroadcast } from './forecast.ts';
import { announceDone, begin, LATEST_START_MS, type Broadcast, type BroadcastDeps } from './broadcasts.ts';
import {
  audienceOf,
  insertLaneMark,
  selectBroadcast,
  selectByRun,
  selectLaneMarks,
  updateLaneMark,
  updateState,
} from './sql.ts';

/** How often a running broadcast is looked at. */
const LOOK_MS = 300;
/** A run is read again this often, so that a cancellation is seen soon. */
const RUN_FRESH_MS = 500;

/** The handler of broadcast steps. */
export function broadcastHandler(deps: BroadcastDeps & { clock: Clock; log: Log }): Handler {
  return {
    kind: KIND.broadcast,
    batchSize: 20,
    inFlight: 40,
    async handle(batch) {
      for (const [index, item] of batch.items.entries())
        await step(deps, batch, item, index === batch.items.length - 1);
    },
  };
}

/** One line in the log for each broadcast that is done: for who watches, and after the fact. */
async function tellFinished(
  deps: BroadcastDeps & { clock: Clock; log: Log },
  broadcast: Broadcast,
): Promise<void> {
  const { id, workspaceId, name, startedMs, finishedMs } = broadcast;
  // It is done whether or not it can be counted now.
  const counts = await countBroadcast(deps, deps.sql, { ...broadcast, state: 'done' }).catch(() => undefined);
  const tookMs = (finishedMs ?? 0) - (startedMs ?? finishedMs ?? 0);
  deps.log.info(
    { broadcast: toHex24(id), workspace: toHex24(workspaceId), name, tookMs, counts },
    'a broadcast is done',
  );
}

async function step(
  deps: BroadcastDeps & { clock: Clock; log: Log },
  batch: Batch,
  item: WorkItem,
  landed: boolean,
): Promise<void> {
  const broadcast = await selectBroadcast(deps.sql, item.workspaceId, item.ownerId);
  if (broadcast?.state === 'running') await fanOut(deps, broadcast);
  let finished: Broadcast | undefined;
  await deps.queue.transact(async (tx) => {
    finished = undefined;
    const nowMs = deps.clock.nowMs();
    const now = await selectBroadcast(tx, item.workspaceId, item.ownerId, true);
    const end = async (again?: number) => {
      const later = again === undefined ? [] : [{ item, dueMs: again, attempt: 0 }];
      if (!(await settle(tx, batch, { done: later.length ? [] : [item], later, landed })))
        throw new LaneLost(batch.lane.lane);
    };
    const workspace = await deps.directory.workspace(item.workspaceId);
    if (!now || !workspace || now.state === 'draft' || now.state === 'done') return await end();
    const wsNowMs = nowMs + workspace.clockAheadMs;
    if (now.state === 'scheduled') {
      if (now.scheduledMs! > wsNowMs) return await end(now.scheduledMs! - workspace.clockAheadMs);
      await beginScheduled(deps, tx, now, nowMs, wsNowMs);
      return await end();
    }
    if (now.runId === null) return await end();
    if (await isOver(deps, now)) {
      if (now.state !== 'canceled') {
        await updateState(tx, now.id, 'done', { nowMs: wsNowMs, finishedMs: wsNowMs });
        await announceDone(deps, tx, now, wsNowMs);
        finished = { ...now, finishedMs: wsNowMs };
      }
      await deleteStreamRow(tx, now.runId);
      return await end();
    }
    return await end(nowMs + LOOK_MS);
  });
  if (finished) await tellFinished(deps, finished);
}

/**
 * A broadcast whose hour is long past waits for a person instead of starting: the install was down for long, or it is a copy
 * of one that has sent it already (a restored snapshot is the classic way to send last month's mailing again).
 */
async function beginScheduled(
  deps: BroadcastDeps,
  tx: Parameters<typeof begin>[1],
  now: Broadcast,
  nowMs: number,
  wsNowMs: number,
): Promise<void> {
  const tooLate = wsNowMs - now.scheduledMs! > LATEST_START_MS;
  await begin(
    deps,
    tx,
    now,
    nowMs,
    wsNowMs,
    tooLate ? 'its hour had long passed when Parley came to it; resume it to send it now' : undefined,
  );
}

/** Over: the whole audience is in, and nothing of it is left in the queue. Work in flight is still in the queue. */
async function isOver(deps: BroadcastDeps, broadcast: Broadcast): Promise<boolean> {
  const lanes = deps.queue.lanes();
  if (broadcast.state !== 'canceled') {
    const marks = await selectLaneMarks(
      deps.sql,
      lanes.map(({ bucket }) => bucket),
      broadcast.runId!,
    );
    if (marks.length < lanes.length) return false;
  }
  return !(await hasStreamWork(
    deps.sql,
    lanes.map(({ lane }) => lane),
    KIND.delivery,
    broadcast.runId!,
  ));
}

/** Puts the audience into the queue, one lane a transaction, so that sending begins while the rest is still being put in. */
async function fanOut(deps: BroadcastDeps & { clock: Clock }, broadcast: Broadcast): Promise<void> {
  const runId = broadcast.runId!;
  const lanes = deps.queue.lanes();
  const marks = new Set(
    (
      await selectLaneMarks(
        deps.sql,
        lanes.map(({ bucket }) => bucket),
        runId,
      )
    ).map(({ lane }) => lane),
  );
  for (const lane of lanes) {
    if (marks.has(lane.lane)) continue;
    await deps.queue.transact(async (tx) => {
      if (!(await insertLaneMark(tx, lane.bucket, runId, lane.lane))) return;
      const work = {
        kind: KIND.delivery,
        causeId: runId,
        seq: 0,
        stream: runId,
        workspaceId: broadcast.workspaceId,
        dueMs: deps.clock.nowMs(),
      };
      const selected = audienceOf(tx, broadcast.workspaceId, broadcast.audience, lane.buckets);
      const matched = await deps.queue.putSelected(tx, lane.lane, work, selected);
      await updateLaneMark(tx, lane.bucket, runId, lane.lane, matched);
    });
  }
}

/** Runs for the outbox: content compiled once, read again twice a second. */
export function runSource(deps: Pick<BroadcastDeps, 'sql'> & { clock: Clock }): RunSource {
  const kept = new Map<number, { atMs: number; run: Promise<Run | undefined> }>();
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
): Promise<Run | undefined> {
  const broadcast = await selectByRun(deps.sql, runId);
  if (!broadcast) return undefined;
  let ready = compiled.get(runId);
  if (!ready) {
    const made = compile(broadcast.content);
    if (isFault(made)) throw new Error(`a broadcast's content does not compile any more: ${made.message}`);
    if (compiled.size > 100) compiled.clear();
    compiled.set(runId, made);
    ready = made;
  }
  return {
    runId,
    workspaceId: broadcast.workspaceId,
    channel: broadcast.channel,
    class: broadcast.class,
    compiled: ready,
    links: await linksOfCause(deps.sql, runId),
    isTemplate: isTemplate(broadcast.content),
    integrationId: broadcast.integrationId,
    canceled: broadcast.state === 'canceled',
    expiresMs: broadcast.startedMs! + broadcast.expiresAfterMs,
  };
}
