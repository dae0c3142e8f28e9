/**
 * Whether bulk runs flow, as of a moment that is never long ago: looked at in the tick before anything that cannot be taken back.
 * Facts have a shelf life; whoever stops a run answers when that is over, so that nothing begins after the answer, whichever worker
 * was told, slept or has no database. Nothing is asked while nobody waits.
 */
import type { Clock } from '../../base/clock.ts';
import type { Sql } from '../../db/pool.ts';
import { selectFlowing } from './sql.ts';

/**
 * How old the word that a run flows may be, ms. Longer than the slowest answer of
 * a database that is busy, or nothing would begin.
 */
export const FLOW_LIFE_MS = 500;
/** Whoever stops a run answers so long after the commit: what went out on the wire just before has arrived. */
export const STOPPED_AFTER_MS = FLOW_LIFE_MS + 250;
/** It is asked again this often while somebody waits. */
const ASK_EVERY_MS = 100;

/** `wait`: it is not known now. */
type Leave = 'go' | 'wait' | 'back';

/** Knows of runs whether they flow. */
export type Flow = {
  /** Keeps knowing of a run until it is let go. */
  watch(stream: number): () => void;
  leave(stream: number): Leave;
};

/** Nothing watched. */
export function createFlow({ sql, clock }: { sql: Sql; clock: Clock }): Flow {
  const watched = new Map<number, number>();
  let flowing = new Set<number>();
  let known = new Set<number>();
  let asOfMs = -Infinity;
  let asking = false;
  let cancel: (() => void) | undefined;

  const ask = async (): Promise<void> => {
    if (asking || !watched.size) return;
    cancel?.();
    cancel = undefined;
    asking = true;
    const fromMs = clock.monotonicMs();
    const streams = [...watched.keys()];
    try {
      flowing = new Set(await selectFlowing(sql, streams));
      known = new Set(streams);
      asOfMs = fromMs;
    } catch {
      // What is known grows old, and nothing begins.
    } finally {
      asking = false;
      if (watched.size) cancel = clock.after(ASK_EVERY_MS, () => void ask());
    }
  };

  return {
    watch(stream) {
      watched.set(stream, (watched.get(stream) ?? 0) + 1);
      if (!known.has(stream) || clock.monotonicMs() >= asOfMs + FLOW_LIFE_MS) void ask();
      return () => {
        const left = watched.get(stream)! - 1;
        if (left) watched.set(stream, left);
        else {
          watched.delete(stream);
          known.delete(stream);
        }
      };
    },
    leave(stream) {
      if (!known.has(stream) || clock.monotonicMs() >= asOfMs + FLOW_LIFE_MS) return 'wait';
      return flowing.has(stream) ? 'go' : 'back';
    },
  };
}
