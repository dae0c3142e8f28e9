/**
 * Gathers what was decided about a batch and settles it: all at once when the batch is complete, or what there is after a while. What
 * cannot be written is written apart from the rest, so that its neighbours stand.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { gather } from '../../db/gather.ts';
import { apart } from '../../db/apart.ts';
import { patiently } from '../../db/patiently.ts';
import type { Sql } from '../../db/pool.ts';
import type { Manner } from '../../db/statement.ts';
import type { Queue } from '../../queue/queue.ts';
import { LaneLost } from '../../queue/work/settle.ts';
import { isRun } from '../../queue/work/stream.ts';
import type { Batch } from '../../queue/work/work.ts';
import { pared, type Decision } from '../outcome/decide.ts';
import { writeDecisions, type Outcomes, type WriteDeps } from '../outcome/write.ts';
import { most, patience, togetherKey } from './together.ts';

/** What finished is settled at the latest after this long, while the rest of the batch is still waiting for its provider. */
const SETTLE_AFTER_MS = 200;

/** What collecting needs. */
export type CollectDeps = { clock: Clock; log: Log };

/** Writes decisions; with `landed` the batch is over. Throws LaneLost when it is somebody else's now. */
type Settle = (decisions: readonly Decision[], landed: boolean) => Promise<void>;

/** Gathers decisions. `finished` resolves when the batch is settled, or has another owner. */
export type Collector = { add(decisions: readonly Decision[]): void; finished: Promise<void> };

/** A collector of a batch of `size` items. */
export function createCollector(deps: CollectDeps, size: number, settle: Settle): Collector {
  let waiting: Decision[] = [];
  let missing = size;
  let settling = false;
  let over = false;
  let cancel: (() => void) | undefined;
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();

  const flush = async (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    // Whoever settles now takes along what comes meanwhile.
    if (settling) return;
    settling = true;
    try {
      while (waiting.length || missing === 0) {
        const decisions = waiting;
        waiting = [];
        const landed = missing === 0;
        await settle(decisions, landed);
        if (landed) {
          over = true;
          return resolve();
        }
      }
    } catch (error) {
      over = true;
      if (!(error instanceof LaneLost)) return reject(error);
      deps.log.warn({ error: error.message }, 'what was sent here is settled by the new owner of the lane');
      return resolve();
    } finally {
      settling = false;
    }
  };

  return {
    finished,
    add(decisions) {
      // Somebody else settles it.
      if (over) return;
      missing -= decisions.length;
      for (const decision of decisions) waiting.push(decision);
      if (missing === 0) void flush();
      else if (decisions.length) cancel ??= deps.clock.after(SETTLE_AFTER_MS, () => void flush());
    },
  };
}

/** Writes what was decided of a batch; throws LaneLost when it is somebody else's now. */
type Write = (outcomes: Outcomes) => Promise<void>;

/** Writes outcomes for one process: those of runs by themselves, others together with what came at the same moment. */
export function createWrite(deps: CollectDeps & WriteDeps & { sql: Sql; queue: Queue }): Write {
  const write = (outcomes: readonly Outcomes[], manner: Manner) =>
    patiently(deps, 'settling', () =>
      deps.queue.transact((tx) => writeDecisions(deps, tx, outcomes), manner),
    );
  const together = gather<Outcomes, boolean>(
    async (_key, outcomes) => {
      const held = await write(outcomes, 'keyed');
      return outcomes.map(({ batch }) => held.has(batch));
    },
    (waiting) => most(waiting.map(({ decisions }) => decisions.length)),
    patience(deps.clock),
  );
  return async (outcomes) => {
    const { batch } = outcomes;
    const held = isRun(batch.stream)
      ? (await write([outcomes], 'keyed batch')).has(batch)
      : await together(togetherKey(deps.sql, batch), outcomes);
    if (!held) throw new LaneLost(batch.lane.lane);
  };
}

/** Settles the decisions of a batch in one transaction; those that cannot be written, each by itself and as little as can be. */
export function settling(deps: CollectDeps & { write: Write }, batch: Batch): Settle {
  const write = (decisions: readonly Decision[], landed: boolean) => deps.write({ batch, decisions, landed });
  return async (decisions, landed) => {
    if (landed) await batch.steps.close();
    let whole = false;
    await apart(
      decisions,
      async (part) => {
        whole = part === decisions;
        await write(part, landed && whole);
      },
      async (decision, error) => {
        whole = false;
        deps.log.error({ error, item: decision.item }, 'an outcome could not be written as it was');
        await write([pared(decision, error, deps.clock.nowMs())], false);
      },
      (error) => error instanceof LaneLost || decisions.length === 0,
    );
    if (landed && !whole) await write([], true);
  };
}
