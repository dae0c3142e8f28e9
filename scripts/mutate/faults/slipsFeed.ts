/** A third look at the feed: what failed is read again, what waits, what happened for who looks on. */
import { inFile } from '../fault.ts';

export const slipsOfFeed = [
  ...inFile(
    'src/queue/feed/failures.ts',
    ['src/queue/feed.test.ts'],
    [
      [
        'what fails for long is tried once a day',
        'Math.min(LAST_AGAIN_MS, FIRST_AGAIN_MS * 2',
        'Math.min(24 * LAST_AGAIN_MS, FIRST_AGAIN_MS * 2',
      ],
      [
        'what a lost lane has ends the round',
        'if (!(error instanceof LaneLost)) throw error;\n        });',
        'throw error;\n        });',
      ],
      [
        'a failure that is kept waits in seconds',
        'const againMs = clock.nowMs() + FIRST_AGAIN_MS;',
        'const againMs = clock.nowMs() + FIRST_AGAIN_MS / 1000;',
      ],
    ],
  ),
  ...inFile(
    'src/queue/feed/sql.failures.ts',
    ['src/queue/feed.test.ts'],
    [
      ['what fails again counts as failing once', 'attempts = least(attempts + 1, 1000)', 'attempts = 1'],
      [
        'what failed is read again newest first',
        'ORDER BY id, reader LIMIT',
        'ORDER BY id DESC, reader LIMIT',
      ],
      [
        'what failed lately is forgotten',
        'DELETE FROM feed_failures WHERE at_ms < ${beforeMs}',
        'DELETE FROM feed_failures WHERE at_ms > ${beforeMs}',
      ],
      [
        'two readers that fail on one event are one',
        'AND id = ${failure.id} AND reader = ${failure.reader}`;\n}\n\n/** Puts',
        'AND id = ${failure.id}`;\n}\n\n/** Puts',
      ],
    ],
  ),
  ...inFile(
    'src/queue/feed/dispatch.ts',
    ['src/queue/feed.test.ts'],
    [
      [
        'a lane that has more waits for the next ring',
        'counts.get(lane)?.length === limit',
        'counts.get(lane)?.length! > limit',
      ],
    ],
  ),
  ...inFile(
    'src/queue/feed/sql.ts',
    ['src/queue/feed.test.ts'],
    [
      [
        'of several lanes events come newest first',
        'WHERE feed.lane = k.lane ORDER BY id LIMIT ${limit}) f`',
        'WHERE feed.lane = k.lane ORDER BY id DESC LIMIT ${limit}) f`',
      ],
      [
        'who must not overtake looks at the newest',
        "${db.onShard('bucket', some[0]!.buckets)} ORDER BY id LIMIT 1) f`",
        "${db.onShard('bucket', some[0]!.buckets)} ORDER BY id DESC LIMIT 1) f`",
      ],
      ['what failed is not marked in the log', 'payload, ${error} FROM gone', 'payload, NULL FROM gone'],
      [
        'what was told of a person stays in the log',
        '  await db`DELETE FROM feed_log WHERE ${which}`;\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/queue/feed/history.ts',
    ['src/queue/feed.test.ts'],
    [
      ['who follows is not told of the oldest that waits', '({ id }) => id - 1', '({ id }) => id'],
      [
        'who follows is not told of what commits late',
        'firstIdAt(nowMs - COMMITTED_WITHIN_MS)',
        'firstIdAt(nowMs)',
      ],
      [
        'a page goes on behind what it left out',
        'const older = found.events.length > limit ? events.at(-1)!.id : found.oldestId;',
        'const older = found.oldestId;',
      ],
      [
        'who follows begins anew',
        'cursor: Math.max(1, settled, afterId ?? 0)',
        'cursor: Math.max(1, settled)',
      ],
      ['nobody knows that some were left out', 'skipped: isMore && afterId !== undefined', 'skipped: false'],
    ],
  ),
  ...inFile(
    'src/queue/feed/sql.history.ts',
    ['src/queue/feed.test.ts'],
    [
      [
        'the last of a page is the first of the next',
        'id < ${beforeId}::bigint AND',
        'id <= ${beforeId}::bigint AND',
      ],
      ['who follows is told the last again', 'AND id > ${afterId}::bigint', 'AND id >= ${afterId}::bigint'],
      [
        'it is not known whether there are more',
        'ORDER BY id DESC LIMIT ${limit + 1})',
        'ORDER BY id DESC LIMIT ${limit})',
      ],
      [
        'events of whoever else is in the bucket are told',
        'AND (${named}::text IS NULL OR payload @> ${named}::text::jsonb OR payload @> ${changed}::text::jsonb)',
        '',
      ],
      ['of one of many changes nobody is told', ' OR payload @> ${changed}::text::jsonb', ''],
    ],
  ),
];
