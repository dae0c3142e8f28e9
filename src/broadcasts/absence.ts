/**
 * A store on which nobody has worked for long, and whose last worker did not say goodbye: the install was down, or it is a copy of one that went on
 * (a dump that was restored). Whoever was written to since that copy was made would be written to again, so what was under way waits for a
 * person, as what is scheduled does (steps.ts).
 */
import { isFault } from '../base/fault.ts';
import { toHex24 } from '../base/ids.ts';
import type { Clock } from '../base/clock.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import { LATEST_START_MS, pauseBroadcast } from './broadcasts.ts';
import type { BroadcastDeps } from './broadcast.ts';
import { selectUnderWay, updateNote } from './sql.ts';

const NOTE =
  'nobody had worked on this store for long when Parley came to it: look whether it is a copy of one that went on sending, and resume it';

/** Done before a worker of this process begins; of several processes that start at once each finds the same. */
export function afterAbsence(deps: BroadcastDeps & { clock: Clock; log: Log }): Part {
  return { name: 'what an absence leaves', start: () => holdUnderWay(deps), stop: () => Promise.resolve() };
}

async function holdUnderWay(deps: BroadcastDeps & { clock: Clock; log: Log }): Promise<void> {
  const seenMs = await deps.queue.workerSeenMs();
  const nowMs = deps.clock.nowMs();
  if (seenMs === undefined || nowMs - seenMs <= LATEST_START_MS) return;
  for (const { id, workspaceId } of await selectUnderWay(deps.sql)) {
    const aheadMs = (await deps.directory.workspace(workspaceId))?.clockAheadMs ?? 0;
    const held = await deps.queue.transact(async (tx) => {
      const paused = await pauseBroadcast(deps, tx, workspaceId, id, nowMs + aheadMs);
      if (!isFault(paused)) await updateNote(tx, id, NOTE);
      return !isFault(paused);
    });
    if (held)
      deps.log.warn(
        { broadcastId: toHex24(id), workspaceId: toHex24(workspaceId) },
        'a broadcast is held: nobody had worked on this store for long, or it is a copy',
      );
  }
}
