/**
 * Which webhooks are to be called, by workspace, kept for a second so that the feed can be read without asking for each
 * batch. Read on the connection of whoever asks: a reader that holds a transaction must not wait for a second connection.
 */
import type { Clock } from '../base/clock.ts';
import type { Db } from '../db/pool.ts';
import { selectActiveWebhooks } from './sql.ts';
import { webhookOf, type Webhook } from './webhook.ts';

/** How far behind another process's change an answer may be. */
const FRESH_MS = 1000;
/** Bounds the memory: those read longest ago go first. */
const MOST_WORKSPACES = 20_000;

/** Active webhooks of workspaces. */
export type Subscriptions = {
  /** Of each workspace that has any. */
  active(db: Db, workspaceIds: readonly number[]): Promise<ReadonlyMap<number, readonly Webhook[]>>;
  /**
   * Says that this process changes a workspace's webhooks. For a second nothing is kept of it, since the change counts only
   * from a commit that this room does not see.
   */
  changed(workspaceId: number): void;
};

/** A cache of active webhooks. One per process. */
export function createSubscriptions(clock: Pick<Clock, 'nowMs'>): Subscriptions {
  const kept = new Map<number, { webhooks: readonly Webhook[]; readMs: number }>();
  const changedMs = new Map<number, number>();

  const isFresh = (workspaceId: number, nowMs: number): boolean => {
    const entry = kept.get(workspaceId);
    if (!entry) return false;
    const ageMs = nowMs - entry.readMs;
    // A clock that was set back makes an age negative: such an entry is read again, too.
    if (ageMs < 0 || ageMs > FRESH_MS) return false;
    const changed = changedMs.get(workspaceId);
    if (changed === undefined) return true;
    if (entry.readMs <= changed + FRESH_MS) return false;
    changedMs.delete(workspaceId);
    return true;
  };

  const keep = (workspaceId: number, webhooks: readonly Webhook[], readMs: number): void => {
    // Deleting first moves the key to the end: the map's order is the order of reading.
    kept.delete(workspaceId);
    kept.set(workspaceId, { webhooks, readMs });
    if (kept.size > MOST_WORKSPACES) kept.delete(kept.keys().next().value!);
  };

  return {
    async active(db, workspaceIds) {
      const nowMs = clock.nowMs();
      const stale = workspaceIds.filter((id) => !isFresh(id, nowMs));
      if (stale.length) {
        const rows = await selectActiveWebhooks(db, stale);
        const byWorkspace = Map.groupBy(rows.map(webhookOf), ({ workspaceId }) => workspaceId);
        for (const id of stale) keep(id, byWorkspace.get(id) ?? [], nowMs);
      }
      const found = workspaceIds.map((id) => [id, kept.get(id)?.webhooks ?? []] as const);
      return new Map(found.filter(([, webhooks]) => webhooks.length));
    },
    changed(workspaceId) {
      changedMs.set(workspaceId, clock.nowMs());
    },
  };
}
