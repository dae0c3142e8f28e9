/** Faults of what comes of a message: receipts, falling back, what is written of a batch. */
import { inFile } from '../fault.ts';

const DELIVER = ['src/outbox/deliver/deliver.test.ts'];
const RECEIPT = ['src/outbox/outcome/receipt.test.ts'];
const ORDER = ['src/outbox/outcome/order.test.ts'];
const WRITE = [...RECEIPT, ...ORDER];

export const toldFaults = [
  ...inFile('src/ledger/events.ts', RECEIPT, [
    [
      'what it was before is not told',
      '...(priorState === null ? {} : { from: priorState })',
      '...(priorState === null ? {} : {})',
      ORDER,
    ],
  ]),
  ...inFile('src/outbox/outcome/receipt.ts', RECEIPT, [
    [
      'receipts of one call are applied backwards',
      'return rank(next) > rank(seen);',
      'return rank(next) < rank(seen);',
    ],
    ['of several receipts the last holds', 'if (seen && !isFurther(seen.state, state)) continue;', ''],
    ['what failed beats what was read', '(state === STATE.failed ? STATE.accepted + 0.5 : state)', 'state'],
    [
      'what came back later is not learned',
      'await learnLate(deps, tx, integration.workspaceId, unmoved, atMs);',
      '',
    ],
    [
      'what a receipt says of an address is not learned',
      'await learn(tx, deps.ids, lessonsOf(integration.workspaceId, rows, changes), atMs);',
      '',
    ],
    [
      'a bounce of another address kills ours',
      'return about.some((one) => addressOf(channel as ChannelName, one) === ours);',
      'return true;',
    ],
    ['a late bounce of another address kills ours', '    if (!isAbout(row, at)) return [];\n', ''],
    [
      'a stop that comes late is not learned',
      "['recipient', 'optout'].includes(row.class ?? '')",
      "['recipient'].includes(row.class ?? '')",
    ],
    ['what failed does not move on', 'await fallBack(deps, tx, nowMs, failed);', ''],
    [
      'what was delivered moves on',
      'change.state === STATE.failed && change.mayFallBack',
      'change.mayFallBack',
    ],
    [
      'text messages are dialled again',
      "integration.channel === 'voice' ? missedCalls(rows, changes) : []",
      'missedCalls(rows, changes)',
      ['src/outbox/outcome/receipt.test.ts'],
    ],
    ['nobody is called again', "integration.channel === 'voice' ? missedCalls(rows, changes) : []", '[]'],
    [
      'a number that does not exist is called again',
      "rows.filter((row) => row.class === 'transient')",
      'rows',
      ['test/calls.test.ts', ...RECEIPT],
    ],
    [
      'a run’s receipts are not counted',
      'tallyLanes(deps.queue, tx, counted)',
      'tallyLanes(deps.queue, tx, [])',
    ],
    [
      'single messages are counted in tallies',
      'const counted = changes.filter(({ bulk }) => bulk);',
      'const counted = changes;',
    ],
    [
      'receipts are not told',
      'const told = tellOfDeliveries(',
      'const told = atMs > 0 ? undefined : tellOfDeliveries(',
      ORDER,
    ],
    [
      'a failure has no code',
      "(state === STATE.failed ? 'undelivered' : null)",
      'null',
      [...RECEIPT, ...ORDER, 'test/fallback.test.ts'],
    ],
  ]),
  ...inFile('src/outbox/outcome/fallback.ts', RECEIPT, [
    [
      'falling back although the person read it elsewhere',
      'other.state === STATE.read || (other !== own',
      '(other !== own',
    ],
    [
      'falling back although another may still arrive',
      'other.state === STATE.read || (other !== own && other.mayFallBack && mayArrive(other.state))',
      'other.state === STATE.read',
    ],
    [
      'falling back from what names where it goes',
      'if (!own?.mayFallBack) return [];',
      'if (!own) return [];',
    ],
    ['falling back although it is switched off', 'terms?.fallback.on && person', 'terms && person'],
    [
      'an address is tried twice',
      '|| tried.some((one) => isSame(one, destination))) return false;',
      ') return false;',
    ],
    [
      'the same number is tried by another integration',
      '(tried.channel === destination.channel && tried.address === destination.address)',
      'false',
      [...RECEIPT],
    ],
    ['falling back where it may not go', "return gate(facts, atMs).verdict !== 'never';", 'return true;'],
    ['falling back to what nothing serves', 'if (integrationId === undefined || tried', 'if (tried'],
    [
      'falling back stops after one',
      '    mayFallBack: true,\n    trail,',
      '    mayFallBack: false,\n    trail,',
      ['test/fallback.test.ts'],
    ],
    [
      'falling back although the person has answered',
      'if (row.contactReadMs !== null && row.contactReadMs >= row.saidMs) return false;',
      '',
    ],
    [
      'what was read before counts as read',
      'row.contactReadMs !== null && row.contactReadMs >= row.saidMs',
      'row.contactReadMs !== null',
    ],
    [
      'what was delivered counts as unread where reading is not told',
      "(row.state === STATE.delivered && open.adapter.confirms === 'read')",
      'row.state === STATE.delivered',
    ],
    [
      'what was delivered counts as read where reading is told',
      "return row.state === STATE.accepted || (row.state === STATE.delivered && open.adapter.confirms === 'read');",
      'return row.state === STATE.accepted;',
      ['test/fallback.test.ts'],
    ],
    [
      'what was moved on from keeps the next from moving on',
      '  await giveUpOn(\n',
      '  if (nowMs < 0) await giveUpOn(\n',
      ['test/fallback.test.ts'],
    ],
    [
      'a look at reading is looked at for ever',
      '        if (!(await settle(tx, batch, { done: batch.items, later: [], landed: true })))',
      '        if (!(await settle(tx, batch, { done: [], later: [], landed: true })))',
    ],
    [
      'falling back goes on in the wrong order',
      'const [next] = byOrder(left, terms.order);',
      'const next = byOrder(left, terms.order).at(-1);',
      ['test/fallback.test.ts'],
    ],
  ]),
  ...inFile('src/outbox/outcome/redial.ts', RECEIPT, [
    [
      'calls are made for ever',
      'if (calls.length > times || atMs + afterMs >= own.expiresMs) return undefined;',
      '',
    ],
    ['one call too few', 'if (calls.length > times ||', 'if (calls.length >= times ||'],
    ['calls go on after the message’s life', '|| atMs + afterMs >= own.expiresMs', ''],
    [
      'another number is called',
      'destinationId: own.destinationId,\n    expiresMs',
      'destinationId: own.destinationId + 1,\n    expiresMs',
    ],
    ['who did not pick up is called at once', 'nowMs + rule.afterMs);', 'nowMs);'],
    [
      'who was called again does not move on',
      'mayFallBack: own.mayFallBack === true,',
      'mayFallBack: false,',
    ],
  ]),
  ...inFile('src/outbox/outcome/write.ts', WRITE, [
    ['what is put off is deleted', 'decisions.filter(({ later }) => !later).map', 'decisions.map', DELIVER],
    [
      'what has another owner is written all the same',
      'outcomes.filter(({ batch }) => held.has(batch))',
      'outcomes',
      ['src/outbox/outcome/follow.test.ts', ...WRITE],
    ],
    ['what failed does not move on', 'if (!bulk) await followUp(deps, tx, decisions, changes);', '', RECEIPT],
    [
      'tallies are doubled',
      'if (bulk) await tallyLane(tx, lane.bucket, changes, accepted);',
      'if (bulk) await tallyLane(tx, lane.bucket, [...changes, ...changes], accepted);',
    ],
    [
      'tallies of what was accepted are doubled',
      'if (bulk) await tallyLane(tx, lane.bucket, changes, accepted);',
      'if (bulk) await tallyLane(tx, lane.bucket, changes, [...accepted, ...accepted]);',
    ],
    ['nothing is tallied', 'if (bulk) await tallyLane(tx, lane.bucket, changes, accepted);', ''],
    [
      'single messages are tallied',
      'if (bulk) await tallyLane(tx, lane.bucket, changes, accepted);',
      'await tallyLane(tx, lane.bucket, changes, accepted);',
      ['src/outbox/outcome/follow.test.ts', ...WRITE],
    ],
    [
      'room under a cap is not given back',
      '(givesRoomBack ? [keyOf(item)] : [])',
      '[]',
      ['src/outbox/outcome/follow.test.ts'],
    ],
    [
      'what stays as it is is told',
      'const moved = changes.filter(({ state, priorState }) => state !== priorState);',
      'const moved = changes;',
      ['src/outbox/outcome/follow.test.ts'],
    ],
    ['what was accepted in a run is not told', '...(accepted.length ? { accepted } : {}),', '', ORDER],
    ['reading is not looked at', 'await deps.queue.put(tx, watched);', '', RECEIPT],
    [
      'what has moved on by a receipt moves on again',
      '.filter((key) => ended.has(toRef(key)))',
      '',
      ['src/outbox/outcome/follow.test.ts', ...WRITE],
    ],
  ]),
  ...inFile(
    'src/outbox/accept.ts',
    ['src/outbox/accept.test.ts'],
    [
      ['a life is a day', 'const DEFAULT_LIFE_MS = 3 * 24', 'const DEFAULT_LIFE_MS = 1 * 24'],
      [
        'what says until when is not kept to',
        'expiresMs: send.expiresMs ?? send.atMs + DEFAULT_LIFE_MS',
        'expiresMs: send.atMs + DEFAULT_LIFE_MS',
      ],
      [
        'who names an integration is written to elsewhere',
        'mayFallBack: (send.integrationId ?? send.destinationId ?? send.channel) === undefined',
        'mayFallBack: (send.destinationId ?? send.channel) === undefined',
      ],
      [
        'who names an address is written to elsewhere',
        'mayFallBack: (send.integrationId ?? send.destinationId ?? send.channel) === undefined',
        'mayFallBack: (send.integrationId ?? send.channel) === undefined',
      ],
      [
        'what says from when is sent at once',
        'dueMs: Math.max(nowMs, (send.notBeforeMs ?? 0) - (send.aheadMs ?? 0))',
        'dueMs: nowMs',
      ],
      ['a test workspace’s time is ours', 'atMs: nowMs + (send.aheadMs ?? 0)', 'atMs: nowMs'],
      [
        'a time given by the workspace’s clock is taken for ours',
        '(send.notBeforeMs ?? 0) - (send.aheadMs ?? 0)',
        '(send.notBeforeMs ?? 0)',
      ],
      ['an id that was given out is given out again', 'id: send.messageId ?? deps.ids', 'id: deps.ids'],
    ],
  ),
  ...inFile(
    'src/conversations/conversations.ts',
    ['src/outbox/accept.test.ts'],
    [
      [
        'questions to pending addresses are messages of a conversation',
        'isSaid(kind) && isCounted !== true',
        'isCounted !== true',
      ],
    ],
  ),
  ...inFile('src/ledger/tallies.ts', WRITE, [
    [
      'devices of a run are more than its people',
      'causeId: runId, state: STATE.queued, n: -n }',
      'causeId: runId, state: STATE.queued, n: 0 }',
      ['src/outbox/outcome/follow.test.ts'],
    ],
    [
      'what it was is not taken off the tally',
      'if (priorState !== null && priorState !== STATE.queued) add(causeId, priorState, -1);',
      '',
    ],
    [
      'what was queued is taken off the tally',
      'if (priorState !== null && priorState !== STATE.queued) add(causeId, priorState, -1);',
      'if (priorState !== null) add(causeId, priorState, -1);',
    ],
    ['what stays is tallied', '    if (state === priorState) continue;\n', ''],
  ]),
  ...inFile('src/ledger/outcomes.ts', WRITE, [
    [
      'what follows a receipt that was faster is told twice',
      'rows.filter(({ contactId }) => !early.has(contactId))',
      'rows',
      ORDER,
    ],
    [
      'a delivery that was retried is taken for plain',
      'row.state === STATE.accepted && row.attempts === 1 && row.seq === 0 && row.trail === null',
      'row.state === STATE.accepted',
      ['src/outbox/outcome/follow.test.ts', 'test/push.test.ts'],
    ],
  ]),
  ...inFile('src/ledger/onward.ts', WRITE, [
    [
      'devices get no deliveries',
      'await insertOnward(tx, onward);\n  const added',
      'const added',
      ['test/push.test.ts'],
    ],
    [
      'devices are not put in the queue',
      'added.map((one) => ({ ...workOf(one), stream: one.item.stream, dueMs: one.item.dueMs })),',
      '[],',
      ['test/push.test.ts'],
    ],
  ]),
  ...inFile('src/ledger/onward.ts', RECEIPT, [
    [
      'the next is not put in the queue',
      'onward.map((one) => ({ ...workOf(one), stream: one.stream, dueMs })),',
      '[],',
    ],
  ]),
  ...inFile('src/ledger/tallies.ts', RECEIPT, [
    [
      'a lane’s receipts are counted in another',
      'tallyOf(lanes[lane]!.bucket, list)',
      'tallyOf(lanes[0]!.bucket, list)',
      ['src/outbox/outcome/receipt.test.ts'],
    ],
  ]),
  ...inFile('src/ledger/receipts.ts', RECEIPT, [
    ['a receipt that is early is lost', 'await makeRoomForEarly(deps, tx, integration, unmoved, atMs);', ''],
    [
      'an early receipt reaches another workspace',
      '!isRun(item.stream) || item.workspaceId !== integration.workspaceId',
      '!isRun(item.stream)',
    ],
  ]),
];
