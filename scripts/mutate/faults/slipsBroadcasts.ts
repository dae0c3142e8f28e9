/** A third look at broadcasts: slips of one word in what is steered, put in, forecast, tried once more and told. */
import { inFile } from '../fault.ts';

export const slipsOfBroadcasts = [
  ...inFile(
    'src/broadcasts/broadcasts.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'who has seen an older draft writes over a newer',
        'if (revision !== undefined && revision !== now.revision)',
        'if (revision !== undefined && revision > now.revision)',
      ],
      [
        'a broadcast whose hour is taken away begins at it',
        "['scheduled'], 'be unscheduled');\n  if (isFault(broadcast)) return broadcast;\n  const stepId = await replaceStep(deps, tx, broadcast, undefined);",
        "['scheduled'], 'be unscheduled');\n  if (isFault(broadcast)) return broadcast;\n  const stepId = broadcast.stepId;",
      ],
      [
        'an hour of a test workspace is by our clock',
        'replaceStep(deps, tx, broadcast, atMs - workspace.clockAheadMs)',
        'replaceStep(deps, tx, broadcast, atMs)',
      ],
      [
        'one that starts now has no first step',
        'replaceStep(deps, tx, broadcast, pausedFor === undefined ? nowMs : undefined)',
        'replaceStep(deps, tx, broadcast, undefined)',
      ],
      [
        'one that waits for a person takes steps',
        'replaceStep(deps, tx, broadcast, pausedFor === undefined ? nowMs : undefined)',
        'replaceStep(deps, tx, broadcast, nowMs)',
      ],
      [
        'why it waited is told after it goes on',
        "updateState(tx, id, 'running', { nowMs, note: null, stepId })",
        "updateState(tx, id, 'running', { nowMs, stepId })",
      ],
      [
        'paused, its step goes on',
        "const stepId = await replaceStep(deps, tx, broadcast, undefined);\n  await updateState(tx, id, 'paused', { nowMs, stepId });",
        "await updateState(tx, id, 'paused', { nowMs });",
      ],
      [
        'called off, what waits stays in the queue',
        'const dueMs = broadcast.runId === null ? undefined :',
        'const dueMs = broadcast.runId !== null ? undefined :',
      ],
      [
        'one that was called off has no end',
        "updateState(tx, id, 'canceled', { nowMs, finishedMs: nowMs, stepId })",
        "updateState(tx, id, 'canceled', { nowMs, stepId })",
      ],
      [
        'two steps of one broadcast have one key',
        'const causeId = deps.ids.spread();\n  await deps.queue.put',
        'const causeId = id;\n  await deps.queue.put',
      ],
      ['our time is the workspace’s', 'return theirMs - ((await', 'return theirMs + ((await'],
      [
        'a paused one goes on when its rate is changed',
        "setStream(deps, tx, changed, broadcast.state === 'running')",
        'setStream(deps, tx, changed, true)',
      ],
      ['a rate is not kept', '  await updateRate(tx, id, rate, nowMs);\n', ''],
      [
        'a run goes at its own rate, whatever its integration may',
        'ratePerS: await rateInForce(deps, broadcast),',
        'ratePerS: broadcast.ratePerS,',
      ],
      [
        'nobody is told that it is paused',
        "await announce(deps, tx, { ...broadcast, state: 'paused' }, nowMs);",
        '',
      ],
      [
        'nobody is told that it goes on',
        "await announce(deps, tx, { ...broadcast, state: 'running' }, nowMs);",
        '',
      ],
      ['nobody is told that it is called off', 'await announce(deps, tx, canceled, nowMs);', ''],
      ['nobody is told that it has begun', 'await announce(deps, tx, begun, wsNowMs);', ''],
      [
        'who is told that it is done is told it runs',
        "announce(deps, tx, { ...broadcast, state: 'done' }, atMs)",
        'announce(deps, tx, broadcast, atMs)',
      ],
      ['a copy of a long name is refused', 'beginningOf(found.name, LONGEST_NAME - 7)', 'found.name'],
      [
        'a copy is a post again',
        "if (!found || found.origin) return fault('not_found', 'there is no such broadcast');\n  const name",
        "if (!found) return fault('not_found', 'there is no such broadcast');\n  const name",
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/broadcasts.ts',
    ['test/groups.test.ts: send_at'],
    [
      [
        'what is said in a group at its hour has no place there',
        "if (broadcast.origin?.kind === 'group') await placePost(tx, broadcast.origin, wsNowMs);",
        '',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/broadcasts.ts',
    ['test/linksProduct.test.ts'],
    [
      [
        'links of a broadcast are not made short',
        'if (workspace) await shortenRun(tx, wsNowMs, { workspace, runId, content: broadcast.content });',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/check.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'what is changed of one thing clears the others',
        'input[key] === undefined ? now?.[key as keyof Broadcast] : input[key]',
        'input[key]',
      ],
      ['a minute is too short a life', 'expiresAfterMs < 60_000 ||', 'expiresAfterMs <= 60_000 ||'],
      ['a name is kept with its spaces', 'name: name.trim(),', 'name,'],
      [
        'a name of two hundred letters is too long',
        'name.length > LONGEST_NAME)',
        'name.length >= LONGEST_NAME)',
      ],
      ['a rate of a million is refused', 'value <= 1_000_000', 'value < 1_000_000'],
      [
        'what is no name of a class is one',
        'if (!MESSAGE_CLASSES.includes(messageClass as MessageClass))',
        'if (false)',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/fanOut.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'of a group of many the first hundred are told',
        'selectFirst(tx, candidates, FEW + 1)',
        'selectFirst(tx, candidates, FEW)',
      ],
      [
        'who is told at once was never asked',
        'await selectFirst(tx, told(tx, broadcast, posting, buckets), FEW)',
        'few',
      ],
      ['a post that was taken back is told at once', "if (now?.state !== 'running') return true;", ''],
      ['of a post told at once it is not known whom it was for', 'byLane.get(lane)?.length ?? 0', '0'],
      [
        'what is due of a test workspace is muted by our clock',
        'const nowMs = deps.clock.nowMs() + (workspace?.clockAheadMs ?? 0);\n  const post',
        'const nowMs = deps.clock.nowMs();\n  const post',
      ],
      [
        'a post that was deleted is shown',
        'post?.position === null || post?.deletedMs !== null ? undefined',
        'post?.position === null ? undefined',
      ],
      [
        'a post to many is shown to nobody who looks',
        '  if (posting) await show(deps, tx, broadcast, posting, [lane]);\n',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/fanOut.ts',
    ['test/groups.test.ts'],
    [
      [
        'a post that is told at once is shown to nobody who looks',
        'const shown = Map.groupBy(few, laneOf);',
        'const shown = Map.groupBy(few.slice(0, 0), laneOf);',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/forecast.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'how long it takes is told in seconds',
        'Math.ceil((forecast.reachable / forecast.ratePerS) * 1000)',
        'Math.ceil(forecast.reachable / forecast.ratePerS)',
      ],
      [
        'a page of people is one too many',
        'if (contactIds.length === page.limit) return',
        'if (contactIds.length > page.limit) return',
      ],
      [
        'one lane is enough to be put in',
        'counts.fannedOut = marks.length === lanes.length;',
        'counts.fannedOut = marks.length > 0;',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/sql.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'posts are among broadcasts',
        'WHERE workspace_id = ${workspaceId} AND origin IS NULL ${page',
        'WHERE workspace_id = ${workspaceId} ${page',
      ],
      [
        'the last of a page is the first of the next',
        'db`AND id < ${page.beforeId}`',
        'db`AND id <= ${page.beforeId}`',
      ],
      [
        'a list that a paused broadcast names is nobody’s',
        "state IN ('draft', 'scheduled', 'running', 'paused') AND workspace_id",
        "state IN ('draft', 'scheduled', 'running') AND workspace_id",
      ],
      [
        'a change of state forgets its note',
        'note = ${more.note === undefined ? db`note` : more.note}',
        'note = ${more.note ?? null}',
      ],
      [
        'one that goes on has another beginning',
        'started_ms = coalesce(${more.startedMs ?? null}::bigint, started_ms)',
        'started_ms = coalesce(${more.startedMs ?? null}::bigint, ${more.nowMs}::bigint)',
      ],
      [
        'a broadcast loses its hour when it begins',
        '${more.scheduledMs === undefined ? db`scheduled_ms` : more.scheduledMs}',
        '${more.scheduledMs ?? null}',
      ],
      [
        'all notes are the last one’s',
        'await db`UPDATE broadcasts SET note = ${note} WHERE id = ${id}`;',
        'await db`UPDATE broadcasts SET note = ${note} WHERE id > ${id - 1}`;',
      ],
      [
        'a forecast is of the address used first',
        'coalesce(last_inbound_ms, 0) DESC, linked_ms DESC',
        'coalesce(last_inbound_ms, 0), linked_ms DESC',
      ],
      [
        'a forecast is of the address linked first',
        'coalesce(last_inbound_ms, 0) DESC, linked_ms DESC',
        'coalesce(last_inbound_ms, 0) DESC, linked_ms',
      ],
      [
        'a forecast is of an address that does not work',
        "db`status = 'active'` :",
        "db`status <> 'active'` :",
      ],
      ['a list that is left out is named by nobody', "'$.*.lists[*]'", "'$.include.lists[*]'"],
      [
        'pages of people begin anew in each bucket',
        'AND (c.bucket, c.id) > (${bucketOf(on.afterId)}, ${on.afterId}::bigint)',
        'AND c.id > ${on.afterId}::bigint',
      ],
    ],
  ),
  ...inFile(
    'src/broadcasts/steps.ts',
    ['src/broadcasts/broadcasts.test.ts'],
    [
      [
        'who waits is told of a broadcast that got on that it does not',
        'if (item.attempt > 0) await updateNote(tx, now.id, null);',
        '',
      ],
      [
        'a broadcast that fails is looked at without a rest',
        'AGAIN_MS.first * 2 ** Math.min(item.attempt, 10)',
        '0',
      ],
      [
        'a run that could not be read is none for half a second',
        'run.catch(() => kept.delete(runId));',
        'run.catch(() => {});',
      ],
      [
        'one step that fails takes the others with it',
        'if (failed) throw failed.reason;\n        if (!alone)',
        'if (failed) throw failed.reason;\n        if (alone)',
      ],
    ],
  ),
];
