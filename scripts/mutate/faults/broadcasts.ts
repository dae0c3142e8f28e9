/** Faults of broadcasts: states, hours, audiences, walls. */
import { inFile } from '../fault.ts';

const TESTS = ['src/broadcasts/broadcasts.test.ts'];

export const broadcastFaults = [
  ...inFile('src/broadcasts/check.ts', TESTS, [
    [
      'another tenant’s integration is named',
      '!integration || integration.workspaceId !== workspaceId',
      '!integration',
    ],
    ['an integration of another channel is named', 'if (integration.channel !== channel)', 'if (false)'],
    [
      'any rate is one',
      "typeof value === 'number' && value > 0 && value <= 1_000_000",
      "typeof value === 'number'",
    ],
    ['a life of a moment is one', 'expiresAfterMs < 60_000 ||', ''],
    ['a life of a year is one', 'expiresAfterMs > 30 * 24 * 3600 * 1000', 'false'],
    [
      'what is not said is transactional',
      "value('class') ?? 'marketing'",
      "value('class') ?? 'transactional'",
    ],
  ]),
  ...inFile('src/broadcasts/broadcasts.ts', TESTS, [
    [
      'any state may be left for any',
      'if (states.includes(broadcast.state)) return broadcast;',
      'return broadcast;',
    ],
    [
      'one that runs is changed',
      "['draft', 'scheduled'], 'be changed'",
      "['draft', 'scheduled', 'running'], 'be changed'",
    ],
    [
      'one that runs is started',
      "['draft', 'scheduled'], 'be started'",
      "['draft', 'scheduled', 'running'], 'be started'",
    ],
    ['one that is paused is paused', "['running'], 'be paused'", "['running', 'paused'], 'be paused'"],
    ['one that runs is resumed', "['paused'], 'be resumed'", "['paused', 'running'], 'be resumed'"],
    [
      'what is for later starts now',
      'const isLater = atMs !== undefined && atMs > wsNowMs;',
      'const isLater = false;',
    ],
    [
      'paused it goes on',
      "await setStream(deps, tx, broadcast, false);\n  await announce(deps, tx, { ...broadcast, state: 'paused' }",
      "await announce(deps, tx, { ...broadcast, state: 'paused' }",
    ],
    ['resumed it does not go on', 'await setStream(deps, tx, broadcast, true);', ''],
    [
      'called off it goes on',
      'if (broadcast.runId !== null) await setStream(deps, tx, broadcast, false);',
      '',
    ],
    [
      'a new rate is not told',
      "if (broadcast.runId !== null) await setStream(deps, tx, changed, broadcast.state === 'running');",
      '',
    ],
    [
      'an old step goes on',
      'if (stepId !== null) await deps.queue.drop(tx, { ...step, causeId: stepId });',
      '',
    ],
    [
      'one that is too late starts by itself',
      'await setStream(deps, tx, begun, pausedFor === undefined);',
      'await setStream(deps, tx, begun, true);',
    ],
  ]),
  ...inFile('src/broadcasts/steps.ts', TESTS, [
    [
      'a broadcast scheduled weeks ago starts by itself',
      'const tooLate = wsNowMs - now.scheduledMs! > LATEST_START_MS;',
      'const tooLate = false;',
    ],
    ['one that is a little late waits for a person', '> LATEST_START_MS;', '> 0;'],
    ['it starts before its hour', 'if (now.scheduledMs! > wsNowMs) return', 'if (false) return'],
    ['it ends while something is due', 'if (due.length) {', 'if (false) {'],
    ['its stream outlives it', 'await closeStream(tx, now.runId);', ''],
    [
      'an old step counts',
      'return broadcast.stepId === null || broadcast.stepId === item.causeId;',
      'return true;',
    ],
    [
      'what was called off is not taken out',
      "if (before.state === 'canceled' && before.runId !== null) await takeOut(deps, before);",
      '',
    ],
    [
      'what was taken out is not counted',
      'await callOffDeliveries(',
      'if (atMs < 0) await callOffDeliveries(',
    ],
    [
      'a run does not know that it was called off',
      "canceled: broadcast.state === 'canceled',",
      'canceled: false,',
      ['src/outbox/deliver/deliver.test.ts'],
    ],
    [
      'a run never ends',
      'expiresMs: broadcast.startedMs! + broadcast.expiresAfterMs,',
      'expiresMs: Number.MAX_SAFE_INTEGER,',
    ],
  ]),
  ...inFile('src/broadcasts/fanOut.ts', TESTS, [
    [
      'fan-out is done twice',
      'if (!(await insertLaneMark(tx, lane.bucket, runId, lane.lane))) return true;',
      'await insertLaneMark(tx, lane.bucket, runId, lane.lane);',
      TESTS,
    ],
    [
      'how many there are is not kept',
      'await updateLaneMark(tx, lane.bucket, runId, lane.lane, matched);',
      '',
    ],
    ['one that was called off is put in', "if (now?.state !== 'running') return false;", '', TESTS],
    [
      'who is told of a post is not asked',
      'const selected = posting ? told(tx, broadcast, posting, lane.buckets) : audience;',
      'const selected = audience;',
    ],
  ]),
  ...inFile('src/broadcasts/forecast.ts', TESTS, [
    ['the higher rate holds', 'Math.min(...known)', 'Math.max(...known)'],
    [
      'an integration’s rate is ignored',
      'integrationId === undefined ? undefined : await deps.senders.rateOf(integrationId),',
      'undefined,',
    ],
    ['a broadcast’s rate is ignored', '    broadcast.ratePerS ?? undefined,\n', ''],
    ['what is queued is not known', 'counts.queued = Math.max(0, counts.matched - told);', ''],
  ]),
  ...inFile('src/broadcasts/sql.ts', TESTS, [
    [
      'another workspace’s broadcast is steered',
      'FROM broadcasts WHERE id = ${id} AND workspace_id = ${workspaceId} ${lock',
      'FROM broadcasts WHERE id = ${id} ${lock',
    ],
    [
      'other workspaces’ contacts are written to',
      'WHERE c.workspace_id = ${workspaceId} AND c.bucket = ANY(${[...buckets]}::smallint[])\n',
      'WHERE c.bucket = ANY(${[...buckets]}::smallint[])\n',
    ],
  ]),
];
