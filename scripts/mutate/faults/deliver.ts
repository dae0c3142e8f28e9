/** Faults of delivering: accepted, prepared, sent, left behind. */
import { inFile } from '../fault.ts';

const DELIVER = ['src/outbox/deliver/deliver.test.ts'];
const RECEIPT = ['src/outbox/outcome/receipt.test.ts'];

export const deliverFaults = [
  ...inFile('src/outbox/deliver/deliver.ts', DELIVER, [
    [
      'messages to one person leave out of order',
      '? turn.before.then(() => sendOne(deps, sending, message))\n',
      '? sendOne(deps, sending, message)\n',
    ],
    ['one message waits for those to others', 'turnTo(item.ownerId)', 'turnTo(0)'],
    ['an abandoned batch is sent again', 'if (batch.abandoned) {', 'if (false) {'],
    ['what was decided without sending is forgotten', 'collector.add(decided);', ''],
    ['every claim begins as a whole', '(stream === 0 ? Math.max(0, WHOLE - alone) : 0)', '500'],
    ['messages under way are not counted', 'if (interactive) alone += batch.items.length;', ''],
    ['messages that are over are counted', 'if (interactive) alone -= batch.items.length;', ''],
    [
      'all workspaces share a room in flight',
      'return run && `${workspaceId} ${run.integrationId ?? run.channel}`',
      'return run && `${run.integrationId ?? run.channel}`',
    ],
    [
      'runs through all providers share a room in flight',
      'return run && `${workspaceId} ${run.integrationId ?? run.channel}`',
      'return run && `${workspaceId}`',
    ],
  ]),
  ...inFile('src/outbox/deliver/collector.ts', DELIVER, [
    [
      'a partial settle is dropped',
      'const decisions = waiting;\n        waiting = [];',
      'const decisions = missing === 0 ? waiting : [];\n        waiting = [];',
    ],
    [
      'nothing is settled before all of a batch is',
      'else if (decisions.length) cancel ??= deps.clock.after(SETTLE_AFTER_MS, () => void flush());',
      '',
    ],
    ['a flight is over before its last call', 'const landed = missing === 0;', 'const landed = true;'],
    [
      'a flight is never over',
      'await write(part, landed && whole);',
      'await write(part, false);\n        return;',
      DELIVER,
    ],
  ]),
  ...inFile('src/outbox/deliver/drafts.ts', DELIVER, [
    [
      'what has ended is sent',
      'if (!row || (!isWaiting(row.state) && !endedEarly)) return void',
      'if (!row) return void',
    ],
    [
      'what has ended in a run is sent',
      'if (state !== undefined && !isWaiting(state)) decided.push({ item, bulk: true });\n    else',
      'if (false) decided.push({ item, bulk: true });\n    else',
      DELIVER,
    ],
    [
      'since when it is unclear is forgotten',
      '    ...(row.begunMs === null ? {} : { unclearSinceMs: row.begunMs }),\n',
      '',
      DELIVER,
    ],
    ['what was unclear is not asked for', 'wasUnknown: row.state === STATE.unknown,', 'wasUnknown: false,'],
    [
      'a run’s class is lost',
      '        class: run.class,\n        channel: run.channel,',
      "        class: 'transactional',\n        channel: run.channel,",
      ['test/caps.test.ts'],
    ],
    [
      'a run’s integration is not taken',
      'integrationId: run.integrationId,\n        destinationId',
      'integrationId: null,\n        destinationId',
      DELIVER,
    ],
    ['a run never ends', 'expiresMs: run.expiresMs,', 'expiresMs: Number.MAX_SAFE_INTEGER,', DELIVER],
    [
      'a message never ends',
      'expiresMs: row.expiresMs ?? Number.MAX_SAFE_INTEGER,',
      'expiresMs: Number.MAX_SAFE_INTEGER,',
    ],
  ]),
  ...inFile('src/outbox/deliver/prepare.ts', DELIVER, [
    [
      'an open breaker is ignored',
      'if (open.breaker.waitMs() !== undefined || waitMs > LONGEST_WAIT_MS)',
      'if (waitMs > LONGEST_WAIT_MS)',
    ],
    [
      'an integration’s rate is ignored for people',
      'open.breaker.waitMs() ?? (draft.item.stream === 0 ? open.line.waitMs(true) : 0)',
      'open.breaker.waitMs() ?? 0',
    ],
    [
      'a broadcast is put off for the rate',
      '(draft.item.stream === 0 ? open.line.waitMs(true) : 0)',
      'open.line.waitMs(true)',
    ],
    [
      'what was put off is looked at at once',
      'return putOff(draft.item, draft.bulk, nowMs + waitMs);',
      'return putOff(draft.item, draft.bulk, nowMs);',
    ],
    [
      'what was called off is sent',
      'if (draft.canceled) return draft.wasUnknown ? undefined : decideCanceled(subject, nowMs, draft.why);',
      '',
    ],
    [
      'what may have been sent is told as called off',
      'if (draft.canceled) return draft.wasUnknown ? undefined : decideCanceled',
      'if (draft.canceled) return decideCanceled',
    ],
    [
      'the gate is not asked',
      "if (verdict.verdict !== 'go') return decideVerdict",
      "if (verdict.verdict === 'never') return decideVerdict",
    ],
    [
      'what the gate refuses is sent',
      "if (verdict.verdict !== 'go') return decideVerdict",
      "if (verdict.verdict === 'hold') return decideVerdict",
    ],
    [
      'push goes to one device',
      'if (devices.length > 1) return decideSpread(subject, devices, nowMs);',
      '',
      ['test/push.test.ts'],
    ],
    [
      'what nothing serves is not told',
      "return decideFailure(subject, 'no_integration',",
      "return putOff(draft.item, draft.bulk, nowMs + 1); decideFailure(subject, 'no_integration',",
    ],
    [
      'no room is taken under a cap',
      "if (!cap || !person || draft.class !== 'marketing' || draft.canceled) return [];",
      'return [];',
    ],
    [
      'receipts and passwords take room under a cap',
      "if (!cap || !person || draft.class !== 'marketing' || draft.canceled) return [];",
      'if (!cap || !person) return [];',
    ],
    ['what would not go takes room', 'if (!wouldGo(draft, terms, person, nowMs)) return [];', '', DELIVER],
    ['what found no room goes', 'const capFreeMs = full.size\n', 'const capFreeMs = false\n'],
    ['reading is never waited for', 'subject.unreadAfterMs = terms.fallback.unreadAfterMs;', '', RECEIPT],
  ]),
  ...inFile('src/outbox/deliver/send.ts', DELIVER, [
    ['pause stops nothing', "return unwatch ? flow.leave(stream) : 'go';", "return 'go';"],
    [
      'what is sent after the lease is over is sent',
      "if (over || !batch.holds()) return 'back';",
      "if (over) return 'back';",
    ],
    ['runs are not watched', 'stream === 0 ? undefined : flow.watch(stream)', 'undefined'],
    [
      'what is found at its provider is sent again',
      'if (found) return sending.collector.add([decide(deps, message, found)]);',
      '',
    ],
    ['of unclear outcome nobody is asked', 'return wasUnknown && open.canTell;', 'return false;'],
    ['everybody is asked', 'return wasUnknown && open.canTell;', 'return open.canTell;'],
    ['what its provider took is not believed', "if (found && found.kind !== 'unclear') return found;", ''],
    [
      'what came back counts as a try',
      'add(putOff(item, bulk, item.dueMs));',
      'add(putOff({ ...item, attempt: item.attempt + 1 }, bulk, item.dueMs));',
    ],
    [
      'what came back is put off',
      'add(putOff(item, bulk, item.dueMs));',
      'add(putOff(item, bulk, item.dueMs + 60_000));',
    ],
    ['answers are not noted', 'batch.steps.note(group[index]!.subject.item, outcome);', '', DELIVER],
  ]),
  ...inFile('src/outbox/deliver/unknown.ts', DELIVER, [
    ['an abandoned batch is sent again although its receipt came', '|| (row && !isWaiting(row.state))', ''],
    [
      'what was noted of an abandoned batch is forgotten',
      '(noted.get(item) as Outcome | undefined) ?? OUTCOME',
      'OUTCOME',
    ],
    [
      'who recognises a repeat is not known',
      'idempotent: (bulk ? open?.bulkIdempotent : open?.idempotent) ?? false',
      'idempotent: true',
      ['src/outbox/deliver/deliver.test.ts'],
    ],
    ['who can tell is not known', 'canTell: open?.canTell ?? false', 'canTell: false'],
    ['where it went is not kept', 'subjects.get(item) ?? {', 'false || {'],
  ]),
  ...inFile('src/ledger/caps.ts', DELIVER, [
    ['room is not written down', 'if (changed.size)\n', 'if (false)\n'],
    [
      'who has no marks yet has room for ever',
      'toFill.length ? await fillMarks(tx, toFill, { sinceMs, nowMs }) : []',
      'toFill.length ? await fillMarks(tx, toFill, { sinceMs: nowMs, nowMs }) : []',
    ],
    [
      'what was sent while there was no cap is not counted under the next',
      'filledMs > setMs.get(contactId)! + UNSETTLED_MS',
      'filledMs > 0',
    ],
    [
      'when there is room again is not told',
      "if ('freeMs' in reserved) full.set(",
      "if (false && 'freeMs' in reserved) full.set(",
    ],
  ]),
];
