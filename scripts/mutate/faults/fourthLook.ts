/** A fourth look, by somebody who had read neither the tests nor these lists: what of it the tests did not notice then. */
import { inFile } from '../fault.ts';

export const fourthLookFaults = [
  ...inFile(
    'src/webhooks/gates.ts',
    ['src/webhooks/gates.test.ts'],
    [
      [
        'who was let in turns another away when its own time is over',
        'cancel();\n        resolve(yes);',
        'resolve(yes);',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/log.ts',
    ['src/webhooks/batch.test.ts: made again'],
    [['a call that somebody names is made again but once', '[row.id], false)', '[row.id], true)']],
  ),
  ...inFile(
    'src/webhooks/settling.ts',
    ['src/webhooks/batch.test.ts: what came of a call is not taken'],
    [
      [
        'a database that is away for a moment counts as a call that cannot be written',
        'if (isPassing(error)) throw error;\n    return await writeApart',
        'return await writeApart',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/sql.ts',
    ['src/webhooks/batch.test.ts: a webhook fails since'],
    [
      [
        'a webhook fails since the last of a batch that did',
        '= ANY(${[...ids]}::bigint[]) AND failing_since_ms IS NULL',
        '= ANY(${[...ids]}::bigint[])',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/deliver.ts',
    ['src/webhooks/batch.test.ts: a call that could not begin'],
    [
      [
        'a gate that is busy is waited at for most of a minute',
        'BEGIN_WITHIN_MS - run.deps.clock',
        'BEGIN_WITHIN_MS * 10 - run.deps.clock',
      ],
    ],
  ),
  ...inFile(
    'src/queue/queue.ts',
    ['src/queue/work.test.ts: a wake reaches other processes'],
    [
      [
        'a clock that is put forward wakes no turns',
        "[...Object.values(KIND), 'turn' as const]",
        'Object.values(KIND)',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/claims.ts',
    ['src/queue/claims.test.ts'],
    [
      [
        'what may begin without a word may in each of the lanes',
        'Math.ceil((handler.wholeUpTo?.(stream) ?? Infinity) / lanes.length)',
        '(handler.wholeUpTo?.(stream) ?? Infinity)',
      ],
      [
        'of what is in flight in a lane only the last batch is known',
        'const set = places.get(place) ?? new Set();',
        'const set = new Set<WorkItem>();',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/flights.ts',
    ['src/queue/work/flights.test.ts'],
    [
      [
        'whose lease seems to be over leaves what it began to be begun again',
        'if (!batch.holds()) await pause(clock, leaseMs, stopping);',
        '',
      ],
      [
        'what was put off rings by the last of it',
        'firstAgainMs = Math.min(firstAgainMs, dueMs)',
        'firstAgainMs = dueMs',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/steps.ts',
    ['src/queue/work/flights.test.ts'],
    [
      [
        'what came of an item is written with every step after it',
        'const told = unwritten;\n      unwritten = [];',
        'const told = unwritten;',
      ],
      ['a flight is over before its steps are written', 'await Promise.all(underWay);', ''],
    ],
  ),
  ...inFile(
    'src/queue/work/fair.ts',
    ['src/queue/work/fair.test.ts'],
    [['who has left takes room from the others', 'else inside.delete(key);', 'else inside.set(key, 0);']],
  ),
  ...inFile(
    'src/queue/work/sql.coming.ts',
    ['src/queue/work.test.ts: what comes due in a workspace'],
    [
      ['what stands still is said to be coming', 'AND s.flowing`', '`'],
      ['a look that ended early says it is all', 'rows.length === of.most ?', 'rows.length > of.most ?'],
    ],
  ),
  ...inFile(
    'src/queue/work/sql.ts',
    ['src/queue/work.test.ts: what is in the queue already'],
    [
      [
        'work that is there already is put off by putting it in again',
        'ON CONFLICT DO NOTHING`;\n}',
        'ON CONFLICT (bucket, kind, owner_id, cause_id, seq) DO UPDATE SET due_ms = excluded.due_ms`;\n}',
      ],
    ],
  ),
  ...inFile(
    'src/queue/worker.ts',
    ['src/queue/queue.test.ts: a worker that stops waits'],
    [['a worker that stops gives its lanes back in the middle of its work', 'await flights.landed();', '']],
  ),
  ...inFile(
    'src/queue/backlog.ts',
    ['src/queue/backlog.test.ts'],
    [
      [
        'how long something waits is told in seconds',
        'Math.max(0, nowMs - oldestMs)',
        'Math.max(0, nowMs - oldestMs) / 1000',
      ],
    ],
  ),
  ...inFile(
    'src/outbox/deliver/collector.ts',
    ['src/outbox/deliver/collector.test.ts: a flight is over also'],
    [
      [
        'a flight whose last decisions were written one by one has no end',
        'if (landed && !whole) await write([], true);',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/fanOut.ts',
    ['src/broadcasts/broadcasts.test.ts: a fan-out that was broken off'],
    [
      [
        'a fan-out that was broken off ends at the first lane that is in',
        'if (marks.has(lane.lane)) continue;',
        'if (marks.has(lane.lane)) break;',
      ],
    ],
  ),
  ...inFile(
    'src/accounts/operators.ts',
    ['src/accounts/access.test.ts: who ends all sessions'],
    [
      [
        'who ends all other sessions ends the own',
        'hash !== sha256Hex(which.allBut)',
        'hash !== which.allBut',
      ],
    ],
  ),
];
