/** Telling that something on the devices of a workspace is new or has changed: at once, and then twice a second at most, however much comes. */
import type { Clock } from '../base/clock.ts';

/** Two a second are as many as pages are told of anything that goes on (console.md §7). */
const EVERY_MS = 500;

/** Says that something changed on the devices of a workspace, once it is committed. */
export type DevicesChanged = (workspaceId: number) => void;

/** Tells the first at once; what comes within the next half second is one more, at its end. */
export function tellSeldom(clock: Pick<Clock, 'after'>, tell: DevicesChanged): DevicesChanged {
  /** Workspaces that were told of just now, and whether there is more to tell. */
  const lately = new Map<number, boolean>();
  const begin = (workspaceId: number) => {
    lately.set(workspaceId, false);
    tell(workspaceId);
    clock.after(EVERY_MS, () => {
      if (lately.get(workspaceId)) begin(workspaceId);
      else lately.delete(workspaceId);
    });
  };
  return (workspaceId) => {
    if (lately.has(workspaceId)) lately.set(workspaceId, true);
    else begin(workspaceId);
  };
}
