/**
 * How integrations fare, told by any process: those that send note what came of their messages, all integrations in one
 * transaction and every few seconds at most, so that it costs nothing per message.
 */
import type { Clock } from '../base/clock.ts';
import { randomToken } from '../base/crypto.ts';
import type { Log } from '../base/log.ts';
import type { Outcome } from '../channels/adapter.ts';
import { levelOf } from '../db/patiently.ts';
import type { Db, Sql } from '../db/pool.ts';
import type { Breaker } from './breaker.ts';
import {
  addMinutes,
  deleteOldHealth,
  selectHealth,
  selectMinutes,
  upsertHealth,
  type HealthRow,
  type MinuteRow,
} from './sql.ts';

/** Takes notes in this process. */
export type HealthNotes = {
  saw(integrationId: number, breaker: Breaker, outcome: Outcome): void;
  /** Writes what is not written yet. */
  flush(): Promise<void>;
};

/** What is said is at most so old. */
const NOTE_AFTER_MS = 2_000;
const MINUTE_MS = 60_000;
/** What an error rate is of, and a rate. */
const RECENT_MINUTES = 5;
const MINUTES_KEPT = 60;
const PROCESSES_KEPT_MS = 24 * 3600_000;

type Pending = { breaker: Breaker; minutes: Map<number, MinuteRow> };

/** Notes of this process. */
export function createHealthNotes(deps: { sql: Sql; clock: Clock; log: Log }): HealthNotes {
  const { sql, clock, log } = deps;
  const process = randomToken(9);
  let pending = new Map<number, Pending>();
  let timer: (() => void) | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    timer?.();
    timer = undefined;
    if (!pending.size) return;
    const taken = pending;
    pending = new Map();
    const ordered = [...taken].sort(([a], [b]) => a - b);
    const nowMs = clock.nowMs();
    try {
      await sql.begin(async (tx) => {
        await upsertHealth(
          tx,
          process,
          ordered.map(([id, { breaker }]) => healthRow(id, breaker, nowMs)),
        );
        await addMinutes(
          tx,
          ordered.flatMap(([, { minutes }]) => [...minutes.values()].sort((a, b) => a.minute - b.minute)),
        );
      });
    } catch (error) {
      // Nothing but a page of figures hangs on it: what could not be written is lost, and the next note has the rest.
      log[levelOf(error)]({ error }, 'how integrations fare could not be noted');
    }
  };
  const flush = () => (writing = writing.then(write));

  return {
    saw(integrationId, breaker, outcome) {
      const own = pending.get(integrationId) ?? { breaker, minutes: new Map<number, MinuteRow>() };
      own.breaker = breaker;
      pending.set(integrationId, own);
      const minute = Math.floor(clock.nowMs() / MINUTE_MS);
      const row = own.minutes.get(minute) ?? { integrationId, minute, accepted: 0, refused: 0, deferred: 0 };
      own.minutes.set(minute, row);
      row[outcome.kind === 'unclear' ? 'deferred' : outcome.kind]++;
      timer ??= clock.after(NOTE_AFTER_MS, () => void flush());
    },
    flush,
  };
}

function healthRow(integrationId: number, breaker: Breaker, nowMs: number): HealthRow {
  const { failuresInARow, lastSuccessMs, lastFailure } = breaker.health();
  const waitMs = breaker.waitMs();
  return {
    integrationId,
    failuresInARow,
    openUntilMs: waitMs === undefined ? null : nowMs + waitMs,
    lastSuccessMs: lastSuccessMs ?? null,
    lastFailureMs: lastFailure?.atMs ?? null,
    lastFailureCode: lastFailure?.code ?? null,
    lastFailureDetail: lastFailure?.detail ?? null,
    notedMs: nowMs,
  };
}

/** How an integration fares over all processes. */
export type Health = {
  /** Something was sent through it, ever. */
  used: boolean;
  /** Until when messages are kept back by at least one process; undefined when none does. */
  openUntilMs: number | undefined;
  /** In the process that sent last. */
  failuresInARow: number;
  lastSuccessMs: number | undefined;
  lastFailure: { code: string; detail: string; atMs: number } | undefined;
  /** What came of messages in the last minutes. */
  recent: { minutes: number; accepted: number; refused: number; deferred: number };
};

/** Reads how integrations fare, each by its id. */
export async function healthOf(
  db: Db,
  integrationIds: readonly number[],
  nowMs: number,
): Promise<Map<number, Health>> {
  const fromMinute = Math.floor(nowMs / MINUTE_MS) - RECENT_MINUTES + 1;
  const [rows, minutes] = await Promise.all([
    selectHealth(db, integrationIds),
    selectMinutes(db, integrationIds, fromMinute),
  ]);
  const of = <Row extends { integrationId: number }>(all: readonly Row[], id: number) =>
    all.filter(({ integrationId }) => integrationId === id);
  return new Map(integrationIds.map((id) => [id, healthIn(of(rows, id), of(minutes, id), nowMs)]));
}

function healthIn(rows: readonly HealthRow[], minutes: readonly MinuteRow[], nowMs: number): Health {
  const openUntilMs = latest(rows.map((row) => row.openUntilMs));
  const lastFailureMs = latest(rows.map((row) => row.lastFailureMs));
  const failed = rows.find((row) => row.lastFailureMs !== null && row.lastFailureMs === lastFailureMs);
  const sum = (name: 'accepted' | 'refused' | 'deferred') =>
    minutes.reduce((total, row) => total + row[name], 0);
  return {
    used: rows.length > 0,
    openUntilMs: openUntilMs !== undefined && openUntilMs > nowMs ? openUntilMs : undefined,
    failuresInARow: rows[0]?.failuresInARow ?? 0,
    lastSuccessMs: latest(rows.map((row) => row.lastSuccessMs)),
    lastFailure: failed && {
      code: failed.lastFailureCode ?? '',
      detail: failed.lastFailureDetail ?? '',
      atMs: lastFailureMs!,
    },
    recent: {
      minutes: RECENT_MINUTES,
      accepted: sum('accepted'),
      refused: sum('refused'),
      deferred: sum('deferred'),
    },
  };
}

function latest(times: readonly (number | null)[]): number | undefined {
  const known = times.filter((time) => time !== null);
  return known.length ? Math.max(...known) : undefined;
}

/** Housekeeping: lets go of what nobody asks for any more. */
export async function sweepHealth(db: Db, nowMs: number): Promise<void> {
  await deleteOldHealth(db, {
    minute: Math.floor(nowMs / MINUTE_MS) - MINUTES_KEPT,
    notedMs: nowMs - PROCESSES_KEPT_MS,
  });
}
