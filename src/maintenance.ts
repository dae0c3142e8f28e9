/** Housekeeping: partitions ahead of time, retention, sweeps. Every process may do it; each task is safe to do twice. */
import { sweepIdempotency } from './accounts/idempotency.ts';
import { sweepSessions } from './accounts/operators.ts';
import { pause, type Clock } from './base/clock.ts';
import type { Part } from './base/lifecycle.ts';
import type { Log } from './base/log.ts';
import { deleteInboundSeen } from './conversations/history.ts';
import { dropOldPartitions, ensurePartitions } from './db/partitions.ts';
import type { Sql } from './db/pool.ts';
import { sweepLinks } from './links/people.ts';
import { sweepHealth } from './senders/health.ts';

const ROUND_MS = 5 * 60_000;
const DAY_MS = 24 * 3600_000;
/** WhatsApp repeats a callback for up to seven days. */
const INBOUND_KEPT_MS = 8 * DAY_MS;
/** What a device of the simulator shows is of no use for long. */
const SIMULATED_KEPT_DAYS = 30;

/** Housekeeping every few minutes; the first round after the first pause, since start-up makes its own partitions. */
export function createMaintenance(deps: { sql: Sql; clock: Clock; log: Log; retentionDays: number }): Part {
  const { sql, clock, log } = deps;
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const keepMs = (table: string) =>
    (table === 'simulated_messages'
      ? Math.min(SIMULATED_KEPT_DAYS, deps.retentionDays)
      : deps.retentionDays) * DAY_MS;
  const round = async () => {
    const nowMs = clock.nowMs();
    await ensurePartitions(sql, nowMs);
    const dropped = await dropOldPartitions(sql, nowMs, keepMs);
    if (dropped.length) log.info({ dropped }, 'months past their retention were dropped');
    await sweepIdempotency(sql, nowMs);
    await sweepSessions(sql, nowMs);
    await deleteInboundSeen(sql, nowMs - INBOUND_KEPT_MS);
    await sweepHealth(sql, nowMs);
    await sweepLinks(sql, nowMs, deps.retentionDays * DAY_MS);
  };
  const loop = async () => {
    for (;;) {
      await pause(clock, ROUND_MS, stop.signal);
      if (stop.signal.aborted) return;
      await round().catch((error: unknown) => log.warn({ error }, 'housekeeping failed; trying again later'));
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
