/**
 * How many calls are under way to each webhook, in this process. A target that does not answer must not take all the room
 * there is: when nothing moved at its gate for a while, nobody waits for it any more.
 */
import type { Clock } from '../base/clock.ts';

/** Gates, one per webhook. */
export type Gates = {
  /** True when a call may begin; then `leave` must follow. Waits while calls come and go, `withinMs` at most. */
  enter(webhookId: number, withinMs: number): Promise<boolean>;
  leave(webhookId: number): void;
  /** True when the gate is full and nobody passed it for a while. */
  isStuck(webhookId: number): boolean;
  /** The target asked to be left alone until then. */
  close(webhookId: number, untilMs: number): void;
  /** Until when a target is to be left alone; in the past when it is not. */
  closedUntilMs(webhookId: number): number;
};

type Gate = {
  inside: number;
  movedMs: number;
  waiting: ((entered: boolean) => void)[];
  closedUntilMs: number;
};

/** Calls to one webhook at a time. */
export const MOST_INSIDE = 10;
/** Calls that wait at one gate: beyond it, the queue is the better place to wait. */
const MOST_WAITING = 1000;
/** A full gate that nobody passed for so long is stuck. */
const STUCK_MS = 1000;

/** The gates of this process. */
export function createGates(clock: Clock): Gates {
  const gates = new Map<number, Gate>();
  const gateOf = (webhookId: number): Gate => {
    let gate = gates.get(webhookId);
    if (!gate) gates.set(webhookId, (gate = { inside: 0, movedMs: 0, waiting: [], closedUntilMs: 0 }));
    return gate;
  };
  const wait = (gate: Gate, withinMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const entered = (yes: boolean) => {
        cancel();
        resolve(yes);
      };
      const cancel = clock.after(withinMs, () => {
        gate.waiting.splice(gate.waiting.indexOf(entered), 1);
        resolve(false);
      });
      gate.waiting.push(entered);
    });

  return {
    async enter(webhookId, withinMs) {
      const untilMs = clock.monotonicMs() + withinMs;
      for (;;) {
        const nowMs = clock.monotonicMs();
        if (nowMs >= untilMs) return false;
        const gate = gateOf(webhookId);
        if (gate.inside < MOST_INSIDE) {
          gate.inside++;
          gate.movedMs = nowMs;
          return true;
        }
        const leftMs = Math.min(untilMs, gate.movedMs + STUCK_MS) - nowMs;
        if (leftMs <= 0 || gate.waiting.length >= MOST_WAITING) return false;
        if (await wait(gate, leftMs)) return true;
      }
    },
    leave(webhookId) {
      const gate = gateOf(webhookId);
      gate.movedMs = clock.monotonicMs();
      const next = gate.waiting.shift();
      // The place goes to who waits, and is never free in between.
      if (next) return next(true);
      gate.inside--;
      if (gate.inside === 0 && gate.closedUntilMs <= clock.nowMs()) gates.delete(webhookId);
    },
    isStuck(webhookId) {
      const gate = gates.get(webhookId);
      return (
        gate !== undefined && gate.inside >= MOST_INSIDE && clock.monotonicMs() >= gate.movedMs + STUCK_MS
      );
    },
    close(webhookId, untilMs) {
      const gate = gateOf(webhookId);
      gate.closedUntilMs = Math.max(gate.closedUntilMs, untilMs);
    },
    closedUntilMs: (webhookId) => gates.get(webhookId)?.closedUntilMs ?? 0,
  };
}
