/** A third look at the queue: leases, turns, wakes, long work, and what stops. */
import { inFile } from '../fault.ts';

export const slipsOfQueue = [
  ...inFile(
    'src/queue/lanes/leases.ts',
    ['src/queue/lanes/leases.test.ts'],
    [
      [
        'one lane too many is given back',
        'const extra = [...held.values()].slice(share);',
        'const extra = [...held.values()].slice(share - 1);',
      ],
      [
        'a lease counts its seconds as milliseconds',
        'return await acquireLanes(sql, { name, most, nowMs, untilMs: nowMs + leaseMs, dead });',
        'return await acquireLanes(sql, { name, most, nowMs, untilMs: nowMs + leaseMs / 1000, dead });',
      ],
      [
        'who was not seen for a moment counts no more',
        'heartbeat(sql, name, nowMs, nowMs - leaseMs)',
        'heartbeat(sql, name, nowMs, nowMs)',
      ],
      [
        'what was given back is held',
        'const lanes = [...lose([...held.keys()]),',
        'const lanes = [...[...held.keys()],',
      ],
      [
        'more is taken than one’s share',
        'await acquire(share - held.size, nowMs)',
        'await acquire(share, nowMs)',
      ],
    ],
  ),
  ...inFile(
    'src/queue/turns.ts',
    ['src/queue/turns.test.ts'],
    [
      ['turns that no wake told of are never taken', 'for (const lane of seen.lanes) ring(lane);', ''],
      [
        'the next look is for the last taker',
        'nextMs = Math.min(nextMs ?? Infinity, seen.nextMs)',
        'nextMs = seen.nextMs',
      ],
      [
        'a taker is asked for the first lane alone',
        'await taker.take(lanes, alone)) more',
        'await taker.take(lanes.slice(0, 1), alone)) more',
      ],
    ],
  ),
  ...inFile(
    'src/queue/stepping.ts',
    ['src/queue/stepping.test.ts'],
    [
      ['the store is asked as often each time', 'AGAIN_MS * 2 ** (tried - 1)', 'AGAIN_MS'],
      [
        'the store is waited for for days',
        'Math.min(AGAIN_MS * 2 ** (tried - 1), LONGEST_WAIT_MS)',
        'AGAIN_MS * 2 ** (tried - 1)',
      ],
      [
        'a bug is waited for as the store is',
        'const waitMs = isStores ? Math',
        'const waitMs = !isStores ? Math',
      ],
      ['one try too many', 'const isOver = tried >= (', 'const isOver = tried > ('],
      [
        'long work lets nobody have a turn',
        'while (goesOn && deps.clock.monotonicMs() - beganMs < STEP_MS)',
        'while (goesOn && took < 100)',
      ],
      [
        'what was taken back is tried again',
        'if (!(await work.tell(tx, item, { note, isOver }))) return undefined;',
        'await work.tell(tx, item, { note, isOver });',
      ],
      [
        'a step that got on is a try',
        '{ dueMs: deps.clock.nowMs(), attempt: 0 } : undefined',
        '{ dueMs: deps.clock.nowMs(), attempt: item.attempt + 1 } : undefined',
      ],
    ],
  ),
  ...inFile(
    'src/queue/lanes/sql.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'the fence of many lanes does not look at the epoch',
        'ON l.bucket = k.bucket AND l.lane = k.lane AND l.epoch = k.epoch\n    ORDER BY l.lane FOR KEY SHARE OF l`',
        'ON l.bucket = k.bucket AND l.lane = k.lane\n    ORDER BY l.lane FOR KEY SHARE OF l`',
      ],
      [
        'lanes may change hands while they are settled together',
        'ORDER BY l.lane FOR KEY SHARE OF l`;\n  return new Set',
        'ORDER BY l.lane`;\n  return new Set',
      ],
      [
        'a lane may change hands while it is settled',
        'AND epoch = ${lane.epoch} FOR KEY SHARE`;\n  return rows.length > 0;',
        'AND epoch = ${lane.epoch}`;\n  return rows.length > 0;',
      ],
      [
        'a lane that is locked is claimed from',
        'AND lane = ${lane.lane} FOR UPDATE`',
        'AND lane = ${lane.lane} FOR KEY SHARE`',
      ],
    ],
  ),
  ...inFile(
    'src/queue/lanes/still.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'of several lanes that are to stand still the first does',
        'for (const lane of queue.lanes()) if (numbers.has(lane.lane)) await lockLane(tx, lane);',
        'for (const lane of queue.lanes()) if (numbers.has(lane.lane)) return await lockLane(tx, lane);',
      ],
      [
        'what is under way in the last lanes is not waited for',
        'for (const lane of queue.lanes()) await lockLane(sql, lane);',
        'for (const lane of queue.lanes().slice(0, 1)) await lockLane(sql, lane);',
      ],
    ],
  ),
  ...inFile(
    'src/queue/queue.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'what is counted of a batch is counted where nobody looks',
        '([first]) => map.lanes()[map.laneOf(first!.bucket)]!.bucket',
        '([first]) => first!.bucket',
      ],
      [
        'what a room adds is not waited for',
        'for (const add of added) await add(tx);',
        'for (const add of added) void add(tx).catch(() => {});',
      ],
      [
        'turns of other processes are not woken',
        "what === 'bulk' || what === 'turn' ||",
        "what === 'bulk' ||",
      ],
      [
        'of two times in a lane the first rings nobody',
        'pendingIn(tx).later.set(`${wakeText(one)}@${dueMs}`',
        'pendingIn(tx).later.set(`${wakeText(one)}`',
      ],
      [
        'who has begun for somebody named twice is told twice',
        '[...new Set(ownerIds)].map(map.placeOf)',
        'ownerIds.map(map.placeOf)',
      ],
      [
        'wakes are passed on one by one',
        'for (const wake of wakes) collected.set(wakeText(wake), wake);',
        'for (const wake of wakes.slice(0, 1)) collected.set(wakeText(wake), wake);',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/ownership.ts',
    ['src/queue/queue.test.ts: a lane that was lost'],
    [
      ['an abandoned run is handled as single messages', 'stream: items[0]?.stream ?? 0,', 'stream: 0,'],
      ['a lane that was lost and came back is ready at once', 'ready.get(lane) === epoch', 'ready.has(lane)'],
      [
        'a lane is ready before what was left there is settled',
        'await flights().run(handler,',
        'void flights().run(handler,',
      ],
    ],
  ),
  ...inFile(
    'src/queue/worker.ts',
    ['src/queue/queue.test.ts: what a process put in'],
    [
      [
        'events of a process that died before its wake are not taken up',
        "for (const lane of await selectFeedLanes(sql)) ring({ lane, what: 'feed' });",
        '',
      ],
      [
        'work of a process that died before its wake is not taken up',
        'for (const { lane, kind } of await selectInteractiveLanes(sql, kinds, nowMs)) ring({ lane, what: kind });',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/queue/worker.ts',
    ['src/queue/queue.test.ts: work put off for soon'],
    [
      [
        'what is put off rings a second late',
        'clock.after(delayMs + 1, () => {',
        'clock.after(delayMs + 1_001, () => {',
      ],
      [
        'of two that are put off in a lane the first rings',
        'const alarm = `${wakeText(wake)}@${dueMs}`;',
        'const alarm = wakeText(wake);',
      ],
      ['a lane rings once in its life', 'set.delete(alarm);', '', ['src/queue/queue.test.ts']],
    ],
  ),
  ...inFile(
    'src/queue/work/flights.ts',
    ['src/queue/queue.test.ts: 9.2 what'],
    [
      [
        'what a run puts off rings single messages',
        "{ lane: lane.lane, what: 'bulk', stream };",
        '{ lane: lane.lane, what: handler.kind };',
      ],
      [
        'what a run put off, and is due when its batch lands, waits for a look',
        'if (firstAgainMs <= clock.nowMs()) around',
        'if (stream === 0 && firstAgainMs <= clock.nowMs()) around',
      ],
    ],
  ),
];
