/** Acts in order of their instants: a binary heap. */
import type { Player } from './stage.ts';

/** Something that happens at an instant. */
export type Act = {
  atMs: number;
  order: number;
  what: string;
  player: Player | undefined;
  run: () => void | Promise<void>;
  gone?: true;
};

/** Acts to come. Of those of one instant, the one that came first is first. */
export function createActs() {
  const heap: Act[] = [];
  let order = 0;
  const before = (a: Act, b: Act) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const swap = (i: number, j: number) => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  const rise = (from: number) => {
    for (let i = from; i > 0; ) {
      const up = (i - 1) >> 1;
      if (!before(heap[i]!, heap[up]!)) return;
      swap(i, up);
      i = up;
    }
  };
  const sink = () => {
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
      if (least === i) return;
      swap(i, least);
      i = least;
    }
  };
  return {
    /** Adds one; `again` is one that was taken too early. */
    push(atMs: number, what: string, run: Act['run'], player: Player | undefined, again?: Act): Act {
      const act = Object.assign(again ?? {}, { atMs, what, run, player, order: order++ });
      rise(heap.push(act) - 1);
      return act;
    },
    /** Takes the next, when its time has come by then. */
    take(untilMs: number): Act | undefined {
      const first = heap[0];
      if (!first || first.atMs > untilMs) return undefined;
      const last = heap.pop()!;
      if (heap.length) {
        heap[0] = last;
        sink();
      }
      return first;
    },
    /** When something happens next that is no player's doing. */
    nextOutsideMs(): number | undefined {
      let leastMs: number | undefined;
      for (const { player, gone, atMs } of heap)
        if (!player && !gone && (leastMs === undefined || atMs < leastMs)) leastMs = atMs;
      return leastMs;
    },
  };
}
