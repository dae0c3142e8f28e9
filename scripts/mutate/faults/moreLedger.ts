/** A second look at what is kept and carried out: the ledger’s statements, caps, and the steps of broadcasts. */
import { inFile } from '../fault.ts';

const RECEIPT = ['src/outbox/outcome/receipt.test.ts'];
const FOLLOW = ['src/outbox/outcome/follow.test.ts', ...RECEIPT];
const CAPS = ['test/caps.test.ts'];
const LEDGER = ['src/ledger/ledger.test.ts'];
const BROADCASTS = ['src/broadcasts/broadcasts.test.ts', 'test/broadcasts.test.ts'];

export const moreLedgerFaults = [
  ...inFile('src/ledger/sql.ts', RECEIPT, [
    [
      'a receipt moves another workspace’s delivery',
      'AND d.workspace_id = ${workspaceId} AND delivery_moves(d.state, n.state)',
      'AND delivery_moves(d.state, n.state)',
    ],
    [
      'a receipt leads back',
      'AND delivery_moves(d.state, n.state) AND d.state <> n.state',
      'AND d.state <> n.state',
    ],
    [
      'a receipt that comes twice is told twice',
      'AND delivery_moves(d.state, n.state) AND d.state <> n.state',
      'AND delivery_moves(d.state, n.state)',
    ],
    [
      'a bounce of what was read teaches nothing',
      'd.state IN (${STATE.delivered}, ${STATE.read})',
      'd.state IN (${STATE.delivered})',
    ],
    [
      'what arrived after all counts as failed',
      "AND NOT jsonb_path_exists(coalesce(d.trail, '[]'), '$[*] ? (exists(@.late))')",
      '',
      ['test/broadcasts.test.ts', ...RECEIPT],
    ],
    [
      'marketing is transactional',
      "CASE d.class WHEN 1 THEN 'transactional' WHEN 2 THEN 'marketing'",
      "CASE d.class WHEN 1 THEN 'transactional' WHEN 2 THEN 'transactional'",
      ['src/outbox/deliver/deliver.test.ts', ...CAPS],
    ],
    [
      'an outcome takes away the id that a receipt brought',
      'external_ids = coalesce(excluded.external_ids, d.external_ids)',
      'external_ids = excluded.external_ids',
      FOLLOW,
    ],
    [
      'what failed later was never sent',
      'sent_ms = coalesce(excluded.sent_ms, d.sent_ms)',
      'sent_ms = excluded.sent_ms',
      FOLLOW,
    ],
    [
      'tries are forgotten',
      'attempts = greatest(d.attempts, excluded.attempts)',
      'attempts = least(d.attempts, excluded.attempts)',
      ['src/outbox/deliver/deliver.test.ts'],
    ],
    [
      'an outcome tells where somebody was written to who is erased',
      'address = CASE WHEN d.erased THEN NULL ELSE coalesce(excluded.address, d.address) END',
      'address = coalesce(excluded.address, d.address)',
      ['test/erasedInFlight.test.ts'],
    ],
    [
      'a receipt says nothing of when it was sent',
      'sent_ms = coalesce(d.sent_ms, n.at_ms)',
      'sent_ms = d.sent_ms',
    ],
    [
      'what was sent follows an address to another',
      'AND d.destination_id = m.from_id AND d.state < ${STATE.accepted}',
      'AND d.destination_id = m.from_id',
      ['test/sunshineMerge.test.ts', 'test/consolePeople.test.ts'],
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
      ],
      [
        'the first that was tried is taken for the last',
        'ORDER BY d.contact_id, d.cause_id, d.seq`',
        'ORDER BY d.contact_id, d.cause_id, d.seq DESC`',
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
    ],
    [
      'what may have been sent does not count',
      'AND (d.sent_ms >= ${sinceMs} OR (d.state = ${STATE.unknown} AND d.state_ms >= ${sinceMs}))',
      'AND d.sent_ms >= ${sinceMs}',
    ],
    [
      'room is given back while another device waits',
      'AND (d.sent_ms IS NOT NULL OR d.state < ${STATE.failed})',
      'AND d.sent_ms IS NOT NULL',
    ],
    ['what is transactional takes room', 'AND d.class = ${CLASS_BIT.marketing}', ''],
    [
      'who becomes one with another has room for both',
      '      at_ms = c.at_ms || excluded.at_ms, cause_ids = c.cause_ids || excluded.cause_ids, filled_ms = 0`',
      '      filled_ms = 0`',
    ],
  ]),
  ...inFile('src/ledger/caps.ts', CAPS, [
    ['a cap that is set just now is taken for known', 'UNSETTLED_MS = 60_000', 'UNSETTLED_MS = -60_000'],
    [
      'of two marks of a cause the older one counts',
      'Math.max(latest.get(causeId) ?? 0, atMs[index]!)',
      'Math.min(latest.get(causeId) ?? Infinity, atMs[index]!)',
    ],
  ]),
  ...inFile('src/ledger/callOff.ts', BROADCASTS, [
    ['what is unclear counts as canceled, too', 'keys.length - known.length + moved.length', 'keys.length'],
    [
      'what is called off keeps its room',
      '  await giveRoomBack(tx, keys);\n  if (!moved.length) return;',
      '  if (!moved.length) return;',
      [...CAPS, ...BROADCASTS],
    ],
  ]),
  ...inFile('src/ledger/sql.cancel.ts', BROADCASTS, [
    [
      'what may have been sent is called off',
      'AND d.state IN (${STATE.queued}, ${STATE.held})',
      'AND d.state < ${STATE.accepted}',
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
        ['src/outbox/outcome/receipt.test.ts', 'test/push.test.ts'],
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
    ],
    [
      'the hour of a test workspace is ours',
      'return { dueMs: now.scheduledMs! - workspace.clockAheadMs };',
      'return { dueMs: now.scheduledMs! };',
      ['test/workspaceClock.test.ts', ...BROADCASTS],
    ],
    [
      'one that was called off is looked at when what is held falls due',
      "(now.state === 'canceled' ? nowMs : Math.max(nowMs, firstMs))",
      'Math.max(nowMs, firstMs)',
    ],
    ['one that was called off is done', "const isDone = now.state === 'running';", 'const isDone = true;'],
    ['what a run is for is read once', 'const RUN_FRESH_MS = 500;', 'const RUN_FRESH_MS = 500_000;'],
    [
      'the integration that was chosen is not kept to',
      'integrationId: broadcast.integrationId,\n    startedMs',
      'integrationId: null,\n    startedMs',
    ],
  ]),
  ...inFile('src/broadcasts/broadcasts.ts', BROADCASTS, [
    [
      'who comes second changes a draft unseen',
      'if (revision !== undefined && revision !== now.revision) return changedMeanwhile(now.revision);',
      '',
      ['test/console.test.ts', ...BROADCASTS],
    ],
    [
      'what is called off is not taken out',
      'const dueMs = broadcast.runId === null ? undefined : await byOurClock(deps, workspaceId, nowMs);',
      'const dueMs = undefined;',
    ],
    [
      'a broadcast’s rate is forgotten when it goes on',
      'ratePerS: await rateInForce(deps, broadcast),',
      'ratePerS: null,',
    ],
    [
      'an hour of a test workspace is ours',
      'broadcast, atMs - workspace.clockAheadMs)',
      'broadcast, atMs)',
      ['test/workspaceClock.test.ts', ...BROADCASTS],
    ],
    ['one that runs can be deleted', "['draft'], 'be deleted'", "['draft', 'running'], 'be deleted'"],
    [
      'the first step of one that waits for its hour stays',
      "const stepId = await replaceStep(deps, tx, broadcast, undefined);\n  await updateState(tx, id, 'draft'",
      "const stepId = broadcast.stepId;\n  await updateState(tx, id, 'draft'",
    ],
  ]),
  ...inFile('src/broadcasts/retry.ts', BROADCASTS, [
    [
      'a third try forgets the first',
      'retryOf: [...(first.retryOf ?? []), first.runId]',
      'retryOf: [first.runId]',
    ],
    [
      'who was called off is tried once more',
      "if (first.runId === null || first.state === 'canceled')",
      'if (first.runId === null)',
    ],
  ]),
  ...inFile('src/broadcasts/sql.ts', BROADCASTS, [
    [
      'who was reached on another device is written to again',
      'AND o.cause_id = ${runId} AND o.state < ${STATE.failed})',
      'AND o.cause_id = ${runId} AND o.state < 0)',
    ],
    [
      'who failed for another reason is tried too',
      'AND (${code}::text IS NULL OR d.code = ${code}::text)',
      'AND (${code}::text IS NULL OR true)',
    ],
    [
      'a draft has one revision for ever',
      'changed_ms = ${nowMs}, revision = revision + 1',
      'changed_ms = ${nowMs}',
      ['test/console.test.ts', ...BROADCASTS],
    ],
  ]),
];
