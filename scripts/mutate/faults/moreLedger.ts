/** A second look at what is kept and carried out: the ledger’s statements, caps, and the steps of broadcasts. */
import { inFile } from '../fault.ts';

const RECEIPT = ['src/outbox/outcome/receipt.test.ts'];
const CAPS = ['test/caps.test.ts'];
const LEDGER = ['src/ledger/ledger.test.ts'];
const BROADCASTS = ['src/broadcasts/broadcasts.test.ts', 'test/broadcasts.test.ts'];

export const moreLedgerFaults = [
  ...inFile('src/ledger/sql.ts', RECEIPT, [
    [
      'a receipt moves another workspace’s delivery',
      'AND d.workspace_id = ${workspaceId} AND delivery_moves(d.state, n.state)',
      'AND delivery_moves(d.state, n.state)',
      ['src/outbox/outcome/receipt.test.ts: reaches nothing of another workspace'],
    ],
    [
      'a receipt leads back',
      'AND delivery_moves(d.state, n.state) AND d.state <> n.state',
      'AND d.state <> n.state',
      ['src/outbox/outcome/receipt.test.ts: move only forward'],
    ],
    [
      'a bounce of what was read teaches nothing',
      'd.state IN (${STATE.delivered}, ${STATE.read})',
      'd.state IN (${STATE.delivered})',
      ['src/outbox/outcome/receipt.test.ts: what a receipt teaches of an address'],
    ],
    [
      'what arrived after all counts as failed',
      "AND NOT jsonb_path_exists(coalesce(d.trail, '[]'), '$[*] ? (exists(@.late))')",
      '',
      ['src/broadcasts/broadcasts.test.ts: a receipt that comes late, before anybody'],
    ],
    [
      'marketing is transactional',
      "CASE d.class WHEN 1 THEN 'transactional' WHEN 2 THEN 'marketing'",
      "CASE d.class WHEN 1 THEN 'transactional' WHEN 2 THEN 'transactional'",
      ['src/outbox/deliver/deliver.test.ts: under a cap the second is held'],
    ],
    [
      'an outcome takes away the id that a receipt brought',
      'external_ids = coalesce(excluded.external_ids, d.external_ids)',
      'external_ids = excluded.external_ids',
      ['src/outbox/outcome/follow.test.ts: what a receipt brought'],
    ],
    [
      'what failed later was never sent',
      'sent_ms = coalesce(excluded.sent_ms, d.sent_ms)',
      'sent_ms = excluded.sent_ms',
      ['src/outbox/outcome/follow.test.ts: what a receipt brought'],
    ],
    [
      'tries are forgotten',
      'attempts = greatest(d.attempts, excluded.attempts)',
      'attempts = least(d.attempts, excluded.attempts)',
      ['src/outbox/outcome/follow.test.ts: keeps its tries and its trail'],
    ],
    [
      'an outcome tells where somebody was written to who is erased',
      'address = CASE WHEN d.erased THEN NULL ELSE coalesce(excluded.address, d.address) END',
      'address = coalesce(excluded.address, d.address)',
      ['test/erasedInFlight.test.ts: erased between the call and its settle'],
    ],
    [
      'a receipt says nothing of when it was sent',
      'sent_ms = coalesce(d.sent_ms, n.at_ms)',
      'sent_ms = d.sent_ms',
      ['src/outbox/outcome/follow.test.ts: what a receipt brought'],
    ],
    [
      'what was sent follows an address to another',
      'AND d.destination_id = m.from_id AND d.state < ${STATE.accepted}',
      'AND d.destination_id = m.from_id',
      ['src/outbox/outcome/follow.test.ts: follows its person'],
    ],
  ]),
  ...inFile(
    'src/ledger/sql.fallback.ts',
    [...RECEIPT, 'test/push.test.ts'],
    [
      [
        'a delivery that is there goes to another device',
        'DO UPDATE SET destination_id = excluded.destination_id\n      WHERE d.destination_id IS NULL',
        'DO UPDATE SET destination_id = excluded.destination_id',
        ['src/outbox/outcome/follow.test.ts: a further delivery that is there'],
      ],
      [
        'the first that was tried is taken for the last',
        'ORDER BY d.contact_id, d.cause_id, d.seq`',
        'ORDER BY d.contact_id, d.cause_id, d.seq DESC`',
        ['src/outbox/outcome/receipt.test.ts: a call that did not come about'],
      ],
      [
        'the last that was sent is the first',
        'ORDER BY d.sent_ms DESC, d.cause_id DESC',
        'ORDER BY d.sent_ms, d.cause_id DESC',
        ['src/ledger/said.test.ts'],
      ],
    ],
  ),
  ...inFile('src/ledger/sql.caps.ts', CAPS, [
    [
      'two at once find room for one',
      'ORDER BY c.bucket, c.contact_id FOR UPDATE`',
      'ORDER BY c.bucket, c.contact_id`',
      ['src/outbox/outcome/follow.test.ts: who takes room under a cap'],
    ],
    [
      'what may have been sent does not count',
      'AND (d.sent_ms >= ${sinceMs} OR (d.state = ${STATE.unknown} AND d.state_ms >= ${sinceMs}))',
      'AND d.sent_ms >= ${sinceMs}',
      [
        'test/caps.test.ts: what was sent before there was a cap',
        'src/outbox/deliver/deliver.test.ts: a cap that was taken away',
      ],
    ],
    [
      'room is given back while another device waits',
      'AND (d.sent_ms IS NOT NULL OR d.state < ${STATE.failed})',
      'AND d.sent_ms IS NOT NULL',
      ['test/caps.test.ts: room is kept while another delivery'],
    ],
    [
      'what is transactional takes room',
      'AND d.class = ${CLASS_BIT.marketing}',
      '',
      ['src/outbox/outcome/follow.test.ts: who takes room under a cap'],
    ],
    [
      'who becomes one with another has room for both',
      '      at_ms = c.at_ms || excluded.at_ms, cause_ids = c.cause_ids || excluded.cause_ids, filled_ms = 0`',
      '      filled_ms = 0`',
      ['src/outbox/outcome/follow.test.ts: of which a merge made two marks', 'test/consolePeople.test.ts'],
    ],
  ]),
  ...inFile('src/ledger/caps.ts', CAPS, [
    [
      'a cap that is set just now is taken for known',
      'UNSETTLED_MS = 60_000',
      'UNSETTLED_MS = -60_000',
      ['src/outbox/deliver/deliver.test.ts: a cap that was taken away'],
    ],
    [
      'of two marks of a cause the older one counts',
      'Math.max(latest.get(causeId) ?? 0, atMs[index]!)',
      'Math.min(latest.get(causeId) ?? Infinity, atMs[index]!)',
      [
        'src/outbox/outcome/follow.test.ts: of which a merge made two marks',
        'src/outbox/deliver/deliver.test.ts: a cap that was taken away',
      ],
    ],
  ]),
  ...inFile('src/ledger/callOff.ts', BROADCASTS, [
    [
      'what is unclear counts as canceled, too',
      'keys.length - known.length + moved.length',
      'keys.length',
      ['src/outbox/outcome/receipt.test.ts: called off: each recipient counts once'],
    ],
    [
      'what is called off keeps its room',
      '  await giveRoomBack(tx, keys);\n  if (!moved.length) return;',
      '  if (!moved.length) return;',
      ['test/caps.test.ts: a broadcast that is called off gives back'],
    ],
  ]),
  ...inFile('src/ledger/sql.cancel.ts', BROADCASTS, [
    [
      'what may have been sent is called off',
      'AND d.state IN (${STATE.queued}, ${STATE.held})',
      'AND d.state < ${STATE.accepted}',
      ['src/outbox/outcome/receipt.test.ts: called off: each recipient counts once'],
    ],
  ]),
  ...inFile('src/ledger/states.ts', LEDGER, [
    [
      'what is unclear does not wait',
      '[STATE.queued, STATE.held, STATE.unknown];\nconst ALL',
      '[STATE.queued, STATE.held];\nconst ALL',
    ],
    [
      'a message that failed stands as failed though another of it waits',
      'state < STATE.failed);',
      'state <= STATE.failed);',
    ],
    [
      'what failed has not ended',
      'state === STATE.read || state >= STATE.failed',
      'state === STATE.read || state > STATE.failed',
    ],
    [
      'what was sent is not in order',
      '[STATE.accepted, STATE.delivered, STATE.read];',
      '[STATE.accepted, STATE.read, STATE.delivered];',
      ['src/ledger/hours.test.ts'],
    ],
  ]),
  ...inFile(
    'src/ledger/onward.ts',
    ['test/push.test.ts'],
    [
      [
        'the devices of a fall-back take the places of the first',
        'seq: item.seq + index,',
        'seq: index,',
        ['test/push.test.ts'],
      ],
    ],
  ),
  ...inFile(
    'src/ledger/deliveries.ts',
    ['src/ledger/pages.test.ts'],
    [
      [
        'somebody’s devices are divided between pages',
        'found.filter(({ contactId }) => contactId !== last)',
        'found.slice(0, most)',
      ],
    ],
  ),
  ...inFile('src/broadcasts/steps.ts', BROADCASTS, [
    [
      'a broadcast is done before all are in',
      'if (marks.length < lanes.length) return { dueMs: nowMs + LOOK_MS };',
      '',
      [
        'src/broadcasts/broadcasts.test.ts: the audience is put in once',
        'src/broadcasts/broadcasts.test.ts: called off while a worker',
      ],
    ],
    [
      'the hour of a test workspace is ours',
      'return { dueMs: now.scheduledMs! - workspace.clockAheadMs };',
      'return { dueMs: now.scheduledMs! };',
      ['src/broadcasts/broadcasts.test.ts: its hour: not before it'],
    ],
    [
      'one that was called off is looked at when what is held falls due',
      "(now.state === 'canceled' ? nowMs : Math.max(nowMs, firstMs))",
      'Math.max(nowMs, firstMs)',
      [
        'test/broadcasts.test.ts: called off while held',
        'src/broadcasts/broadcasts.test.ts: paused nothing is looked at',
      ],
    ],
    [
      'one that was called off is done',
      "const isDone = now.state === 'running';",
      'const isDone = true;',
      ['src/broadcasts/broadcasts.test.ts: paused nothing is looked at'],
    ],
    [
      'what a run is for is read once',
      'const RUN_FRESH_MS = 500;',
      'const RUN_FRESH_MS = 500_000;',
      [
        'src/broadcasts/broadcasts.test.ts: the lower of its own rate',
        'test/broadcasts.test.ts: called off before, while and after',
      ],
    ],
    [
      'the integration that was chosen is not kept to',
      'integrationId: broadcast.integrationId,\n    startedMs',
      'integrationId: null,\n    startedMs',
      ['src/outbox/deliver/deliver.test.ts: a run goes through the integration'],
    ],
  ]),
  ...inFile('src/broadcasts/broadcasts.ts', BROADCASTS, [
    [
      'who comes second changes a draft unseen',
      'if (revision !== undefined && revision !== now.revision) return changedMeanwhile(now.revision);',
      '',
      ['src/broadcasts/broadcasts.test.ts: the table of states'],
    ],
    [
      'what is called off is not taken out',
      'const dueMs = broadcast.runId === null ? undefined : await byOurClock(deps, workspaceId, nowMs);',
      'const dueMs = undefined;',
      ['src/broadcasts/broadcasts.test.ts: paused nothing is looked at'],
    ],
    [
      'a broadcast’s rate is forgotten when it goes on',
      'ratePerS: await rateInForce(deps, broadcast),',
      'ratePerS: null,',
      ['src/broadcasts/broadcasts.test.ts: the lower of its own rate'],
    ],
    [
      'one that runs can be deleted',
      "['draft'], 'be deleted'",
      "['draft', 'running'], 'be deleted'",
      ['src/broadcasts/broadcasts.test.ts: the table of states'],
    ],
    [
      'the first step of one that waits for its hour stays',
      "const stepId = await replaceStep(deps, tx, broadcast, undefined);\n  await updateState(tx, id, 'draft'",
      "const stepId = broadcast.stepId;\n  await updateState(tx, id, 'draft'",
      ['src/broadcasts/broadcasts.test.ts: its hour: not before it'],
    ],
  ]),
  ...inFile('src/broadcasts/retry.ts', BROADCASTS, [
    [
      'a third try forgets the first',
      'retryOf: [...(first.retryOf ?? []), first.runId]',
      'retryOf: [first.runId]',
      ['src/broadcasts/broadcasts.test.ts: a receipt that comes late, after'],
    ],
    [
      'who was called off is tried once more',
      "if (first.runId === null || first.state === 'canceled')",
      'if (first.runId === null)',
      ['src/broadcasts/broadcasts.test.ts: whom it did not reach is tried once more'],
    ],
  ]),
  ...inFile('src/broadcasts/sql.ts', BROADCASTS, [
    [
      'who was reached on another device is written to again',
      'AND o.cause_id = ${runId} AND o.state < ${STATE.failed})',
      'AND o.cause_id = ${runId} AND o.state < 0)',
      ['src/broadcasts/broadcasts.test.ts: whom it did not reach is tried once more'],
    ],
    [
      'who failed for another reason is tried too',
      'AND (${code}::text IS NULL OR d.code = ${code}::text)',
      'AND (${code}::text IS NULL OR true)',
      ['src/broadcasts/broadcasts.test.ts: whom it did not reach is tried once more'],
    ],
    [
      'a draft has one revision for ever',
      'changed_ms = ${nowMs}, revision = revision + 1',
      'changed_ms = ${nowMs}',
      ['src/broadcasts/broadcasts.test.ts: the table of states'],
    ],
  ]),
];
