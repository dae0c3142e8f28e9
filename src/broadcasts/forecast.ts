/** How a broadcast stands, and what would happen if it started now. Reads only. */
import { CLASS_BIT } from '../contacts/destinations.ts';
import type { Db } from '../db/pool.ts';
import { selectTallies } from '../ledger/sql.ts';
import { stateName, type StateName } from '../ledger/states.ts';
import type { Broadcast, BroadcastDeps } from './broadcasts.ts';
import { selectForecast, selectLaneMarks } from './sql.ts';

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

/** The rate that holds: the lower of the broadcast's own and its integration's; null without any. */
export async function rateInForce(deps: BroadcastDeps, broadcast: Broadcast): Promise<number | null> {
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
