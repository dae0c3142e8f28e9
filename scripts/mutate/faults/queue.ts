/** Faults of the durable hand-off: lanes, claims, settling, bulk runs, the feed. */
import { inFile } from '../fault.ts';

const LEASES = ['src/queue/lanes/leases.test.ts'];
const WORK = ['src/queue/work.test.ts'];
const PLANS = ['src/queue/plans.test.ts'];
const QUEUE = ['src/queue/queue.test.ts'];
const FEED = ['src/queue/feed.test.ts'];

export const queueFaults = [
  ...inFile('src/queue/lanes/leases.ts', LEASES, [
    ['a lease is not extended', 'name, all, nowMs + leaseMs)', 'name, all, nowMs)'],
    ['a lease that is over is held', '&& clock.monotonicMs() < renewedAt + leaseMs', ''],
    [
      'a lane that others took is held',
      'held.get(lane.lane)?.epoch === lane.epoch &&',
      'held.has(lane.lane) &&',
    ],
    ['lost lanes are kept', 'kept.get(lane) !== epoch', 'kept.get(lane) === undefined'],
    [
      'all lanes are taken by the first',
      'const share = Math.ceil(total / Math.max(1, workers));',
      'const share = total;',
    ],
    ['lanes beyond the share are kept', 'await leaving.giveBack();\n', ''],
    ['a lane is given back in mid-flight', '(!isBusy(lane.lane) || sinceMs <= untilMs)', 'true'],
    ['what hangs keeps its lane for ever', ' || sinceMs <= untilMs', ''],
    [
      'lanes whose taking was not answered are nobody’s',
      'if (unknown.length) await releaseLanes(sql, name, unknown);',
      '',
    ],
    ['lanes are not given back at the end', 'await releaseLanes(sql, name, lanes);', ''],
    ['a worker that has gone counts', 'await deleteWorker(sql, name);', ''],
    [
      'who is dead here is waited for',
      "return (error as { code?: string }).code === 'ESRCH';",
      'return false;',
    ],
    ['who had our process id is taken for us', 'return !aliveHere.has(owner);', 'return false;'],
    ['another machine’s workers are taken for dead', 'if (where !== machine()) return false;', ''],
    [
      'the lease counts from when it was answered',
      'renewedAt = startedAt;',
      'renewedAt = clock.monotonicMs() + leaseMs;',
    ],
  ]),
  ...inFile('src/queue/lanes/sql.ts', LEASES, [
    [
      'a lane that is held is taken',
      '(owner IS NULL OR leased_until_ms < ${nowMs} OR owner = ANY(${[...dead]}))',
      'true',
    ],
    ['a lane whose lease is over is never taken', 'OR leased_until_ms < ${nowMs}', ''],
    ['a dead owner’s lane is waited for', 'OR owner = ANY(${[...dead]})', ''],
    ['the epoch does not grow', 'epoch = lanes.epoch + 1', 'epoch = lanes.epoch'],
    [
      'more lanes are taken than asked for',
      'ORDER BY lane LIMIT ${take.most} FOR UPDATE',
      'ORDER BY lane FOR UPDATE',
    ],
    [
      'leases of others are renewed',
      "WHERE owner = ${name} ${db.onShard('bucket', buckets)} RETURNING",
      "WHERE true ${db.onShard('bucket', buckets)} RETURNING",
    ],
    [
      'lanes of others are given back',
      'WHERE owner = ${name} AND lane = ANY(${[...lanes]}::smallint[])',
      'WHERE lane = ANY(${[...lanes]}::smallint[])',
    ],
    ['whoever is gone counts for ever', 'await db`DELETE FROM workers WHERE seen_ms < ${staleMs}`;', ''],
    [
      'the fence does not look at the epoch',
      'WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} AND epoch = ${lane.epoch} FOR KEY SHARE',
      'WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} FOR KEY SHARE',
      WORK,
    ],
  ]),
  ...inFile('src/queue/work/sql.ts', PLANS, [
    [
      'what is named is looked for all through the queue',
      '(due.bucket, due.kind, due.owner_id, due.cause_id, due.seq)\n    BETWEEN (k.bucket, k.kind, k.owner_id, k.cause_id, k.seq) AND (k.bucket, k.kind, k.owner_id, k.cause_id, k.seq)',
      'due.bucket = k.bucket AND due.kind = k.kind AND due.owner_id = k.owner_id AND due.cause_id = k.cause_id AND due.seq = k.seq',
    ],
    [
      'a look at what is due goes through the queue',
      'ORDER BY d.due_ms LIMIT 1',
      'ORDER BY d.due_ms + 0 LIMIT 1',
    ],
  ]),
  ...inFile('src/queue/work/sql.ts', WORK, [
    ['a sleeper claims', 'AND EXISTS (SELECT 1 FROM fence)', ''],
    [
      'the claim’s fence does not look at the epoch',
      'WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} AND epoch = ${lane.epoch} FOR KEY SHARE\n    ), picked',
      'WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} FOR KEY SHARE\n    ), picked',
    ],
    ['what is not due is claimed', 'AND due_ms <= ${nowMs} AND (due_ms, owner_id)', 'AND (due_ms, owner_id)'],
    [
      'another stream’s work is claimed',
      'AND kind = ${kind} AND stream = ${stream}\n        AND due_ms',
      'AND kind = ${kind}\n        AND due_ms',
    ],
    [
      'another kind’s work is claimed',
      'AND kind = ${kind} AND stream = ${stream}\n        AND due_ms',
      'AND stream = ${stream}\n        AND due_ms',
    ],
    [
      'another lane’s work is claimed',
      "WHERE lane = ${lane.lane} ${db.onShard('bucket', lane.buckets)} AND kind = ${kind} AND stream = ${stream}\n        AND due_ms",
      'WHERE kind = ${kind} AND stream = ${stream}\n        AND due_ms',
    ],
    [
      'what was read is read again',
      'AND (due_ms, owner_id) > (${after.dueMs}::bigint, ${after.ownerId}::bigint)',
      '',
    ],
    [
      'what is in flight is claimed',
      '          busy.length\n            ? db`AND',
      '          false\n            ? db`AND',
    ],
    [
      'full rooms are not passed over',
      'passOver.length ? db`AND workspace_id <> ALL(${[...passOver]}::bigint[])` : db``',
      'db``',
    ],
    [
      'claims are out of order',
      'ORDER BY due_ms, owner_id, cause_id LIMIT ${claim.limit}\n',
      'ORDER BY due_ms DESC, owner_id, cause_id LIMIT ${claim.limit}\n',
    ],
    [
      'messages of one moment to one person are out of order',
      'ORDER BY due_ms, owner_id, cause_id LIMIT ${claim.limit}\n',
      'ORDER BY due_ms, owner_id, cause_id DESC LIMIT ${claim.limit}\n',
    ],
    [
      'more is claimed than asked for',
      'ORDER BY due_ms, owner_id, cause_id LIMIT ${claim.limit}\n',
      'ORDER BY due_ms, owner_id, cause_id\n',
    ],
    [
      'a large claim begins as a whole',
      'count(*) <= ${claim.wholeUpTo}\n      FROM picked HAVING',
      'true FROM picked HAVING',
    ],
    [
      'work of another kind is named with it',
      '(due.bucket, due.kind, due.owner_id, due.cause_id, due.seq)\n    BETWEEN (k.bucket, k.kind, k.owner_id, k.cause_id, k.seq) AND (k.bucket, k.kind, k.owner_id, k.cause_id, k.seq)',
      '(due.bucket, due.owner_id, due.cause_id, due.seq)\n    BETWEEN (k.bucket, k.owner_id, k.cause_id, k.seq) AND (k.bucket, k.owner_id, k.cause_id, k.seq)',
    ],
    ['tries are not counted', 'SET due_ms = k.due_ms, attempt = k.attempt', 'SET due_ms = k.due_ms'],
    ['what is put off stays due', 'SET due_ms = k.due_ms, attempt = k.attempt', 'SET attempt = k.attempt'],
    [
      'what is in flight is called off',
      '        AND (owner_id, cause_id, seq) NOT IN (\n          SELECT',
      '        AND (owner_id, cause_id, seq) IS NOT NULL AND (0, 0, 0) NOT IN (\n          SELECT',
    ],
    [
      'another run is called off',
      'AND kind = ${kind} AND stream = ${stream}\n        AND (owner_id',
      'AND kind = ${kind}\n        AND (owner_id',
    ],
    [
      'all workspaces’ clocks move',
      'SET due_ms = due_ms - ${byMs} WHERE workspace_id = ${workspaceId}',
      'SET due_ms = due_ms - ${byMs}',
    ],
    ['a run that is paused flows', 'WHERE flowing AND stream = ANY', 'WHERE stream = ANY'],
    [
      'a pause is not written',
      'DO UPDATE SET flowing = excluded.flowing, rate_per_s = excluded.rate_per_s',
      'DO UPDATE SET rate_per_s = excluded.rate_per_s',
    ],
    [
      'a rate is not written',
      'DO UPDATE SET flowing = excluded.flowing, rate_per_s = excluded.rate_per_s',
      'DO UPDATE SET flowing = excluded.flowing',
    ],
    ['all runs end', 'DELETE FROM streams WHERE stream = ${stream}', 'DELETE FROM streams'],
  ]),
  ...inFile('src/queue/work/sql.look.ts', WORK, [
    [
      'what is not due rings',
      'AND (l.lane, k.kind, 0::bigint, ${nowMs}::bigint)',
      'AND (l.lane, k.kind, 1::bigint, 0::bigint)',
    ],
    [
      'runs ring as single work',
      'AND (l.lane, k.kind, 0::bigint, ${nowMs}',
      'AND (l.lane, k.kind, 9007199254740991::bigint, ${nowMs}',
    ],
  ]),
  ...inFile('src/queue/work/settle.ts', WORK, [
    [
      'who has lost the lane settles',
      'if (!(await fenceLane(tx, batch.lane))) return false;',
      'await fenceLane(tx, batch.lane);',
    ],
    ['finished work stays', 'done.length ? deleteDue', 'done.length < 0 ? deleteDue'],
    ['what is put off is forgotten', 'later.length ? putOffDue', 'later.length < 0 ? putOffDue'],
    ['what another owner has is settled', 'held.has(lane.lane) && last.get', 'last.get'],
    [
      'what was claimed before a lane was lost is settled with what was claimed since',
      'held.has(lane.lane) && last.get(lane.lane)!.epoch === lane.epoch',
      'held.has(lane.lane)',
    ],
    [
      'what falls due soon rings nobody',
      'for (const { dueMs } of settlement.later) batch.wakeAt(dueMs);',
      '',
    ],
    ['a flight never ends', 'landed.length\n', 'landed.length < 0\n'],
    ['a flight ends with its first', 'parts.filter(({ settlement }) => settlement.landed)', 'parts'],
    ['room of what is done is not given back', 'batch.settled(settlement.done);', ''],
    [
      'room of what is put off is not given back',
      'batch.settled(settlement.later.map(({ item }) => item));',
      '',
    ],
  ]),
  ...inFile('src/queue/work/steps.ts', WORK, [
    ['what is closed begins', 'if (closed) return false;', ''],
    ['what began is not remembered', 'for (const item of some) begun.add(item);', ''],
    ['what was not answered counts as begun', 'step.catch(notBegun)', 'step.catch(() => {})'],
    [
      'notes are not written',
      'notes: told.length ? JSON.stringify(Object.fromEntries(told)) : null',
      'notes: null',
    ],
    ['what had not begun is taken for begun', 'if (!whole && !begun.has(at)) continue;', ''],
    ['what began is taken for not begun', 'if (!whole && !begun.has(at)) continue;', 'if (!whole) continue;'],
    ['notes are lost', 'if (noted.has(String(at))) notes.set(item, noted.get(String(at)));', ''],
  ]),
  ...inFile('src/queue/work/sql.steps.ts', WORK, [
    [
      'a sleeper begins',
      'WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} AND epoch = ${lane.epoch} FOR KEY SHARE',
      'WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} FOR KEY SHARE',
    ],
    ['one’s own flights are left behind', 'AND f.epoch < ${lane.epoch}', ''],
    ['another lane’s flights are left behind', 'AND f.lane = ${lane.lane} AND f.epoch', 'AND f.epoch'],
    [
      'steps outlive their flight',
      "DELETE FROM flight_steps s USING unnest(${buckets}::smallint[], ${ids}::bigint[]) AS k (bucket, id)\n      WHERE (s.bucket, s.flight_id) BETWEEN (k.bucket, k.id) AND (k.bucket, k.id) ${db.onShard('s.bucket', buckets)}",
      'SELECT 1',
    ],
    ['what is settled is left behind', "FILTER (WHERE d.bucket IS NOT NULL), '[]')", ", '[]')"],
  ]),
  ...inFile('src/queue/work/flow.ts', WORK, [
    [
      'what is known is never old',
      'if (!known.has(stream) || clock.monotonicMs() >= asOfMs + FLOW_LIFE_MS) return',
      'if (!known.has(stream)) return',
    ],
    [
      'what is not known goes',
      "asOfMs + FLOW_LIFE_MS) return 'wait';",
      "asOfMs + FLOW_LIFE_MS) return 'go';",
    ],
    ['what is paused goes', "return flowing.has(stream) ? 'go' : 'back';", "return 'go';"],
    ['what flows goes back', "return flowing.has(stream) ? 'go' : 'back';", "return 'back';"],
    ['it is asked once', 'if (watched.size) cancel = clock.after(ASK_EVERY_MS, () => void ask());', ''],
    [
      'what is said is of when it was answered',
      'const fromMs = clock.monotonicMs();\n    const streams',
      'const fromMs = clock.monotonicMs() + FLOW_LIFE_MS;\n    const streams',
    ],
  ]),
  ...inFile(
    'src/queue/work/fair.ts',
    ['src/queue/work/fair.test.ts'],
    [
      [
        'one fills everybody’s room',
        '(inside.get(key) ?? 0) >= most()',
        '[...inside.values()].reduce((a, b) => a + b, 0) >= most()',
      ],
      ['rooms are never full', '(inside.get(key) ?? 0) >= most()', 'false'],
      [
        'room is not given back',
        'if (left > 0) inside.set(key, left);',
        'if (left > 0) inside.set(key, left + items);',
      ],
      ['who waits is not let in', '      admit();\n      return was', '      return was'],
      [
        'the more are busy, the less is bounded',
        'Math.floor((each * FILLED_AT_ONCE) / Math.max(1, inside.size))',
        'each',
      ],
    ],
  ),
  ...inFile('src/queue/queue.ts', QUEUE, [
    [
      'other processes are not woken',
      "notifier.send(wakes.filter(({ lane, what }) => what === 'streams' || !ownedHere(lane)));",
      '',
      WORK,
    ],
    ['a wake is lost', 'if (pending.now.size) wake([...pending.now.values()]);', '', WORK],
    [
      'a wake for what falls due soon is lost',
      'clock.after(Math.max(0, dueMs - clock.nowMs()) + 1, () => wake([one]));',
      'void one, dueMs;',
      WORK,
    ],
    [
      'runs ring as single work',
      "return stream === 0 ? { lane, what: kind } : { lane, what: 'bulk', stream };",
      'return { lane, what: kind };',
      WORK,
    ],
    [
      'single work rings as runs',
      "return stream === 0 ? { lane, what: kind } : { lane, what: 'bulk', stream };",
      "return { lane, what: 'bulk', stream };",
      WORK,
    ],
    ['a deadlock is a failure', 'if (!isOvertaken(error) || repeats === MOST_REPEATS)', 'if (true)', WORK],
    ['everything is repeated', '!isOvertaken(error) ||', '', WORK],
    [
      'events are put in another lane',
      'return { ...event, bucket, id: ids.inBucket(bucket), lane: map.laneOf(bucket) };',
      'return { ...event, bucket, id: ids.inBucket(bucket), lane: (map.laneOf(bucket) + 1) % 32 };',
      WORK,
    ],
    ['events ring nobody', "for (const { lane } of rows) remember(tx, { lane, what: 'feed' });", '', WORK],
  ]),
  ...inFile('src/queue/work/pump.ts', QUEUE, [
    ['one bad event holds up all', 'if (isTheirs && alone === 0) {', 'if (false) {'],
  ]),
  ...inFile('src/queue/feed/dispatch.ts', QUEUE, [
    ['a sleeper hands on', 'found.filter(({ lane }) => held.has(lane))', 'found', FEED],
    [
      'events are handed on twice',
      'await moveToHistory(tx, lanes, events, null);',
      'if (events.length > 1) await moveToHistory(tx, lanes, events.slice(1), null);',
      FEED,
    ],
    [
      'the first reader is the only one',
      'for (const reader of readers) await reader.read(tx, events);',
      'for (const reader of readers.slice(0, 1)) await reader.read(tx, events);',
      FEED,
    ],
    [
      'who read is not told that it stands',
      'for (const reader of readers) reader.committed?.(handed);',
      '',
      FEED,
    ],
    [
      'a reader that fails fails the others',
      'await tx.savepoint((inner) => reader.read(inner, events));',
      'await reader.read(tx, events);',
    ],
    ['what failed is forgotten', 'await failures.keep(tx, lane, reader, events[0]!, error);', ''],
    [
      'who failed is told that it stands',
      'if (handed.length) for (const reader of had) reader.committed?.(handed);',
      'if (handed.length) for (const reader of readers) reader.committed?.(handed);',
    ],
  ]),
  ...inFile(
    'src/queue/feed/sql.ts',
    [...QUEUE, 'src/queue/feed.test.ts'],
    [
      [
        'another workspace’s events are forgotten',
        'AND workspace_id = ${workspaceId}\n    AND type',
        'AND type',
        ['src/queue/feed.test.ts'],
      ],
      [
        'events of others are forgotten',
        '= ANY(${[...ids]}::bigint[])`;\n  await db`DELETE FROM feed_failures',
        'IS NOT NULL`;\n  await db`DELETE FROM feed_failures',
        ['src/queue/feed.test.ts'],
      ],
    ],
  ),
  ...inFile('src/queue/feed/failures.ts', QUEUE, [
    [
      'what failed is read again by all',
      'const reader = byName.get(failure.reader)!;',
      'const reader = readers[0]!;',
    ],
    ['what was read after all is read again', 'await deleteFailure(tx, failure);', ''],
    ['a new worker waits with what failed', 'fresh.get(lane) !== epoch', 'false'],
  ]),
];
