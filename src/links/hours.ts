/**
 * How often links were opened, by hour: for pages that show it of all whom a broadcast reached and would otherwise go through everybody
 * who opened one. Kept by a reader of the feed, once for each event. Names nobody: who is erased has opened it all the same; of two
 * people who become one, one has.
 */
import { hourOf } from '../base/clock.ts';
import type { Tx } from '../db/pool.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import type { Queue } from '../queue/queue.ts';
import type { LinkClicked } from './links.ts';
import { addHours, type LinkHour } from './sql.ts';

/** The reader. */
export function hoursReader({ queue }: { queue: Pick<Queue, 'firstBucketOf'> }): FeedReader {
  return {
    name: 'link_hours',
    async read(tx, events) {
      const counts = events.flatMap(({ type, workspaceId, atMs, payload }) => {
        if (type !== 'link.clicked') return [];
        const { causeId, position, first } = payload as LinkClicked;
        return [{ causeId, position, workspaceId, hourMs: hourOf(atMs), people: first ? 1 : 0, clicks: 1 }];
      });
      if (counts.length === 0) return;
      await addHours(tx, queue.firstBucketOf(events), summed(counts));
    },
  };
}

/** Part of a merge: of two who had opened the same link one is left. `twice`: what the one opened that goes. `bucket`: any that is locked. */
export async function countOnce(
  tx: Tx,
  bucket: number,
  twice: readonly { causeId: number; position: number; workspaceId: number; firstMs: number }[],
): Promise<void> {
  const counts = twice.map(({ firstMs, ...link }) => ({
    ...link,
    hourMs: hourOf(firstMs),
    people: -1,
    clicks: 0,
  }));
  await addHours(tx, bucket, summed(counts));
}

function summed(counts: readonly LinkHour[]): LinkHour[] {
  const key = ({ causeId, position, hourMs }: LinkHour) => `${causeId}.${position}.${hourMs}`;
  return [...Map.groupBy(counts, key).values()].map((of) => ({
    ...of[0]!,
    people: of.reduce((sum, { people }) => sum + people, 0),
    clicks: of.reduce((sum, { clicks }) => sum + clicks, 0),
  }));
}
