/** Housekeeping: partitions ahead of time, retention, and the sweeps that rooms declare. Every process may do it; each task is safe to do twice. */
import { deleteOldRows } from './accounts/keeping.ts';
import { removeWorkspaces } from './accounts/removal.ts';
import { pause, type Clock } from './base/clock.ts';
import type { IdSource } from './base/ids.ts';
import type { Part } from './base/lifecycle.ts';
import type { Log } from './base/log.ts';
import { dropOldPartitions, ensurePartitions, EVENTS_KEPT_MS } from './db/partitions.ts';
import { levelOf } from './db/patiently.ts';
import type { Sql } from './db/pool.ts';
import type { Room } from './db/room.ts';
import { allLanes, holdLane } from './queue/lanes/still.ts';

const ROUND_MS = 5 * 60_000;
const DAY_MS = 24 * 3600_000;
/** What a device of the simulator shows is of no use for long. */
const SIMULATED_KEPT_DAYS = 30;

/** Housekeeping every few minutes; the first round after the first pause, since start-up makes its own partitions. */
export function createMaintenance(deps: {
  sql: Sql;
  ids: IdSource;
  clock: Clock;
  log: Log;
  retentionDays: number;
  rooms: readonly Room[];
}): Part {
  const { sql, clock, log } = deps;
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const keepMs = (table: string) => {
    if (table === 'contact_events' || table === 'enrolment_log') return EVENTS_KEPT_MS;
    if (table !== 'simulated_messages') return deps.retentionDays * DAY_MS;
    return Math.min(SIMULATED_KEPT_DAYS, deps.retentionDays) * DAY_MS;
  };
  const round = async () => {
    const nowMs = clock.nowMs();
    await ensurePartitions(sql, nowMs);
    const dropped = await dropOldPartitions(sql, nowMs, keepMs);
    if (dropped.length) log.info({ dropped }, 'months past their retention were dropped');
    const sweeping = { sql, log, nowMs, retentionMs: deps.retentionDays * DAY_MS };
    // One that fails keeps no other from it.
    for (const room of deps.rooms)
      await room
        .sweep?.(sweeping)
        .catch((error: unknown) =>
          log[levelOf(error)]({ error, room: room.name }, 'a room was not swept; trying later'),
        );
    await deleteOldRows(deps);
    await removeWorkspaces({ ...deps, lanes: () => allLanes(sql), holdLane });
  };
  const loop = async () => {
    for (;;) {
      await pause(clock, ROUND_MS, stop.signal);
      if (stop.signal.aborted) return;
      await round().catch((error: unknown) =>
        log[levelOf(error)]({ error }, 'housekeeping failed; trying again later'),
      );
    }
  };
  return {
    name: 'maintenance',
    async start() {
      running = loop();
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}
