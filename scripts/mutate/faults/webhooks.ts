/** Faults of what customers are told: who is called, in which order, how often, for how long, and whose calls somebody sees. */
import { inFile } from '../fault.ts';

const DELIVER = ['src/webhooks/deliver.test.ts'];
/** One batch by hand, then a worker's. */
const BATCH = ['src/webhooks/batch.test.ts'];
const EXPAND = ['src/webhooks/expand.test.ts'];
const GATES = ['src/webhooks/gates.test.ts'];
const SUCCESSION = ['src/base/succession.test.ts'];
const POLICY = ['src/webhooks/policy.test.ts'];
const WEBHOOKS = ['src/webhooks/webhooks.test.ts'];

export const webhookFaults = [
  ...inFile('src/webhooks/policy.ts', POLICY, [
    ['what is refused for good is tried again', 'FINAL.has(status)', 'status === 410'],
    ['who is gone is only failed', 'gone: status === 410', 'gone: false'],
    ['a redirect is a success', 'status >= 200 && status < 300', 'status >= 200 && status < 400'],
    ['a target names any time', 'Math.min(askedMs, MOST_RETRY_AFTER_MS)', 'askedMs'],
    [
      'a target is never given up',
      'const waitS = (SCHEDULES[door] ?? STANDARD_S)[attempts - 1];',
      'const waitS = (SCHEDULES[door] ?? STANDARD_S)[attempts - 1] ?? 86_400;',
    ],
    [
      'one attempt too few is made',
      '(SCHEDULES[door] ?? STANDARD_S)[attempts - 1]',
      '(SCHEDULES[door] ?? STANDARD_S)[attempts]',
    ],
  ]),
  ...inFile('src/webhooks/gates.ts', GATES, [
    [
      'a target gets any number of calls at a time',
      'if (gate.inside < MOST_INSIDE) {',
      'if (gate.inside < 1e9) {',
    ],
    ['a place is taken twice', '      if (next) return next(true);\n', '      if (next) next(true);\n'],
    [
      'who waits is let in last first',
      'const next = gate.waiting.shift();',
      'const next = gate.waiting.pop();',
    ],
    [
      'a target that hangs is waited for',
      'Math.min(untilMs, gate.movedMs + STUCK_MS) - nowMs',
      'untilMs - nowMs',
    ],
    ['an earlier time opens what is closed', 'Math.max(gate.closedUntilMs, untilMs)', 'untilMs'],
    ['who has given up waiting takes a place', 'gate.waiting.splice(gate.waiting.indexOf(entered), 1);', ''],
    ['a target that asked to be left alone is forgotten', ' && gate.closedUntilMs <= clock.nowMs()', ''],
  ]),
  ...inFile('src/base/succession.ts', SUCCESSION, [
    [
      'who asks overtakes the one before',
      'const before = last.get(name);',
      'const before = undefined as ReturnType<typeof last.get>;',
    ],
    [
      'who is behind one that is forgotten is forgotten with it',
      'if (last.get(name) === promise) last.delete(name);',
      'last.delete(name);',
    ],
  ]),
  ...inFile('src/webhooks/call.ts', DELIVER, [
    ['a call that is made again is a new one to its target', '(call.replayOf ?? call.id)', 'call.id'],
    [
      'the body is not signed',
      '`${call.messageId}.${timestamp}.${call.body}`',
      '`${call.messageId}.${timestamp}.`',
    ],
    [
      'every door’s calls carry the secret',
      '...OWN_HEADERS[webhook.door]?.(secrets.secret, call.body),',
      "...OWN_HEADERS['sunshine']?.(secrets.secret, call.body),",
    ],
    ['a success is what comes behind it', '    statusOnly: true,\n', ''],
  ]),
  ...inFile('src/webhooks/deliver.ts', DELIVER, [
    [
      'what was settled is called again',
      'batch.items.filter((item) => !settled.has(item))',
      'batch.items',
      BATCH,
    ],
    [
      'what was delivered is called again',
      "if (call?.state !== 'pending') run.settling.add({ item });",
      'if (!call) run.settling.add({ item });',
      BATCH,
    ],
    ['who was disabled is called', "else if (webhook?.status !== 'active')", 'else if (!webhook)'],
    [
      'calls are made in any order',
      'for (const item of items.toSorted((a, b) => a.ownerId - b.ownerId)) {',
      'for (const item of items.toSorted((a, b) => b.ownerId - a.ownerId)) {',
    ],
    [
      'a newer call overtakes one that was put off',
      'untilMs === undefined ? await callNext(run, ready)',
      'true ? await callNext(run, ready)',
    ],
    [
      'the one behind does not know of it',
      'if (later) hold(held, { callId: id, untilMs: later.dueMs });',
      'if (later && id < 0) hold(held, { callId: id, untilMs: later.dueMs });',
      BATCH,
    ],
    ['who comes next is not told what was put off', '  turn.end(held);', '  turn.end();', BATCH],
    ['a batch that was put off before is overtaken', 'if (ready.behind) hold(held, ready.behind);', ''],
    ['a call is made by who has lost the lane', 'if (!run.settling.holds()) return;', '', BATCH],
    [
      'who asked to be left alone is called',
      'const closed = run.gates.closedUntilMs(id) > run.deps.clock.nowMs();',
      'const closed = false;',
    ],
    ['a place at a gate is never given back', '    run.gates.leave(id);\n', ''],
    [
      'being put off is an attempt',
      'return { dueMs, attempt: item.attempt };',
      'return { dueMs, attempt: item.attempt + 1 };',
    ],
    [
      'what failed is tried again at once',
      'dueMs: nowMs + Math.max(waitMs, askedMs), attempt: attempts',
      'dueMs: nowMs + Math.max(0, askedMs), attempt: attempts',
      BATCH,
    ],
    ['a shorter wait than the target asked for', 'nowMs + Math.max(waitMs, askedMs)', 'nowMs + waitMs'],
    ['attempts are not counted', 'attempt: attempts },\n    called', 'attempt: item.attempt },\n    called'],
    [
      'a fault of ours is the target’s',
      'const { called: _, ...result } = resultOf',
      'const result = resultOf',
      BATCH,
    ],
    ['a lost database is a failed call', 'if (isPassing(error)) throw error;\n    run', 'run', BATCH],
    [
      'a failed answer is heard',
      "if (judge(outcome, run.deps.clock.nowMs()).kind !== 'delivered') return;",
      '',
      BATCH,
    ],
  ]),
  ...inFile('src/webhooks/settling.ts', DELIVER, [
    [
      'who lost the lane writes',
      'if (!(await settle(tx, batch, { done, later, landed }))) throw new LaneLost(batch.lane.lane);',
      'await settle(tx, batch, { done, later, landed });',
    ],
    ['what is written is not known', '  deps.settled(group.map(({ item }) => item));\n', '', BATCH],
    ['one that cannot be written costs the others', 'if (group.length > 1) {', 'if (false) {'],
    ['a success does not end failing', 'if (recovered.length)', 'if (recovered.length < 0)'],
    [
      'who fails for days is called for ever',
      "if (hopeless.length) await disable(deps, tx, hopeless, 'failing');",
      '',
    ],
    ['who is gone is called for ever', "if (gone.length) await disable(deps, tx, gone, 'gone');", ''],
    [
      'one success among failures is none',
      'const failing = [...webhooks.values()].filter((w) => !working.has(w.id));',
      'const failing = [...webhooks.values()];',
      BATCH,
    ],
    ['nobody is told that a webhook is disabled', 'await deps.queue.append(tx, [event]);', 'void event;'],
    ['this process goes on calling who is disabled', 'deps.subscriptions.changed(w.workspaceId);', '', BATCH],
  ]),
  ...inFile('src/webhooks/sql.calls.ts', DELIVER, [
    ['a call that is over is changed', "AND c.state = 'pending'\n      ${db.onShard", '${db.onShard', BATCH],
    [
      'another workspace’s call is seen',
      'AND c.id = ${id} AND c.workspace_id = ${workspaceId}`;',
      'AND c.id = ${id}`;',
    ],
    [
      'another’s log is read',
      'WHERE c.webhook_id = ${page.webhookId} AND c.workspace_id = ${page.workspaceId} AND c.id',
      'WHERE c.workspace_id = ${page.workspaceId} AND c.id',
    ],
    [
      'what arrived is made again with what failed',
      "AND state IN ('failed', 'canceled') AND replayed_by IS NULL",
      'AND replayed_by IS NULL',
    ],
    [
      'what is under way is made again',
      "AND c.state <> 'pending'\n        AND (c.replayed_by",
      'AND (c.replayed_by',
      BATCH,
    ],
    [
      'another’s calls are made again',
      'WHERE c.webhook_id = ${of.webhookId} AND c.workspace_id = ${of.workspaceId}`;',
      'WHERE c.workspace_id = ${of.workspaceId}`;',
      BATCH,
    ],
    [
      'what was tried before is forgotten',
      'CASE WHEN c.attempts > 0 AND',
      'CASE WHEN c.attempts > 1000 AND',
      BATCH,
    ],
    [
      'the calls of whoever is erased stay',
      'AND workspace_id = ${workspaceId} AND contact_id = ANY(',
      'AND workspace_id = ${workspaceId} AND id = ANY(',
      ['test/erase.test.ts'],
    ],
  ]),
  ...inFile('src/webhooks/expand.ts', EXPAND, [
    [
      'calls of a contact are out of order',
      'rendered.toSorted((a, b) => (a.eventIndex ?? Infinity) - (b.eventIndex ?? Infinity) || 0)',
      '[...rendered]',
    ],
    ['calls of a contact lie anywhere', 'id: ids.inBucket(bucketOf(contactId))', 'id: ids.spread()'],
    ['a door tells of another’s webhook', 'if (!known.has(webhookId))', 'if (false)'],
    ['another workspace’s events are told', 'byWorkspace.get(workspaceId)!, ofDoor', 'events, ofDoor'],
    ['calls are written and not due', '    calls.map((call) => dueCall(call, nowMs)),\n', '    [],\n'],
    [
      'a statement grows without bound',
      'if (batch.length === MOST_ROWS || (batch.length > 0 && characters + call.body.length > MOST_CHARACTERS)) {',
      'if (false) {',
    ],
  ]),
  ...inFile('src/webhooks/subscriptions.ts', WEBHOOKS, [
    ['a change elsewhere is never seen', 'if (ageMs < 0 || ageMs > FRESH_MS) return false;', ''],
    ['one’s own change is not seen', 'if (entry.readMs <= changed + FRESH_MS) return false;', ''],
  ]),
  ...inFile('src/webhooks/sql.ts', WEBHOOKS, [
    [
      'another workspace’s webhook is changed',
      'WHERE id = ${key.id} AND workspace_id = ${key.workspaceId} AND door = ${key.door} ${lock',
      'WHERE id = ${key.id} AND door = ${key.door} ${lock',
    ],
    [
      'another’s webhook is deleted',
      'DELETE FROM webhooks WHERE id = ${key.id} AND workspace_id = ${key.workspaceId} AND',
      'DELETE FROM webhooks WHERE id = ${key.id} AND',
    ],
    [
      'another’s webhooks are listed',
      'FROM webhooks WHERE workspace_id = ${workspaceId} AND door = ${door} ORDER BY',
      'FROM webhooks WHERE door = ${door} ORDER BY',
    ],
    [
      'who is disabled is told of',
      "AND status = 'active' ORDER BY created_ms, id",
      'ORDER BY created_ms, id',
      [...WEBHOOKS, ...DELIVER],
    ],
    [
      'a webhook’s failing never ends',
      'SET failing_since_ms = NULL WHERE id',
      'SET failing_since_ms = failing_since_ms WHERE id',
      DELIVER,
    ],
    ['it is told of each disabling again', " AND w.status = 'active'\n", '\n', BATCH],
  ]),
  ...inFile('src/webhooks/webhooks.ts', WEBHOOKS, [
    [
      'two at once are one more than there may be',
      "await lockFor(tx, 'webhooks', `${input.workspaceId} ${input.door}`);",
      '',
    ],
    ['any number of webhooks', '>= MAX_WEBHOOKS)\n', '>= 1e9)\n'],
    [
      'one that is enabled again fails since long ago',
      "failingSinceMs: input.status === 'active' && row.status === 'disabled' ? null : row.failingSinceMs",
      'failingSinceMs: row.failingSinceMs',
      [...WEBHOOKS, ...DELIVER],
    ],
    ['a change of another thing draws a new secret', 'secrets?.secret ?? newSecret()', 'newSecret()'],
    ['a secret is for any webhook', 'return `webhook:${id}`;', 'return `webhook:${id > 0}`;'],
    ['the password in a target is kept', 'if (url.username || url.password)', 'if (false)'],
  ]),
  ...inFile('src/webhooks/log.ts', DELIVER, [
    ['another’s webhook is called', 'if (webhook?.workspaceId !== workspaceId)', 'if (!webhook)'],
    [
      'a webhook that is disabled is called',
      "return webhook.status === 'active'\n",
      'return webhook\n',
      BATCH,
    ],
    [
      'what failed is replayed twice',
      'repeat(deps, tx, webhook, missed, true)',
      'repeat(deps, tx, webhook, missed, false)',
    ],
  ]),
];
