/**
 * Claims whose answer was lost with their connection: nobody here knows whether they were made. Nothing of them begins, so their flights
 * are taken back. One left standing keeps its items from being called off for as long as the lane has this owner, and the next owner finds
 * what is tried again by then as begun and gone, though nobody had it.
 */
import type { Clock } from '../../base/clock.ts';
import type { Sql } from '../../db/pool.ts';
import { deleteFlights } from './sql.steps.ts';

/** What names a flight; `bucket` is its lane's. */
type Named = { bucket: number; flightId: number };

/** Lost claims of this process. */
export type LostClaims = ReturnType<typeof createLostClaims>;

/** None yet. */
export function createLostClaims({ sql, clock, leaseMs }: { sql: Sql; clock: Clock; leaseMs: number }) {
  let fresh: Named[] = [];
  let deleted: { untilMs: number; flights: readonly Named[] }[] = [];

  const takeBackFresh = async (): Promise<void> => {
    if (!fresh.length) return;
    const flights = fresh;
    // Whoever claims meanwhile does not wait for the same, but for its own: of two that fail both are kept.
    fresh = [];
    try {
      await deleteFlights(sql, flights);
    } catch (error) {
      fresh.push(...flights);
      throw error;
    }
    deleted.push({ untilMs: clock.monotonicMs() + leaseMs, flights });
  };

  return {
    /** Makes a claim that writes these flights; what fails of it may have been made all the same. */
    async watch<T>(flights: readonly Named[], claim: () => Promise<T>): Promise<T> {
      await takeBackFresh();
      try {
        return await claim();
      } catch (error) {
        fresh.push(...flights);
        throw error;
      }
    },
    /**
     * To be called now and then. A server may come to a statement after the connection that brought it is gone, so what was deleted is
     * deleted again for as long as a lease: whatever the claim waits for, its lane can be renewed after that only where the wait is over,
     * and has another epoch where it is not.
     */
    async takeBack(): Promise<void> {
      await takeBackFresh();
      const again = deleted;
      if (!again.length) return;
      const nowMs = clock.monotonicMs();
      await deleteFlights(
        sql,
        again.flatMap(({ flights }) => flights),
      );
      const over = new Set(again.filter(({ untilMs }) => untilMs <= nowMs));
      deleted = deleted.filter((one) => !over.has(one));
    },
  };
}
