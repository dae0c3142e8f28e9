/**
 * Repairs of the core, each taken back in a copy of the code: what the simulation is there to find. `npm run simulate -- --reverts`
 * plays seeds against each until one is broken. `lacks` says of one that is not caught what the simulation would need.
 */

/** A repair, and how to take it back. */
export type Revert = {
  name: string;
  file: string;
  from: string;
  to: string;
  /** Kinds of step that it takes; plans are made of these. */
  focus: readonly string[];
  lacks?: string;
};

const SINGLE = 'sends single';
const SEVERAL = 'sends several';
const START = 'broadcasts start';
/** Many who wait before one slow provider. */
const LINE = ['people crowd', 'processes slow'] as const;

export const REVERTS: readonly Revert[] = [
  {
    name: 'early receipt: a failed one before its own settle broke a CHECK, and the batch was abandoned',
    file: 'src/db/migrations/0020_end_stays.sql',
    from: ' OR prior_state = state) NOT VALID',
    to: ') NOT VALID',
    focus: [START, 'processes trouble'],
  },
  {
    name: 'early receipt: one that came before the row of a broadcast’s delivery was dropped',
    file: 'src/ledger/receipts.ts',
    from: 'if (early.length) await',
    to: 'if (early.length > 1e9) await',
    focus: [START, 'processes trouble'],
  },
  {
    name: 'receipts: one that reaches another workspace moved the delivery',
    file: 'src/ledger/sql.ts',
    from: 'AND d.workspace_id = ${workspaceId} AND delivery_moves(d.state, n.state)',
    to: 'AND delivery_moves(d.state, n.state)',
    focus: [SINGLE, START],
  },
  {
    name: 'cap: looked at without a lock',
    file: 'src/ledger/sql.caps.ts',
    from: 'ORDER BY c.bucket, c.contact_id FOR UPDATE`',
    to: 'ORDER BY c.bucket, c.contact_id`',
    focus: [START, 'workspaces cap'],
  },
  {
    name: 'cap: looked at by what was sent, not by what may have been',
    file: 'src/ledger/caps.ts',
    from: 'if (changed.size)\n',
    to: 'if (changed.size > 1e9)\n',
    focus: [START, SINGLE, 'workspaces cap'],
  },
  {
    name: 'cancel: what was held stayed held, and due',
    file: 'src/broadcasts/steps.ts',
    from: "if (before.state === 'canceled' && before.runId !== null) await takeOut(deps, before);",
    to: '',
    focus: [START, 'broadcasts cancel'],
  },
  {
    name: 'cancel: what was held was counted twice',
    file: 'src/ledger/callOff.ts',
    from: 'state: STATE.held, n: -held',
    to: 'state: STATE.held, n: 0 * held',
    focus: [START, 'broadcasts cancel', 'workspaces quiet hours'],
  },
  {
    name: 'cancel: fan-out went on afterwards',
    file: 'src/broadcasts/fanOut.ts',
    from: "if (now?.state !== 'running') return false;",
    to: 'if (!now) return false;',
    focus: [START, 'broadcasts cancel'],
  },
  {
    name: 'cancel: a claim that was under way was not waited for',
    file: 'src/queue/work/streams.ts',
    from: 'await lockLane(tx, lane);\n  return await deleteStream(tx, lane, kind, stream, most);',
    to: 'return await deleteStream(tx, lane, kind, stream, most);',
    focus: [...LINE, START, 'broadcasts cancel'],
  },
  {
    name: 'pause: not looked at in the line before a provider',
    file: 'src/outbox/deliver/send.ts',
    from: "return unwatch ? flow.leave(stream) : 'go';",
    to: "return 'go';",
    focus: [...LINE, START, 'broadcasts pause'],
  },
  {
    name: 'lease: not looked at in the line before a provider',
    file: 'src/outbox/deliver/send.ts',
    from: 'if (over || !batch.holds())',
    to: 'if (over)',
    focus: [...LINE, START, 'processes sleep', 'processes hire'],
  },
  {
    name: 'lease: what a sleeper settles stands',
    file: 'src/queue/work/settle.ts',
    from: 'batches.filter(({ lane }) => held.has(lane.lane))',
    to: 'batches',
    focus: [...LINE, START, 'processes sleep', 'processes hire'],
  },
  {
    name: 'abandoned batch: unclear was all that was claimed',
    file: 'src/outbox/deliver/deliver.ts',
    from: 'Math.max(0, WHOLE - alone) : 0)',
    to: 'Math.max(0, WHOLE - alone) : BATCH)',
    focus: [...LINE, START, 'processes kill', 'processes hire'],
  },
  {
    name: 'abandoned batch: sent again although its receipt had come',
    file: 'src/outbox/deliver/unknown.ts',
    from: '(row && !isWaiting(row.state))',
    to: 'false',
    focus: ['processes slow', START, SINGLE, 'processes kill', 'processes hire'],
  },
  {
    name: 'unclear: a provider that can be asked was not asked',
    file: 'src/outbox/deliver/send.ts',
    from: 'return wasUnknown && open.canTell;',
    to: 'return false && wasUnknown && open.canTell;',
    focus: ['processes slow', START, SINGLE, 'processes kill', 'processes hire'],
  },
  {
    name: 'pool: runs were read with a second connection inside a transaction',
    file: 'src/parley.ts',
    from: 'runs: runSource({ ...ground, sql: ground.aside })',
    to: 'runs: runSource(ground)',
    focus: [START, 'broadcasts cancel', 'processes trouble'],
  },
  {
    name: 'pool: workspaces were read with a second connection inside a transaction',
    file: 'src/parley.ts',
    from: 'directory: createDirectory({ ...ground, sql: ground.aside })',
    to: 'directory: createDirectory(ground)',
    focus: [START, SINGLE, 'broadcasts cancel', 'broadcasts pause', 'broadcasts resume'],
  },
  {
    name: 'erase: numbers stayed in deliveries',
    file: 'src/ledger/room.ts',
    from: 'scrubDeliveries(tx, workspaceId, contactIds),\n',
    to: 'scrubDeliveries(tx, workspaceId, []),\n',
    focus: [SINGLE, START, 'people erase'],
  },
  {
    name: 'erase: what waited for somebody who is erased was held for ever',
    file: 'src/outbox/deliver/prepare.ts',
    from: 'draft.wasUnknown ? undefined : decideErased(draft, terms, nowMs)',
    to: 'draft.wasUnknown ? undefined : undefined',
    focus: [SINGLE, 'people erase', 'workspaces quiet hours'],
  },
  {
    name: 'order: messages to one contact left at once',
    file: 'src/outbox/deliver/deliver.ts',
    from: 'const sent = turn.before\n',
    to: 'const sent = turn.before && deps.clock.nowMs() < 0\n',
    focus: ['processes slow', SEVERAL],
  },
  {
    name: 'order: webhook calls of one contact overtook each other',
    file: 'src/webhooks/deliver.ts',
    from: 'let held = await turn.before;',
    to: 'let held = (turn.before, undefined as Awaited<typeof turn.before>);',
    focus: [SEVERAL, 'people reply'],
  },
  {
    name: 'starvation: room in flight was one for all workspaces',
    file: 'src/queue/work/interactive.ts',
    from: 'const passOver = rooms.full();',
    to: 'const passOver: number[] = [];',
    focus: [],
    lacks: 'a workspace of a run has 24 people, and a room in flight holds 1,500 messages: none is ever full',
  },
  {
    name: 'wakes: those of a process with the same pid were ignored',
    file: 'src/queue/queue.ts',
    from: '',
    to: '',
    focus: [],
    lacks: 'all that plays is one process; a wake that is lost is played, but a worker finds its work within a second all the same',
  },
  {
    name: 'campaigns: an answer was told of no campaign, and the reader of the feed failed',
    file: 'src/campaigns/events/sql.told.ts',
    from: 's.version_id AS "versionId", s.variant, s.step, s.depth\n    FROM campaign_sends s JOIN campaigns c ON c.id',
    to: 'version_id AS "versionId", s.variant, s.step, s.depth\n    FROM campaign_sends s JOIN campaigns c ON c.id',
    focus: ['campaigns event', 'people reply'],
  },
  {
    name: 'campaigns: who left while the campaign stood still went on in it afterwards',
    file: 'src/campaigns/enrol/engine.ts',
    from: 'return left.ended && apply(live, member, enrolment, left, changes);',
    to: 'return void left;',
    focus: ['campaigns event', 'campaigns pause', 'campaigns resume'],
  },
  {
    name: 'ids: of several that slept past their loans one drew from a place of another',
    file: 'src/db/idPlaces.ts',
    from: 'if (hasSlept) return [];',
    to: '',
    focus: [SINGLE, 'processes hire', 'workspaces quiet hours'],
  },
];
