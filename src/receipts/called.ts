/**
 * When each integration's provider called back last: what a set-up waits for, and what tells that receipts do not come any more. To the
 * minute, so that it costs a statement a minute and not one a callback.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Db, Sql } from '../db/pool.ts';
import { selectCalled, upsertCalled } from './sql.ts';

/** Notes that an integration's provider called, as it proved. */
export type NoteCalled = (integrationId: number) => void;

const NOTE_EVERY_MS = 60_000;
const MOST_KEPT = 10_000;

/** Takes notes in this process. */
export function createCalled({ sql, clock, log }: { sql: Sql; clock: Clock; log: Log }): NoteCalled {
  const noted = new Map<number, number>();
  return (integrationId) => {
    const nowMs = clock.nowMs();
    if (nowMs - (noted.get(integrationId) ?? -Infinity) < NOTE_EVERY_MS) return;
    if (noted.size >= MOST_KEPT) noted.clear();
    noted.set(integrationId, nowMs);
    // The provider is not kept waiting for it, nor is anything lost with it: the next minute says it again.
    upsertCalled(sql, integrationId, nowMs).catch((error: unknown) => {
      noted.delete(integrationId);
      log.warn({ error, integrationId }, 'that a provider called could not be noted');
    });
  };
}

/** When the providers of some integrations called back last; those that never did are left out. */
export async function lastCalled(db: Db, integrationIds: readonly number[]): Promise<Map<number, number>> {
  const rows = integrationIds.length ? await selectCalled(db, integrationIds) : [];
  return new Map(rows.map(({ integrationId, lastMs }) => [integrationId, lastMs]));
}
