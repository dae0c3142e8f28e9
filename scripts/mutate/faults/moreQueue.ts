/** A second look at the queue: bulk, rooms, what is taken up again, and what is read again. */
import { inFile } from '../fault.ts';

const WORK = ['src/queue/work.test.ts'];
const QUEUE = ['src/queue/queue.test.ts'];
const BULK = ['src/queue/bulk.test.ts'];

export const moreQueueFaults = [
  ...inFile('src/queue/work/bulk.ts', BULK, [
    ['a run that is paused while it waits for room goes on', 'if (!goesOn()) return false;', ''],
    [
      'what was put off before the place of a pass is never seen',
      'else cursors.delete(one.lane);',
      'else cursors.set(one.lane, after);',
    ],
    [
      'room that a claim did not need is never given back',
      'rooms.leave(charged, each * lanes.length - found);',
      '',
    ],
    [
      'room of what is settled is never given back',
      'const left = (items: readonly unknown[]) => void rooms.leave(charged, items.length);',
      'const left = () => undefined;',
    ],
    [
      'a stream that is closed goes on',
      'pump.update({ stream: id, kind: NO_KIND, workspaceId: 0, flowing: false, ratePerS: null });',
      '',
    ],
    [
      'a rate that is changed is not used',
      'pace.set(stream.ratePerS, core.lanes().length);',
      'pace.set(first.ratePerS, core.lanes().length);',
    ],
  ]),
  ...inFile('src/queue/work/pace.ts', BULK, [
    ['each worker has all of a run’s rate', '(rate * lanes) / LANES', 'rate'],
    ['what a run sends costs it nothing', '      tokens -= n;\n', ''],
  ]),
  ...inFile('src/queue/work/idle.ts', BULK, [
    ['a wake is forgotten that comes while a lane is asked', 'if (rings === before) idle.set', 'idle.set'],
    ['what is put off while its lane was asked is found a minute later', 'if (one) one.isAsked = false;', ''],
    [
      'what nobody told of is found when the next minute is over',
      'if (!lanes.every((lane) => this.has(lane))) return 0;',
      '',
    ],
    [
      'what else a lane has waits for one that hangs',
      'one ? one.beganMs + AWAY_MS - clock.monotonicMs() : 0',
      'one ? AWAY_MS : 0',
    ],
    ['a stream rests while something of it is under way', '!away.any() && ', ''],
  ]),
  ...inFile('src/queue/work/asleep.ts', BULK, [
    [
      'of what rests no lane is asked but the one known',
      'one.empty.filter((other) => other.lane !== lane)',
      'one.empty',
    ],
    ['what flows again rests on', '(stream.flowing && !one.stream.flowing)', 'false'],
    ['nobody looks at what rests', 'isTime || isUnsure', 'isUnsure'],
    ['what rests is looked at each second', 'isTime || isUnsure', 'true'],
    ['a lane that was taken is not asked', 'isUnsure ||= asleep.size > 0;', ''],
  ]),
  ...inFile(
    'src/queue/work/fair.ts',
    ['src/queue/work/fair.test.ts'],
    [
      [
        'who comes later goes before who waits',
        '!isFull(key) && !waiting.some((one) => one.key === key)',
        '!isFull(key)',
        ['src/queue/work/fair.test.ts'],
      ],
      [
        'one that gives way has all of its room',
        'Math.min(each * part(), Math.max',
        'Math.min(each, Math.max',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/giveWay.ts',
    ['src/queue/work/fair.test.ts'],
    [
      ['bulk does not give way', '< FOR_MS ? PART : 1', '< FOR_MS ? 1 : 1'],
      ['bulk gives way for ever', 'clock.monotonicMs() - cameMs < FOR_MS', 'cameMs > -Infinity'],
    ],
  ),
  ...inFile('src/queue/work/interactive.ts', WORK, [
    [
      'a full lane is not looked at again',
      'for (const [lane, { items }] of claimed) if (items.length === limit) ringing.add(lane);\n      return;',
      'return;',
      ['src/queue/work/interactive.test.ts'],
    ],
    [
      'what was passed over is forgotten',
      'for (const lane of passedOver) ringing.add(lane);',
      '',
      ['src/queue/work/interactive.test.ts'],
    ],
    [
      'a claim that failed is not made again',
      'for (const lane of lanes) ringing.add(lane);\n',
      '',
      ['src/queue/work/interactive.test.ts'],
    ],
  ]),
  ...inFile('src/queue/work/ownership.ts', WORK, [
    [
      'a lane is claimed from before what was left in it is settled',
      'await settleAbandoned(lane);',
      'void settleAbandoned(lane);',
      ['src/queue/queue.test.ts'],
    ],
  ]),
  ...inFile('src/queue/work/flights.ts', WORK, [
    [
      'what had not begun counts as begun',
      'items: batch.steps.begun(), noted',
      'items: batch.items, noted',
      ['src/queue/queue.test.ts: what is in flight is not claimed again'],
    ],
    [
      'nobody is told of what a batch left that lost the database',
      'isLeft();\n      const where',
      'const where',
      ['src/queue/work/flights.test.ts: what a handler that lost the database'],
    ],
    [
      'a batch that failed is forgotten',
      'if (!batch.holds() || stopping.aborted) return;',
      'return;',
      ['src/queue/queue.test.ts: a handler that throws'],
    ],
    [
      'what is in flight is claimed again',
      'const free = busy.add(placeOf(lane, handler, stream), items);',
      "const free = busy.add('', items);",
      ['src/queue/queue.test.ts: what is in flight is not claimed again'],
    ],
  ]),
  ...inFile('src/queue/feed/failures.ts', QUEUE, [
    [
      'what fails again is tried in every round',
      'await putOffFailure(tx, failure, String(error), clock.nowMs() + waitMs);',
      '',
      ['src/queue/feed.test.ts: what a reader fails on again'],
    ],
    [
      'a reader that failed waits a minute each time',
      'FIRST_AGAIN_MS * 2 ** Math.min(failure.attempts, 10)',
      'FIRST_AGAIN_MS',
      ['src/queue/feed.test.ts: what a reader fails on again'],
    ],
    [
      'who reads after all is not told of the commit',
      'if (read) reader.committed?.([failure]);',
      '',
      ['src/queue/feed.test.ts: what a reader fails on again'],
    ],
    [
      'a lane that is lost has its failures read',
      'if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);',
      'await fenceLane(tx, lane);',
      ['src/queue/feed.test.ts: what a reader fails on again'],
    ],
  ]),
  ...inFile('src/queue/queue.ts', QUEUE, [
    [
      'the wake of a run is another’s',
      'Number.parseInt(stream, 36)',
      'Number.parseInt(stream, 10)',
      ['src/queue/work.test.ts: a wake reaches other processes'],
    ],
    [
      'a clock that is put forward wakes no run',
      "for (const stream of streams) remember(tx, { lane, what: 'bulk', stream });",
      '',
      ['src/queue/work.test.ts: a wake reaches other processes'],
    ],
    [
      'what is due soon is not woken for',
      'row.dueMs <= nowMs + SOON_MS',
      'row.dueMs <= nowMs',
      ['src/queue/work.test.ts: what is put in wakes'],
    ],
  ]),
  ...inFile(
    'src/queue/stepping.ts',
    ['src/queue/stepping.test.ts'],
    [
      [
        'what cannot be done is tried for ever',
        'const isOver = tried >= (isStores ? MOST_PASSING : MOST_ATTEMPTS);',
        'const isOver = tried > 1e9;',
      ],
      [
        'a store that is away for a while ends it',
        'tried >= (isStores ? MOST_PASSING : MOST_ATTEMPTS)',
        'tried >= MOST_ATTEMPTS',
      ],
      ['one that got on is as tired as before', 'took > 0 ? 1 : item.attempt + 1', 'item.attempt + 1'],
    ],
  ),
  ...inFile(
    'src/queue/turns.ts',
    ['src/queue/turns.test.ts'],
    [
      [
        'a taker that has no more ends the turn of the others',
        'for (const lane of await taker.take(lanes, alone)) more.add(lane);',
        '{ more.clear(); for (const lane of await taker.take(lanes, alone)) more.add(lane); }',
      ],
    ],
  ),
];
