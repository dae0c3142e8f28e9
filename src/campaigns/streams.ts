/**
 * The streams of campaigns that have ended. What they let in before may still be on its way, and what follows it (another channel, hours
 * later) waits in the same stream: so it flows until no message of the campaign can be alive, and is closed when nothing is left in it.
 */
import type { Directory } from '../accounts/directory.ts';
import type { Sql } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import { streamApart } from '../queue/work/stream.ts';
import { apartStreams, closeStream, dueOfStream } from '../queue/work/streams.ts';
import { selectEnded } from './enrol/sql.live.ts';

/** A message lives three days; whoever was slow to settle it has had time. */
const CLOSED_AFTER_MS = 8 * 86_400_000;

/** Lets what is left of ended campaigns flow, once all have left them, and closes what is empty. */
export async function sweepStreams(
  { sql, queue, directory }: { sql: Sql; queue: Queue; directory: Directory },
  nowMs: number,
): Promise<void> {
  const open = await apartStreams(sql);
  if (!open.size) return;
  for (const { id, workspaceId, endedMs } of await selectEnded(sql, [...open.keys()])) {
    const stream = streamApart(id);
    const aheadMs = (await directory.workspace(workspaceId))?.clockAheadMs ?? 0;
    if (nowMs + aheadMs - endedMs >= CLOSED_AFTER_MS)
      await queue.transact(async (tx) => {
        const due = await dueOfStream(tx, queue.lanes(), KIND.delivery, stream);
        if (!due.length) await closeStream(tx, stream);
      });
    else if (!open.get(id)) {
      const flow = { stream, kind: KIND.delivery, workspaceId, flowing: true, ratePerS: null };
      await queue.transact((tx) => queue.flow(tx, flow));
    }
  }
}
