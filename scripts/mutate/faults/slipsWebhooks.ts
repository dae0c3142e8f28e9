/** A third look at webhooks: one of two alike, a bound, an order, seconds for milliseconds, what is kept of whom. */
import { inFile } from '../fault.ts';

export const slipsOfWebhooks = [
  ...inFile(
    'src/webhooks/call.ts',
    ['src/webhooks/deliver.test.ts: delivered: JSON'],
    [
      ['a call is signed in milliseconds', 'String(Math.floor(nowMs / 1000))', 'String(nowMs)'],
      [
        'the key is the text behind whsec_',
        "Buffer.from(secret.slice(WHSEC.length), 'base64')",
        "Buffer.from(secret.slice(WHSEC.length), 'utf8')",
      ],
      ['the signature has no version', '`v1,${signature}`', '`${signature}`'],
    ],
  ),
  ...inFile(
    'src/webhooks/call.ts',
    ['src/webhooks/deliver.test.ts: other doors'],
    [
      [
        'a secret of one’s own is taken for base64',
        ": Buffer.from(secret, 'utf8');",
        ": Buffer.from(secret, 'base64');",
      ],
      ['Web1on1’s signature is without its name', '`sha1=${hmac(', '`${hmac('],
      [
        'a password that is no ASCII is another',
        "Buffer.from(`${username}:${password}`, 'utf8')",
        "Buffer.from(`${username}:${password}`, 'latin1')",
      ],
      [
        'credentials are not sent',
        '...(secrets.basicAuth && { authorization: basic(secrets.basicAuth) }),',
        '',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/call.ts',
    ['src/webhooks/deliver.test.ts: no answer in time'],
    [['a call is never over', '    deadlineMs,\n    // Any', '    deadlineMs: 1e9,\n    // Any']],
  ),
  ...inFile(
    'src/webhooks/call.ts',
    ['test/console.test.ts: webhooks'],
    [
      [
        'the first call of a message is looked for in another base',
        'Number.parseInt(messageId.slice(4), 36)',
        'Number.parseInt(messageId.slice(4), 10)',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/deliver.ts',
    ['src/webhooks/deliver.test.ts'],
    [
      [
        'an answer without end is kept',
        'outcome.body.subarray(0, MOST_ANSWER_BYTES)',
        'outcome.body.subarray(0)',
      ],
      [
        'what is in a later batch is taken to be over',
        'if (hand && hand.since <= since) return hand.putOff;',
        'if (hand) return hand.putOff;',
        ['src/webhooks/batch.test.ts', 'src/webhooks/deliver.test.ts'],
      ],
      [
        'lines of two webhooks are one',
        'return `${webhookId} ${bucketOf(callId)}`;',
        'return `${bucketOf(callId)}`;',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/deliver.ts',
    ['src/webhooks/batch.test.ts'],
    [
      [
        'an empty answer is heard',
        "if (outcome.kind !== 'answer' || outcome.body.length === 0) return;",
        "if (outcome.kind !== 'answer') return;",
      ],
      [
        'what was claimed in this batch is waited for as another’s',
        'if (hand && hand.since <= since) return hand.putOff;',
        'if (hand && hand.since < since) return hand.putOff;',
      ],
      [
        'what is put off comes back all at once',
        'fromMs + waitMs * (1 + before / BATCH_SIZE)',
        'fromMs + waitMs',
      ],
      [
        'what cannot be opened is called off',
        "          'failed',\n          'the secret",
        "          'canceled',\n          'the secret",
      ],
      [
        'a contact’s calls of one webhook are several lines',
        'return `${webhookId} ${bucketOf(callId)}`;',
        'return `${webhookId} ${callId}`;',
      ],
      [
        'who is in no hand any more stays in it',
        'if (inHand.get(ownerId)?.since === since) inHand.delete(ownerId);',
        '',
      ],
      [
        'of what was put off only the newest counts',
        'filter(([callId]) => callId < id)',
        'filter(() => Math.max(...held.keys()) < id)',
      ],
      [
        'of two that are put off the older counts',
        'Math.max(...before.map(([, untilMs]) => untilMs))',
        'Math.min(...before.map(([, untilMs]) => untilMs))',
      ],
      [
        'who was put off before is forgotten with the first that is made',
        'else held.delete(id);',
        'else held.clear();',
      ],
      [
        'what was made before is put behind what was put off',
        'if (ready.item.attempt > 0) {',
        'if (ready.item.attempt > 1) {',
      ],
      [
        'a failed batch lets those behind it go first',
        '.end(new Map([[Math.min(...items.map(({ ownerId }) => ownerId)), deps.clock.nowMs()]]));',
        '.end();',
      ],
      [
        'a batch counts as landed though a part of it failed',
        'await settling.finish(!failed);',
        'await settling.finish(true);',
      ],
      [
        'who waits behind one that is due comes back at once',
        'Math.max(untilMs, run.deps.clock.nowMs() + GIVE_WAY_MS)',
        'untilMs',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/deliver.ts',
    ['test/console.test.ts: webhooks'],
    [
      [
        'a call that is over has no end',
        'change: { ...noted, state, finishedMs: nowMs },',
        'change: { ...noted, state, finishedMs: null },',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/deliver.ts',
    ['src/webhooks/deliver.test.ts: a target that hangs'],
    [
      [
        'a target that hangs is asked each second',
        'run.gates.isStuck(webhook.id) ? PUT_OFF_MS.stuck : PUT_OFF_MS.busy',
        'PUT_OFF_MS.busy',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/expand.ts',
    ['src/webhooks/expand.test.ts'],
    [
      [
        'what is too long for one goes into two statements twice',
        '      batch = [];\n      characters = 0;\n',
        '      characters = 0;\n',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/gates.ts',
    ['src/webhooks/gates.test.ts'],
    [
      [
        'an empty gate is stuck',
        'gate !== undefined && gate.inside >= MOST_INSIDE &&',
        'gate !== undefined &&',
      ],
      [
        'a target that nobody calls is stuck',
        'gate.inside >= MOST_INSIDE && clock',
        'gate.inside < MOST_INSIDE && clock',
      ],
      ['who goes in does not move anything', '          gate.movedMs = nowMs;\n', ''],
      [
        'who is let in is told he is not',
        'if (await wait(gate, leftMs)) return true;',
        'await wait(gate, leftMs);',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/log.ts',
    ['src/webhooks/deliver.test.ts'],
    [
      [
        'a replay lies elsewhere than what it repeats',
        'id: deps.ids.inBucket(bucketOf(repeats))',
        'id: deps.ids.spread()',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/log.ts',
    ['src/webhooks/batch.test.ts'],
    [
      ['a page knows of no next one', 'limit: limit + 1,', 'limit,'],
      [
        'the next page begins with the last of this one',
        'next: last?.id ?? fromId',
        'next: last ? last.id + 1 : fromId',
      ],
      ['of what is rare nobody knows that there may be more', 'next: last?.id ?? fromId', 'next: last?.id'],
      [
        'some calls are replayed as if they had failed',
        'repeat(deps, tx, webhook, own, false)',
        'repeat(deps, tx, webhook, own, true)',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/policy.ts',
    ['src/webhooks/policy.test.ts'],
    [
      ['waits are without jitter', '(2 * random - 1)', '0'],
      [
        'every refusal asks for a rest',
        'THROTTLED.has(status) ? retryAfterMs(headers, nowMs) : undefined',
        'retryAfterMs(headers, nowMs)',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/settling.ts',
    ['src/webhooks/batch.test.ts'],
    [
      [
        'what finished waits for the slowest',
        'cancel ??= deps.clock.after(GATHER_MS, () => flush(false));',
        '',
      ],
      [
        'what finished waits until nothing more finishes',
        'cancel ??= deps.clock.after(GATHER_MS, () => flush(false));',
        'cancel?.();\n      cancel = deps.clock.after(GATHER_MS, () => flush(false));',
      ],
      [
        'it is waited for longer for a group to fill',
        'deps.clock.after(GATHER_MS, ',
        'deps.clock.after(GATHER_MS * 20, ',
      ],
      ['a group is written twice', '    waiting = [];\n    // Looked', '    // Looked'],
      ['the second half of a group lands nothing', 'group.slice(half), landed)', 'group.slice(half), false)'],
    ],
  ),
  ...inFile(
    'src/webhooks/settling.ts',
    ['src/webhooks/deliver.test.ts'],
    [
      [
        'the one in the middle is in both halves',
        'group.slice(half), landed',
        'group.slice(half - 1), landed',
      ],
      [
        'what cannot be written is pending for ever',
        "    state: 'failed',\n    lastStatus: null,",
        '    state: first.change.state,\n    lastStatus: null,',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/sql.calls.ts',
    ['src/webhooks/batch.test.ts'],
    [
      [
        'a second repeat has another webhook-id',
        'coalesce(c.replay_of, c.id) AS replay_of',
        'c.id AS replay_of',
      ],
      [
        'what failed is replayed newest first',
        'AND replayed_by IS NULL\n    ORDER BY id LIMIT',
        'AND replayed_by IS NULL\n    ORDER BY id DESC LIMIT',
      ],
      [
        'what was canceled is not replayed',
        "AND state IN ('failed', 'canceled') AND replayed_by",
        "AND state IN ('failed') AND replayed_by",
      ],
      [
        'an attempt is kept as of when it was overwritten',
        "'atMs', coalesce(c.tried_ms, c.created_ms)",
        "'atMs', ${nowMs}::bigint",
      ],
      ['when the last was tried is not kept', 'tried_ms = ${nowMs}::bigint', 'tried_ms = c.tried_ms'],
      [
        'only the last two attempts are kept',
        "THEN coalesce(c.tried, '[]') || jsonb",
        "THEN '[]'::jsonb || jsonb",
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/sql.ts',
    ['src/webhooks/webhooks.test.ts'],
    [
      [
        'webhooks of all doors count',
        'FROM webhooks WHERE workspace_id = ${workspaceId} AND door = ${door}`;\n  return rows[0]!.n;',
        'FROM webhooks WHERE workspace_id = ${workspaceId}`;\n  return rows[0]!.n;',
      ],
      ['a webhook of another door is found', 'AND door = ${key.door} ${lock', '${lock'],
      [
        'a webhook of another door is deleted',
        'AND workspace_id = ${key.workspaceId} AND door = ${key.door}`;\n  return result.count > 0;',
        'AND workspace_id = ${key.workspaceId}`;\n  return result.count > 0;',
      ],
      [
        'the newest webhook comes first',
        'AND door = ${door} ORDER BY created_ms, id`',
        'AND door = ${door} ORDER BY created_ms DESC, id`',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/subscriptions.ts',
    ['src/webhooks/webhooks.test.ts'],
    [
      [
        'a clock that was set back keeps what was',
        'if (ageMs < 0 || ageMs > FRESH_MS) return false;',
        'if (ageMs > FRESH_MS) return false;',
      ],
    ],
  ),
  ...inFile(
    'src/webhooks/webhooks.ts',
    ['src/webhooks/webhooks.test.ts'],
    [
      [
        'a new secret takes the credentials along',
        '{ secret: newSecret(), ...(basicAuth && { basicAuth }) }',
        '{ secret: newSecret() }',
      ],
      [
        'credentials cannot be taken away',
        'input.basicAuth === undefined ? secrets?.basicAuth : input.basicAuth',
        'input.basicAuth ?? secrets?.basicAuth',
      ],
      [
        'a change of another thing takes the credentials away',
        'input.basicAuth === undefined ? secrets?.basicAuth : input.basicAuth',
        'input.basicAuth',
      ],
      [
        'a webhook that is changed while it works begins anew',
        "input.status === 'active' && row.status === 'disabled' ? null",
        "input.status === 'active' ? null",
      ],
      [
        'a deleted webhook is called for a while',
        'if (!(await deleteWebhookRow(tx, name))) return absent();\n      subscriptions.changed(name.workspaceId);',
        'if (!(await deleteWebhookRow(tx, name))) return absent();',
      ],
      [
        'a trigger that nobody offers is taken',
        'at < 0 ? undefined : breaks(`triggers[${at}]`',
        'at <= 0 ? undefined : breaks(`triggers[${at}]`',
      ],
      [
        'none is a list of triggers',
        '!Array.isArray(triggers) || !triggers.length',
        '!Array.isArray(triggers)',
      ],
    ],
  ),
];
