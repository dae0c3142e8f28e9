/**
 * Going through what lanes have, where a lane's owner alone takes it: the feed, and turns. A lane that rings is drained until it has no
 * more, in one group at a time. What fails keeps nobody else waiting: its lane goes on by itself, and there what is in it one by one.
 */
import { pause } from '../../base/clock.ts';
import { bell } from '../../base/lifecycle.ts';
import { isPassing } from '../../db/errors.ts';
import { levelOf } from '../../db/patiently.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkerCore } from './core.ts';
import { LaneLost } from './settle.ts';

/** What is pumped, and how. */
type Pumping = {
  /** As the log names it. */
  what: string;
  /**
   * Takes some of what the lanes have; `alone`, only what is first in the one lane given, so that what fails is left aside by itself.
   * Returns the lanes that may have more.
   */
  take(lanes: readonly OwnedLane[], alone: boolean): Promise<readonly OwnedLane[]>;
  /** Things that are taken alone after a failure: as many as may have been taken together. */
  aloneFor: number;
  /** Lanes in a group, at most. */
  together: number;
};

/** Groups at a time. */
const GROUPS_AT_ONCE = 4;
/**
 * So long after a group began the next one does, with all that rang meanwhile, whether that one is over or waits for a row that somebody
 * has locked. Fixed costs are most of a small transaction: of a flood, each would otherwise take the two or three things that came while the
 * one before was under way. What rings after a rest goes at once.
 */
const APART_MS = 25;
const AFTER_ERROR_MS = 250;

/** The pump of this worker's lanes. */
export function createPump(core: WorkerCore, pumping: Pumping) {
  const ringing = new Set<number>();
  const active = new Set<number>();
  const woken = bell();
  let groups = 0;
  let begunMs = -Infinity;
  let isTimed = false;

  /** How long these lanes wait for more to ring. */
  const waitMs = (lanes: readonly number[]): number =>
    lanes.length >= pumping.together ? 0 : begunMs + APART_MS - core.clock.monotonicMs();

  /** Timers of a loop that was busy ring early: then the rest is waited for. */
  const ringIn = (ms: number): void => {
    if (isTimed) return;
    isTimed = true;
    core.clock.after(Math.ceil(ms), () => {
      isTimed = false;
      woken.ring();
    });
  };

  const take = (numbers: readonly number[]): void => {
    const lanes = core.lanes().filter(({ lane }) => numbers.includes(lane));
    for (const lane of numbers) ringing.delete(lane);
    if (!lanes.length) return;
    groups++;
    begunMs = core.clock.monotonicMs();
    for (const { lane } of lanes) active.add(lane);
    // Those that it has left may be at work in another group.
    const own = new Set(lanes);
    const leave = (gone: readonly OwnedLane[]) => {
      for (const lane of gone) if (own.delete(lane)) active.delete(lane.lane);
      woken.ring();
    };
    void drain(core, lanes, pumping, leave)
      .catch((error: unknown) => core.log.error({ error }, `${pumping.what} of some lanes: not drained`))
      .finally(() => {
        groups--;
        leave(lanes);
      });
  };

  return {
    ring(lane: number) {
      ringing.add(lane);
      woken.ring();
    },
    wake: () => woken.ring(),
    async run(): Promise<void> {
      while (!core.stopping.aborted) {
        const next = [...ringing].filter((lane) => !active.has(lane)).slice(0, pumping.together);
        const restMs = waitMs(next);
        if (next.length && groups < GROUPS_AT_ONCE && restMs <= 0) take(next);
        else {
          if (next.length && restMs > 0) ringIn(restMs);
          await woken.wait();
        }
      }
    },
  };
}

/** `leave` is told of lanes as soon as they have no more: what rings there next does not wait for those that have. */
async function drain(
  core: WorkerCore,
  group: readonly OwnedLane[],
  pumping: Pumping,
  leave: (gone: readonly OwnedLane[]) => void,
): Promise<void> {
  let lanes = group;
  let alone = 0;
  while (!core.stopping.aborted && (lanes = lanes.filter(core.holds)).length) {
    try {
      const left = await pumping.take(lanes, alone > 0);
      leave(lanes.filter((lane) => !left.includes(lane)));
      lanes = left;
      alone = Math.max(0, alone - 1);
    } catch (error) {
      if (error instanceof LaneLost) return;
      const isTheirs = !isPassing(error);
      if (isTheirs && lanes.length > 1) {
        await Promise.all(lanes.map((lane) => drain(core, [lane], pumping, leave)));
        return;
      }
      if (isTheirs && alone === 0) {
        core.log.warn({ error, lane: lanes[0]!.lane }, `${pumping.what}: failed, and go one by one`);
        alone = pumping.aloneFor;
        continue;
      }
      core.log[levelOf(error)]({ error }, `${pumping.what}: failed, and is taken again`);
      await pause(core.clock, AFTER_ERROR_MS, core.stopping);
    }
  }
}
