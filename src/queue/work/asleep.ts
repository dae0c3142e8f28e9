/**
 * Streams of which nothing is left: what campaigns have set apart, of which there may be a thousand while three have something to send. Such
 * a one is a row here, without a pump, a timer or a question of its own, until something of it rings; all of them together are looked at
 * once a minute, since a wake is only a hint.
 */
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkerCore } from './core.ts';
import { ASK_ANYWAY_MS } from './idle.ts';
import { selectStreamsWithWork } from './sql.look.ts';
import type { Stream } from './work.ts';

/** A stream, and the lanes of which is known that nothing of it is in them. */
export type Resting = { stream: Stream; empty: readonly OwnedLane[] };

/** Nothing is asleep yet. */
export function createAsleep(core: WorkerCore) {
  const asleep = new Map<number, Resting>();
  let isUnsure = false;
  let lookedMs = core.clock.monotonicMs();
  return {
    has: (stream: number): boolean => asleep.has(stream),
    add(resting: Resting): void {
      asleep.set(resting.stream.stream, resting);
    },
    /** As it is by now. Of one that is new, or flows again, it is not known whether there is anything. */
    update(stream: Stream): void {
      const one = asleep.get(stream.stream);
      if (!one || (stream.flowing && !one.stream.flowing)) isUnsure = true;
      asleep.set(stream.stream, { stream, empty: one?.empty ?? [] });
    },
    keepOnly(there: ReadonlySet<number>): void {
      for (const stream of asleep.keys()) if (!there.has(stream)) asleep.delete(stream);
    },
    /** There may be something of any of them. False when none is asleep. */
    doubt(): boolean {
      isUnsure ||= asleep.size > 0;
      return asleep.size > 0;
    },
    /** Takes one out, since `lane` may have something of it, or each of its lanes. One that does not flow goes on sleeping. */
    wake(stream: number, lane?: number): Resting | undefined {
      const one = asleep.get(stream);
      if (!one) return undefined;
      const empty = lane === undefined ? [] : one.empty.filter((other) => other.lane !== lane);
      if (!one.stream.flowing) {
        asleep.set(stream, { ...one, empty });
        return undefined;
      }
      asleep.delete(stream);
      return { stream: one.stream, empty };
    },
    /** Those that have something, when it is time to ask. */
    async withWork(): Promise<number[]> {
      const isTime = core.clock.monotonicMs() > lookedMs + ASK_ANYWAY_MS;
      const asked = [...asleep.values()].flatMap(({ stream }) => (stream.flowing ? [stream] : []));
      if (!(isTime || isUnsure)) return [];
      isUnsure = false;
      lookedMs = core.clock.monotonicMs();
      const lanes = core.lanes().map(({ lane }) => lane);
      try {
        return await selectStreamsWithWork(core.sql, lanes, asked);
      } catch (error) {
        isUnsure = true;
        throw error;
      }
    },
  };
}
