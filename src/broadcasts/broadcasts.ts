/**
 * Broadcasts: one content to an audience. This room puts recipients into the queue and keeps count; it never sends.
 *
 *     draft → scheduled → running ⇄ paused → done
 *       └────────┴──────────┴─────────┴────▶ canceled
 */
import type { Audience } from '../../contract/audience.ts';
import { CHANNELS, MESSAGE_CLASSES, type ChannelName, type MessageClass } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Directory } from '../accounts/directory.ts';
import { checkAudience } from '../contacts/audience.ts';
import { CLASS_BIT } from '../contacts/destinations.ts';
import { checkContent } from '../content/check.ts';
import { compile } from '../content/compile.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import type { Senders } from '../outbox/senders.ts';
import { addTallies, selectTallies } from '../outbox/sql.ts';
import { STATE, stateName, type StateName } from '../outbox/states.ts';
import { KIND } from '../queue/kinds.ts';
import type { Queue } from '../queue/queue.ts';
import { deleteStream, upsertStream } from '../queue/sql.ts';
import {
  insertBroadcast,
  selectBroadcast,
  selectForecast,
  selectLaneMarks,
  updateDraft,
  updateRate,
  updateState,
} from './sql.ts';

export type BroadcastState = 'draft' | 'scheduled' | 'running' | 'paused' | 'done' | 'canceled';

/** A broadcast. Times are by the workspace's clock. */
export type Broadcast = {
  id: number;
  workspaceId: number;
  name: string;
  state: BroadcastState;
  content: Content;
  class: MessageClass;
  channel: ChannelName;
  integrationId: number | null;
  audience: Audience;
  /** Its own bound on messages a second; the integration's holds too. */
  ratePerS: number | null;
  note: string | null;
  runId: number | null;
  scheduledMs: number | null;
  startedMs: number | null;
  finishedMs: number | null;
  /** How long after its start a recipient may still be written to. */
  expiresAfterMs: number;
  createdMs: number;
  changedMs: number;
};

/** What a broadcast is made from, unchecked. */
export type BroadcastInput = Partial<
  Record<
    'name' | 'content' | 'class' | 'channel' | 'integrationId' | 'audience' | 'ratePerS' | 'expiresAfterMs',
    unknown
  >
>;

/** What this room's functions work with. */
export type BroadcastDeps = { sql: Sql; queue: Queue; ids: IdSource; directory: Directory; senders: Senders };

const THREE_DAYS_MS = 3 * 24 * 3600 * 1000;
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
  const broadcast: Broadcast = {
    ...checked,
    id: deps.ids.spread(),
    workspaceId,
    state: 'draft',
    note: null,
    runId: null,
    scheduledMs: null,
    startedMs: null,
    finishedMs: null,
    createdMs: nowMs,
    changedMs: nowMs,
  };
  await insertBroadcast(tx, broadcast);
  return broadcast;
}

/** Changes a draft, or one that is scheduled; what is not given stays. */
export async function changeBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  input: BroadcastInput,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const now = await locked(tx, workspaceId, id, ['draft', 'scheduled'], 'be changed');
  if (isFault(now)) return now;
  const checked = await checkInput(deps, workspaceId, input, now);
  if (isFault(checked)) return checked;
  const changed = { ...now, ...checked, changedMs: nowMs };
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
  const workspace = await deps.directory.workspace(workspaceId);
  if (!workspace) return fault('not_found', 'there is no such workspace');
  const wsNowMs = nowMs + workspace.clockAheadMs;
  if (atMs !== undefined && atMs > wsNowMs) {
    await updateState(tx, id, 'scheduled', { nowMs: wsNowMs, scheduledMs: atMs });
    await deps.queue.put(tx, [stepOf(broadcast, atMs - workspace.clockAheadMs, deps.ids)]);
    return { ...broadcast, state: 'scheduled', scheduledMs: atMs };
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
  const state = pausedFor === undefined ? 'running' : 'paused';
  await updateState(tx, broadcast.id, state, {
    nowMs: wsNowMs,
    runId,
    startedMs: wsNowMs,
    note: pausedFor ?? null,
  });
  const begun: Broadcast = { ...broadcast, state, runId, startedMs: wsNowMs, note: pausedFor ?? null };
  await setStream(deps, tx, begun, pausedFor === undefined);
  await deps.queue.put(tx, [stepOf(begun, nowMs, deps.ids)]);
  await announce(deps, tx, begun, wsNowMs);
  return begun;
}

/** Stops claiming; what is in flight ends. */
export async function pauseBroadcast(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<Broadcast | Fault> {
  const broadcast = await locked(tx, workspaceId, id, ['running'], 'be paused');
  if (isFault(broadcast)) return broadcast;
  await updateState(tx, id, 'paused', { nowMs });
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
  await updateState(tx, id, 'running', { nowMs, note: null });
  await setStream(deps, tx, broadcast, true);
  await announce(deps, tx, { ...broadcast, state: 'running' }, nowMs);
  return { ...broadcast, state: 'running' };
}

/** Calls a broadcast off: what is not in flight is not sent, and counts as canceled. */
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
  await updateState(tx, id, 'canceled', { nowMs, finishedMs: nowMs });
  const canceled: Broadcast = { ...broadcast, state: 'canceled', finishedMs: nowMs };
  if (broadcast.runId !== null) {
    await setStream(deps, tx, broadcast, false);
    for (const lane of deps.queue.lanes()) {
      const gone = await deleteStream(tx, lane, KIND.delivery, broadcast.runId);
      if (gone.length)
        await addTallies(tx, lane.bucket, [
          { causeId: broadcast.runId, state: STATE.canceled, n: gone.length },
        ]);
    }
  }
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

/** Counts of a broadcast: how many contacts it has, and how many are in each state. */
export type Counts = { matched: number; fannedOut: boolean } & Record<
  Exclude<StateName, 'queued'> | 'queued',
  number
>;

/** Counts by state, from the tallies: as cheap for a million recipients as for ten. */
export async function countBroadcast(
  deps: Pick<BroadcastDeps, 'queue'>,
  db: Db,
  broadcast: Broadcast,
): Promise<Counts> {
  const counts: Counts = {
    matched: 0,
    fannedOut: false,
    queued: 0,
    held: 0,
    unknown: 0,
    accepted: 0,
    delivered: 0,
    read: 0,
    failed: 0,
    suppressed: 0,
    expired: 0,
    canceled: 0,
  };
  if (broadcast.runId === null) return counts;
  const lanes = deps.queue.lanes();
  const buckets = lanes.map(({ bucket }) => bucket);
  const [marks, tallies] = await Promise.all([
    selectLaneMarks(db, buckets, broadcast.runId),
    selectTallies(db, buckets, broadcast.runId),
  ]);
  counts.matched = marks.reduce((sum, { matched }) => sum + matched, 0);
  counts.fannedOut = marks.length === lanes.length;
  let told = 0;
  for (const { state, n } of tallies) {
    counts[stateName(state)] = n;
    told += n;
  }
  counts.queued = Math.max(0, counts.matched - told);
  return counts;
}

/** What would happen if it started now. */
export type Forecast = {
  matched: number;
  reachable: number;
  /** How many would not be reached, by reason. */
  unreachable: Record<string, number>;
  ratePerS: number | null;
  /** How long it would take at that rate; null when nothing limits it. */
  durationMs: number | null;
};

/** Who gets it, who does not and why, and how long it takes at the rate in force. */
export async function forecastBroadcast(deps: BroadcastDeps, broadcast: Broadcast): Promise<Forecast> {
  const rows = await selectForecast(deps.sql, broadcast.workspaceId, broadcast.audience, {
    channel: broadcast.channel,
    classBit: CLASS_BIT[broadcast.class],
  });
  const reachable = rows.find(({ reason }) => reason === null)?.n ?? 0;
  const unreachable = Object.fromEntries(
    rows.flatMap(({ reason, n }) => (reason === null ? [] : [[reason, n]])),
  );
  const ratePerS = await rateInForce(deps, broadcast);
  return {
    matched: rows.reduce((sum, { n }) => sum + n, 0),
    reachable,
    unreachable,
    ratePerS,
    durationMs: ratePerS === null ? null : Math.ceil((reachable / ratePerS) * 1000),
  };
}

async function rateInForce(deps: BroadcastDeps, broadcast: Broadcast): Promise<number | null> {
  const integrationId =
    broadcast.integrationId ?? (await servingIntegration(deps, broadcast.workspaceId, broadcast.channel));
  const limits = [
    broadcast.ratePerS ?? undefined,
    integrationId === undefined ? undefined : await deps.senders.rateOf(integrationId),
  ];
  const known = limits.filter((limit) => limit !== undefined);
  return known.length ? Math.min(...known) : null;
}

async function servingIntegration(
  deps: BroadcastDeps,
  workspaceId: number,
  channel: string,
): Promise<number | undefined> {
  return (await deps.directory.integrationsOf(workspaceId)).find(
    (one) => one.channel === channel && one.status === 'active',
  )?.id;
}

async function setStream(deps: BroadcastDeps, tx: Tx, broadcast: Broadcast, flowing: boolean): Promise<void> {
  await upsertStream(tx, {
    stream: broadcast.runId!,
    kind: KIND.delivery,
    workspaceId: broadcast.workspaceId,
    flowing,
    ratePerS: await rateInForce(deps, broadcast),
  });
}

function stepOf(broadcast: Broadcast, dueMs: number, ids: IdSource) {
  return {
    kind: KIND.broadcast,
    ownerId: broadcast.id,
    causeId: ids.spread(),
    seq: 0,
    stream: 0,
    workspaceId: broadcast.workspaceId,
    dueMs,
  };
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

type Checked = Pick<
  Broadcast,
  'name' | 'content' | 'class' | 'channel' | 'integrationId' | 'audience' | 'ratePerS' | 'expiresAfterMs'
>;

async function checkInput(
  deps: BroadcastDeps,
  workspaceId: number,
  input: BroadcastInput,
  now: Broadcast | undefined,
): Promise<Checked | Fault> {
  const value = <K extends keyof BroadcastInput>(key: K) =>
    input[key] === undefined ? now?.[key as keyof Broadcast] : input[key];
  const name = value('name');
  if (typeof name !== 'string' || !name.trim() || name.length > 200)
    return bad('name', 'needs 1 to 200 characters');
  const content = checkContent(value('content'), 'content');
  if (isFault(content)) return content;
  const compiled = compile(content, { path: 'content' });
  if (isFault(compiled)) return compiled;
  const audience = checkAudience(value('audience'), 'audience');
  if (isFault(audience)) return audience;
  const channel = value('channel');
  if (!CHANNELS.includes(channel as ChannelName))
    return bad('channel', `must be one of ${CHANNELS.join(', ')}`);
  const messageClass = value('class') ?? 'marketing';
  if (!MESSAGE_CLASSES.includes(messageClass as MessageClass))
    return bad('class', `must be one of ${MESSAGE_CLASSES.join(', ')}`);
  const ratePerS = checkRate(value('ratePerS') ?? null);
  if (isFault(ratePerS)) return ratePerS;
  const expiresAfterMs = value('expiresAfterMs') ?? THREE_DAYS_MS;
  if (
    typeof expiresAfterMs !== 'number' ||
    !Number.isInteger(expiresAfterMs) ||
    expiresAfterMs < 60_000 ||
    expiresAfterMs > 30 * 24 * 3600 * 1000
  )
    return bad('expiresAfterMs', 'must be a whole number of milliseconds from a minute to 30 days');
  const integrationId = (value('integrationId') ?? null) as number | null;
  if (integrationId !== null) {
    const integration = await deps.directory.integration(integrationId);
    if (!integration || integration.workspaceId !== workspaceId)
      return fault('not_found', 'integrationId: there is no such integration', { field: 'integrationId' });
    if (integration.channel !== channel)
      return bad('integrationId', `is an integration for ${integration.channel}, not ${String(channel)}`);
  }
  return {
    name: name.trim(),
    content,
    audience,
    channel: channel as ChannelName,
    class: messageClass as MessageClass,
    ratePerS,
    expiresAfterMs,
    integrationId,
  };
}

function checkRate(value: unknown): number | null | Fault {
  if (value === null) return null;
  return typeof value === 'number' && value > 0 && value <= 1_000_000
    ? value
    : bad('ratePerS', 'must be a number above 0 and up to 1,000,000, or null');
}

function bad(field: string, rule: string): Fault {
  return fault('bad_request', `${field}: ${rule}`, { field });
}
