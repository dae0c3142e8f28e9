/**
 * Broadcasts: one content to an audience. This room puts recipients into the queue and keeps count; it never sends.
 *
 *     draft → scheduled → running ⇄ paused → done
 *       └────────┴──────────┴─────────┴────▶ canceled
 */
import type { BroadcastState, Broadcast, BroadcastInput, BroadcastDeps } from './broadcast.ts';
import { changedMeanwhile, fault, isFault, type Fault } from '../base/fault.ts';
import { beginningOf } from '../base/text.ts';
import type { Tx } from '../db/pool.ts';
import { placePost } from '../conversations/groups/posts.ts';
import { shortenRun } from '../links/links.ts';
import { KIND } from '../queue/work/kinds.ts';
import { checkInput, checkRate, LONGEST_NAME, type Checked } from './check.ts';
import { rateInForce } from './forecast.ts';
import { amissIn } from './named.ts';
import {
  deleteDraftRow,
  insertBroadcast,
  selectBroadcast,
  updateDraft,
  updateRate,
  updateState,
} from './sql.ts';

/** More than this late, a scheduled broadcast waits for a person: the server was down, or is a copy of one (see `begin`). */
export const LATEST_START_MS = 6 * 3600 * 1000;

/** Makes a draft. Nothing is written when anything is wrong with it. */
export async function createBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  input: BroadcastInput,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const checked = await checkInput(deps, workspaceId, input, undefined);
  if (isFault(checked)) return checked;
  return await draft(deps, tx, workspaceId, { ...checked, origin: null }, nowMs);
}

/** Writes a draft down. */
export async function draft(
  deps: Pick<BroadcastDeps, 'ids'>,
  tx: Tx,
  workspaceId: number,
  parts: Checked & Pick<Broadcast, 'origin'> & Partial<Pick<Broadcast, 'retryOf'>>,
  nowMs: number,
  id = deps.ids.spread(),
): Promise<Broadcast> {
  const times = { scheduledMs: null, startedMs: null, finishedMs: null, createdMs: nowMs, changedMs: nowMs };
  const of = { id, workspaceId, note: null, runId: null, stepId: null, retryOf: parts.retryOf ?? null };
  const broadcast: Broadcast = { ...parts, ...of, ...times, state: 'draft', revision: 1 };
  await insertBroadcast(tx, broadcast);
  return broadcast;
}

/** Changes a draft, or one that is scheduled; what is not given stays. With `revision` only where nobody has changed that one since. */
export async function changeBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  input: BroadcastInput,
  nowMs: number,
  revision?: number,
): Promise<Broadcast | Fault> {
  const now = await locked(tx, workspaceId, id, ['draft', 'scheduled'], 'be changed');
  if (isFault(now)) return now;
  if (revision !== undefined && revision !== now.revision) return changedMeanwhile(now.revision);
  const checked = await checkInput(deps, workspaceId, input, now);
  if (isFault(checked)) return checked;
  const changed = { ...now, ...checked, changedMs: nowMs, revision: now.revision + 1 };
  await updateDraft(tx, changed, nowMs);
  return changed;
}

/** Starts a broadcast now, or at `atMs` (workspace's clock). */
export async function startBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
  atMs?: number,
): Promise<Broadcast | Fault> {
  const broadcast = await locked(tx, workspaceId, id, ['draft', 'scheduled'], 'be started');
  if (isFault(broadcast)) return broadcast;
  return await startDraft(deps, tx, broadcast, nowMs, atMs);
}

/** Takes its hour from a broadcast that waits for it: it is a draft again. */
export async function unscheduleBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const broadcast = await locked(tx, workspaceId, id, ['scheduled'], 'be unscheduled');
  if (isFault(broadcast)) return broadcast;
  const stepId = await replaceStep(deps, tx, broadcast, undefined);
  await updateState(tx, id, 'draft', { nowMs, scheduledMs: null, stepId });
  return { ...broadcast, state: 'draft', scheduledMs: null };
}

/** Its hour has come, and it cannot begin as it was meant: a draft again, which says why. */
export async function takeBack(
  deps: BroadcastDeps,
  tx: Tx,
  broadcast: Broadcast,
  note: string,
  nowMs: number,
): Promise<void> {
  await updateState(tx, broadcast.id, 'draft', { nowMs, scheduledMs: null, stepId: null, note });
  await announce(deps, tx, { ...broadcast, state: 'draft' }, nowMs);
}

/** A draft that says the same to the same people. */
export async function copyBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const found = await selectBroadcast(tx, workspaceId, id);
  if (!found || found.origin) return fault('not_found', 'there is no such broadcast');
  const name = `${beginningOf(found.name, LONGEST_NAME - 7)} (copy)`;
  const checked = await checkInput(deps, workspaceId, { name }, found);
  return isFault(checked) ? checked : await draft(deps, tx, workspaceId, { ...checked, origin: null }, nowMs);
}

/** Deletes a draft; what was begun stays, for whoever asks what was sent. */
export async function deleteDraft(tx: Tx, workspaceId: number, id: number): Promise<Broadcast | Fault> {
  const broadcast = await locked(tx, workspaceId, id, ['draft'], 'be deleted');
  if (isFault(broadcast)) return broadcast;
  await deleteDraftRow(tx, workspaceId, id);
  return broadcast;
}

/** Starts a broadcast that the transaction has made, or holds. */
export async function startDraft(
  deps: BroadcastDeps,
  tx: Tx,
  broadcast: Broadcast,
  nowMs: number,
  atMs?: number,
): Promise<Broadcast | Fault> {
  const { id, workspaceId } = broadcast;
  const workspace = await deps.directory.workspace(workspaceId);
  if (!workspace) return fault('not_found', 'there is no such workspace');
  const wsNowMs = nowMs + workspace.clockAheadMs;
  const isLater = atMs !== undefined && atMs > wsNowMs;
  const amiss = await amissIn(tx, workspaceId, broadcast.audience);
  // By its hour who is in a segment is found.
  if (amiss && (amiss.isGone || !isLater)) return amiss.fault;
  if (isLater) {
    const stepId = await replaceStep(deps, tx, broadcast, atMs - workspace.clockAheadMs);
    await updateState(tx, id, 'scheduled', { nowMs: wsNowMs, scheduledMs: atMs, note: null, stepId });
    return { ...broadcast, state: 'scheduled', scheduledMs: atMs, note: null };
  }
  return await begin(deps, tx, broadcast, nowMs, wsNowMs);
}

/** The start itself: the run gets its id, its stream, and the first step. With `pausedFor` it starts paused, for that reason. */
export async function begin(
  deps: BroadcastDeps,
  tx: Tx,
  broadcast: Broadcast,
  nowMs: number,
  wsNowMs: number,
  pausedFor?: string,
): Promise<Broadcast> {
  const runId = deps.ids.spread();
  // What is said in a group takes its place there when its time has come.
  if (broadcast.origin?.kind === 'group') await placePost(tx, broadcast.origin, wsNowMs);
  const state = pausedFor === undefined ? 'running' : 'paused';
  const stepId = await replaceStep(deps, tx, broadcast, pausedFor === undefined ? nowMs : undefined);
  await updateState(tx, broadcast.id, state, {
    nowMs: wsNowMs,
    runId,
    startedMs: wsNowMs,
    note: pausedFor ?? null,
    stepId,
  });
  const begun = { ...broadcast, state, runId, startedMs: wsNowMs, note: pausedFor ?? null, stepId } as const;
  const workspace = await deps.directory.workspace(broadcast.workspaceId);
  if (workspace) await shortenRun(tx, wsNowMs, { workspace, runId, content: broadcast.content });
  await setStream(deps, tx, begun, pausedFor === undefined);
  await announce(deps, tx, begun, wsNowMs);
  return begun;
}

/** Stops claiming; what is in flight ends. Nothing of it is looked at until it is resumed. `nowMs` is by the workspace's clock, as below. */
export async function pauseBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const broadcast = await locked(tx, workspaceId, id, ['running'], 'be paused');
  if (isFault(broadcast)) return broadcast;
  const stepId = await replaceStep(deps, tx, broadcast, undefined);
  await updateState(tx, id, 'paused', { nowMs, stepId });
  await setStream(deps, tx, broadcast, false);
  await announce(deps, tx, { ...broadcast, state: 'paused' }, nowMs);
  return { ...broadcast, state: 'paused' };
}

/** Goes on where it was paused; one that was too late to start by itself starts. */
export async function resumeBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const broadcast = await locked(tx, workspaceId, id, ['paused'], 'be resumed');
  if (isFault(broadcast)) return broadcast;
  const stepId = await replaceStep(deps, tx, broadcast, await byOurClock(deps, workspaceId, nowMs));
  await updateState(tx, id, 'running', { nowMs, note: null, stepId });
  await setStream(deps, tx, broadcast, true);
  await announce(deps, tx, { ...broadcast, state: 'running' }, nowMs);
  return { ...broadcast, state: 'running' };
}

/**
 * Calls a broadcast off: what is not in flight is not sent. This is its word; taking the recipients out of the queue is a step, as
 * putting them in was, and may take a while for a million (steps.ts).
 */
export async function cancelBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const broadcast = await locked(
    tx,
    workspaceId,
    id,
    ['draft', 'scheduled', 'running', 'paused'],
    'be canceled',
  );
  if (isFault(broadcast)) return broadcast;
  const dueMs = broadcast.runId === null ? undefined : await byOurClock(deps, workspaceId, nowMs);
  const stepId = await replaceStep(deps, tx, broadcast, dueMs);
  await updateState(tx, id, 'canceled', { nowMs, finishedMs: nowMs, stepId });
  const canceled: Broadcast = { ...broadcast, state: 'canceled', finishedMs: nowMs };
  if (broadcast.runId !== null) await setStream(deps, tx, broadcast, false);
  await announce(deps, tx, canceled, nowMs);
  return canceled;
}

/** Changes how fast it goes, also while it runs. Null: only the integration's rate holds. */
export async function setRate(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  ratePerS: number | null,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const broadcast = await locked(
    tx,
    workspaceId,
    id,
    ['draft', 'scheduled', 'running', 'paused'],
    'have its rate changed',
  );
  if (isFault(broadcast)) return broadcast;
  const rate = checkRate(ratePerS);
  if (isFault(rate)) return rate;
  await updateRate(tx, id, rate, nowMs);
  const changed = { ...broadcast, ratePerS: rate };
  if (broadcast.runId !== null) await setStream(deps, tx, changed, broadcast.state === 'running');
  return changed;
}

async function setStream(deps: BroadcastDeps, tx: Tx, broadcast: Broadcast, flowing: boolean): Promise<void> {
  await deps.queue.flow(tx, {
    stream: broadcast.runId!,
    kind: KIND.delivery,
    workspaceId: broadcast.workspaceId,
    flowing,
    ratePerS: await rateInForce(deps, broadcast),
  });
}

/** Our time, by which work is due, of a workspace's. */
async function byOurClock(deps: BroadcastDeps, workspaceId: number, theirMs: number): Promise<number> {
  return theirMs - ((await deps.directory.workspace(workspaceId))?.clockAheadMs ?? 0);
}

/** Puts the next step in, due then, in place of the one there is; without a time there is none. Returns its id, for the broadcast. */
async function replaceStep(
  deps: BroadcastDeps,
  tx: Tx,
  { id, workspaceId, stepId }: Broadcast,
  dueMs: number | undefined,
): Promise<number | null> {
  const step = { kind: KIND.broadcast, ownerId: id, seq: 0 };
  if (stepId !== null) await deps.queue.drop(tx, { ...step, causeId: stepId });
  if (dueMs === undefined) return null;
  const causeId = deps.ids.spread();
  await deps.queue.put(tx, [{ ...step, causeId, stream: 0, workspaceId, dueMs }]);
  return causeId;
}

/** Says that a broadcast has ended. */
export async function announceDone(
  deps: BroadcastDeps,
  tx: Tx,
  broadcast: Broadcast,
  atMs: number,
): Promise<void> {
  await announce(deps, tx, { ...broadcast, state: 'done' }, atMs);
}

/** `broadcast.changed` on the feed. */
async function announce(deps: BroadcastDeps, tx: Tx, broadcast: Broadcast, atMs: number): Promise<void> {
  await deps.queue.append(tx, [
    {
      ownerId: broadcast.id,
      workspaceId: broadcast.workspaceId,
      type: 'broadcast.changed',
      atMs,
      payload: { broadcastId: broadcast.id, state: broadcast.state },
    },
  ]);
}

async function locked(
  tx: Tx,
  workspaceId: number,
  id: number,
  states: readonly BroadcastState[],
  what: string,
): Promise<Broadcast | Fault> {
  const broadcast = await selectBroadcast(tx, workspaceId, id, true);
  if (!broadcast) return fault('not_found', 'there is no such broadcast');
  if (states.includes(broadcast.state)) return broadcast;
  return fault(
    'conflict',
    `a broadcast that is ${broadcast.state} cannot ${what}; it must be ${states.join(' or ')}`,
  );
}
