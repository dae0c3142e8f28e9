/** A third look at due work: claims, flights, fences, runs, pumps: a bound, an order, a timer, one of two alike. */
import { inFile } from '../fault.ts';

export const slipsOfWork = [
  ...inFile(
    'src/queue/work/bulk.ts',
    ['src/queue/bulk.test.ts'],
    [
      ['a lane that rings stays idle', 'if (lane !== undefined) idle.forget(lane);', ''],
      ['a lane that has much is left out', '...lanes.filter(hasMuch).map((lane) => [lane]),', ''],
      [
        'room is given back for what was claimed',
        'rooms.leave(charged, each * lanes.length - found);',
        'rooms.leave(charged, each * lanes.length);',
      ],
      [
        'a rate that is changed waits for the next pass',
        'if (!next.flowing !== !stream.flowing || next.ratePerS !== stream.ratePerS) woken.ring();',
        'if (!next.flowing !== !stream.flowing) woken.ring();',
      ],
      [
        'a run that flows again waits for the next pass',
        'if (!next.flowing !== !stream.flowing || next.ratePerS !== stream.ratePerS) woken.ring();',
        'if (next.ratePerS !== stream.ratePerS) woken.ring();',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/idle.ts',
    ['src/queue/bulk.test.ts'],
    [
      [
        'a wake that was lost is never made up for',
        'const anyway = core.clock.monotonicMs() > askedAllMs + ASK_ANYWAY_MS;',
        'const anyway = false;',
      ],
      [
        'a lane that came back is taken for empty',
        'one?.lane.epoch === epoch && (one.dueMs',
        'one !== undefined && (one.dueMs',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/pace.ts',
    ['src/queue/bulk.test.ts'],
    [
      [
        'after a rest a run sends all at once',
        'Math.min(Math.max(1, ratePerS / 4), tokens +',
        'Math.min(Infinity, tokens +',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/interactive.ts',
    ['src/queue/work/interactive.test.ts'],
    [
      [
        'what is claimed costs no room',
        'for (const { workspaceId } of items) rooms.take(workspaceId, 1);',
        '',
      ],
      [
        'of two workspaces that have room again the last counts',
        'roomy = rooms.leave(workspaceId, 1) || roomy;',
        'roomy = rooms.leave(workspaceId, 1);',
      ],
      ['bulk does not hear of single messages', 'if (items.length) core.giveWay.came();', ''],
    ],
  ),
  ...inFile(
    'src/queue/work/pump.ts',
    ['src/queue/work/pump.test.ts'],
    [
      ['what waits for more is forgotten', 'if (next.length && restMs > 0) ringIn(restMs);', ''],
      [
        'any number of groups is under way',
        'if (next.length && groups < GROUPS_AT_ONCE && restMs <= 0)',
        'if (next.length && restMs <= 0)',
      ],
      ['a group that has ended counts', '        groups--;\n', ''],
      ['one that went alone takes the rest along at once', 'alone = Math.max(0, alone - 1);', 'alone = 0;'],
      ['lanes are never alone again', 'alone = Math.max(0, alone - 1);', ''],
      [
        'a lane at work elsewhere is let go',
        'if (own.delete(lane)) active.delete(lane.lane);',
        'active.delete(lane.lane);',
      ],
      [
        'a full group waits',
        'lanes.length >= pumping.together ? 0 :',
        'lanes.length > pumping.together ? 0 :',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/flow.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'of two batches of a run the second is sent blindly',
        'watched.set(stream, (watched.get(stream) ?? 0) + 1);',
        'watched.set(stream, 1);',
      ],
      [
        'a run that somebody comes for waits for the next look',
        'if (!known.has(stream) || clock.monotonicMs() >= asOfMs + FLOW_LIFE_MS) void ask();',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/settle.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'a step ends under nobody’s fence',
        'if (!(await settle(tx, batch, { ...settled, landed: true }))) throw new LaneLost(batch.lane.lane);',
        'await settle(tx, batch, { ...settled, landed: true });',
      ],
      [
        'who has lost a lane takes turns in it',
        'return lanes.filter(({ lane }) => held.has(lane));',
        'return [...lanes];',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/sql.begun.ts',
    ['src/queue/work.test.ts'],
    [
      ['what was put off since counts as begun', 'AND d.due_ms <= f.at_ms AND', 'AND'],
      ['all of a claim counts as begun', '(f.whole OR EXISTS (', '(true OR EXISTS ('],
      ['nothing that was claimed whole counts as begun', '(f.whole OR EXISTS (', '(EXISTS ('],
      [
        'what begins is one place off',
        '(w.at - 1)::smallint = ANY(s.begun)',
        'w.at::smallint = ANY(s.begun)',
      ],
      ['others’ work of the flight is told', 'WHERE w.owner_id = k.owner_id AND d', 'WHERE d'],
    ],
  ),
  ...inFile(
    'src/queue/work/sql.steps.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'a sleeper’s steps are written with others’',
        'ON l.bucket = k.bucket AND l.lane = k.lane AND l.epoch = k.epoch\n      ORDER BY l.lane FOR KEY SHARE OF l\n    )\n    INSERT INTO flight_steps',
        'ON l.bucket = k.bucket AND l.lane = k.lane\n      ORDER BY l.lane FOR KEY SHARE OF l\n    )\n    INSERT INTO flight_steps',
      ],
      [
        'what is left behind is taken up newest first',
        'GROUP BY f.bucket, f.id ORDER BY f.id`',
        'GROUP BY f.bucket, f.id ORDER BY f.id DESC`',
      ],
      ['places of what was left are counted from 1', "'at', k.at - 1)", "'at', k.at)"],
    ],
  ),
  ...inFile(
    'src/queue/work/sql.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'what waits for an older that was tried waits for nothing',
        'AND d.cause_id = k.cause_id AND d.attempt = 0',
        'AND d.cause_id = k.cause_id',
      ],
      [
        'who is before another’s is waited for',
        'AND d.owner_id < k.owner_id AND d.cause_id = k.cause_id AND',
        'AND d.owner_id < k.owner_id AND',
      ],
      [
        'the oldest of those before is the one that counts',
        'ORDER BY d.owner_id DESC LIMIT 1) o`',
        'ORDER BY d.owner_id LIMIT 1) o`',
      ],
      [
        'answers are of another order than what was asked',
        'items.map((_, n) => found.get(n) ?? null)',
        'items.map((_, n) => found.get(items.length - 1 - n) ?? null)',
      ],
      [
        'what was put in for one is put in for one second',
        'ON CONFLICT DO NOTHING`.unprepared()',
        '`.unprepared()',
      ],
      ['work of single messages is told as a run’s', 'AND d.stream > 0`', 'AND d.stream >= 0`'],
      [
        'what other campaigns send is called off',
        '\n  AND due.stream + 0 = ANY(${[...streams]}::bigint[])`',
        '`',
      ],
      [
        'what campaigns have in flight is called off',
        'AND (due.owner_id, due.cause_id, due.seq) NOT IN (\n        SELECT f.owner_id',
        'AND (0, 0, 0) NOT IN (\n        SELECT f.owner_id',
      ],
      [
        'of one moment the last is claimed twice',
        '(due_ms, owner_id) > (${after.dueMs}::bigint, ${after.ownerId}::bigint)',
        '(due_ms, owner_id) >= (${after.dueMs}::bigint, ${after.ownerId}::bigint)',
      ],
      [
        'work in several lanes is claimed newest first',
        '        ORDER BY due_ms, owner_id, cause_id LIMIT ${claim.limit}) d',
        '        ORDER BY due_ms DESC, owner_id, cause_id LIMIT ${claim.limit}) d',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/lostClaims.ts',
    ['src/queue/lostClaims.test.ts'],
    [
      [
        'what was deleted is looked for a moment only',
        'untilMs: clock.monotonicMs() + leaseMs, flights',
        'untilMs: clock.monotonicMs() + leaseMs / 1000, flights',
      ],
      ['what is lost while others are taken back is forgotten', 'fresh = [];\n    try {', 'try {'],
    ],
  ),
  ...inFile(
    'src/queue/work/flights.ts',
    ['src/queue/lostClaims.test.ts'],
    [['a worker that stops leaves what it lost', '      await takeBack();\n    },', '    },']],
  ),
  ...inFile(
    'src/queue/work/flights.ts',
    ['src/queue/queue.test.ts'],
    [
      [
        'what was put off and is due when its batch lands waits for a look',
        'if (firstAgainMs <= clock.nowMs()) around.wakeAt(wake, firstAgainMs);',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/queue/work/flights.ts',
    ['src/queue/work.test.ts'],
    [
      [
        'room is given back twice',
        'const leaving = some.filter((item) => inside.delete(item));',
        'const leaving = [...some];',
      ],
    ],
  ),
];
