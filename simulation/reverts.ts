/**
 * Repairs of the core, each taken back in a copy of the code: what the simulation is there to find. `npm run simulate -- --reverts`
 * plays seeds against each until one is broken. `lacks` says of one that is not caught what the simulation would need.
 */

/** One change of the text of a file. */
type Edit = { file: string; from: string; to: string };

/** A repair, and how to take it back. */
export type Revert = Edit & {
  name: string;
  /** Where another place would do the same meanwhile: taken back with it. */
  and?: readonly Edit[];
  /** Kinds of step that it takes, in their order, and what of them must be so (plan.ts); the rest is drawn. */
  focus: readonly string[];
  lacks?: string;
};

const SINGLE = 'sends single';
const SEVERAL = 'sends several';
const START = 'broadcasts start';
const TROUBLE = 'processes trouble level=2.5';
/** Many who wait before one slow provider. */
const LINE = ['people crowd', 'processes slow kind=all'] as const;
/** The first worker sleeps past its lease, in the middle of a broadcast that another goes on with, and wakes. */
const SLEEPER = ['processes sleep worker=a forMs=100000 after=9000', 'processes hire worker=c after=130000'] as const;
/** Until the evening of the first day nobody gets marketing. */
const QUIET = 'workspaces quiet hours quietHours={"from":"08:00","to":"20:00"}';
const MARKETING = `${START} class=marketing`;
/** After what workers know of the workspace is of today. */
const SETTLED = `${MARKETING} after=10000`;

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
    focus: [TROUBLE, START],
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
    focus: [QUIET, SETTLED, 'broadcasts cancel number=0 after=8000'],
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
    focus: [
      'people crowd',
      'processes slow database player=b',
      'processes hire worker=b',
      `${START} ratePerS=64 after=30000`,
      'broadcasts cancel number=0 after=6000',
    ],
  },
  {
    name: 'pause: not looked at in the line before a provider',
    file: 'src/outbox/deliver/send.ts',
    from: "return unwatch ? flow.leave(stream) : 'go';",
    to: "return 'go';",
    focus: [...LINE, START, 'broadcasts pause number=0 after=5000', 'processes hire worker=b after=20000'],
  },
  {
    name: 'lease: not looked at in the line before a provider',
    file: 'src/outbox/deliver/send.ts',
    from: 'if (over || !batch.holds())',
    to: 'if (over)',
    focus: [...LINE, 'processes hire worker=b', `${START} by=asked class=transactional after=30000`, ...SLEEPER],
  },
  {
    name: 'lease: what a sleeper settles stands',
    file: 'src/queue/work/settle.ts',
    from: 'batches.filter(({ lane }) => held.has(lane.lane) && last.get(lane.lane)!.epoch === lane.epoch)',
    to: 'batches',
    // What goes back unstarted is put off as it was claimed: what is known of it since is forgotten.
    focus: [
      ...LINE,
      'processes trouble level=1.5',
      'processes hire worker=b',
      `${START} by=asked after=30000`,
      'processes sleep worker=a forMs=60000 after=9000',
      'processes hire worker=c after=90000',
    ],
  },
  {
    name: 'abandoned batch: unclear was all that was claimed',
    file: 'src/outbox/deliver/deliver.ts',
    from: 'Math.max(0, WHOLE - alone) : 0)',
    to: 'Math.max(0, WHOLE - alone) : BATCH)',
    focus: [...LINE, `${START} by=asked`, 'processes kill worker=a after=9000', 'processes hire worker=b after=60000'],
  },
  {
    name: 'abandoned batch: sent again although its receipt had come',
    file: 'src/outbox/deliver/unknown.ts',
    from: '(row && !isWaiting(row.state))',
    to: 'false',
    // What is tried again is looked at again.
    and: [
      {
        file: 'src/outbox/deliver/drafts.ts',
        from: 'if (state !== undefined && !isWaiting(state)) decided',
        to: 'if (state === -1) decided',
      },
    ],
    focus: [...LINE, TROUBLE, START, `${SINGLE} of=busy class=transactional rush=9 after=3000`, 'processes kill worker=a after=3000'],
  },
  {
    name: 'unclear: a provider that can be asked was not asked',
    file: 'src/outbox/deliver/send.ts',
    from: 'return wasUnknown && open.canTell;',
    to: 'return false && wasUnknown && open.canTell;',
    focus: [TROUBLE, `${START} by=asked class=transactional`, `${SINGLE} by=asked class=transactional`],
  },
  {
    name: 'pool: runs were read with a second connection inside a transaction',
    file: 'src/parley.ts',
    from: 'runs: runSource({ ...ground, sql: ground.aside })',
    to: 'runs: runSource(ground)',
    focus: [
      'people crowd',
      'processes few connections count=2',
      'processes slow database player=door',
      TROUBLE,
      `${START} by=asked after=3000`,
      `${START} by=idempotent after=0`,
      `${START} by=batch after=0`,
    ],
  },
  {
    name: 'pool: workspaces were read with a second connection inside a transaction',
    file: 'src/parley.ts',
    from: 'directory: createDirectory({ ...ground, sql: ground.aside })',
    to: 'directory: createDirectory(ground)',
    focus: [`${SINGLE} of=busy class=transactional rush=9`],
  },
  {
    name: 'erase: numbers stayed in deliveries',
    file: 'src/ledger/room.ts',
    from: 'scrubDeliveries(tx, workspaceId, contactIds),\n',
    to: 'scrubDeliveries(tx, workspaceId, []),\n',
    focus: [START, 'people erase after=60000'],
  },
  {
    name: 'erase: what waited for somebody who is erased was held for ever',
    file: 'src/outbox/deliver/prepare.ts',
    from: 'draft.wasUnknown ? undefined : decideErased(draft, terms, nowMs)',
    to: 'draft.wasUnknown ? undefined : undefined',
    focus: [QUIET, `${SINGLE} of=busy person=21 class=marketing by=plain`, 'people erase person=21 after=3000'],
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
    from: 'const held = new Map(await turn.before);',
    to: 'const held = new Map((turn.before, undefined as Awaited<typeof turn.before>));',
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
    from: 's.version_id AS "versionId", s.variant, s.step, s.depth\n    FROM ${those(db, contactIds',
    to: 'version_id AS "versionId", s.variant, s.step, s.depth\n    FROM ${those(db, contactIds',
    focus: ['campaigns event', 'people reply'],
  },
  {
    name: 'campaigns: who left while the campaign stood still went on in it afterwards',
    file: 'src/campaigns/enrol/engine.ts',
    from: 'return left.ended && apply(live, member, enrolment, left, changes);',
    to: 'return void left;',
    focus: [
      'campaigns event person=3 event=joined',
      'campaigns pause of=all after=5000',
      'campaigns event person=3 event=left after=3000',
      'campaigns resume after=5000',
    ],
  },
  {
    name: 'ids: of several that slept past their loans one drew from a place of another',
    file: 'src/db/idPlaces.ts',
    from: 'if (hasSlept) return [];',
    to: '',
    focus: ['processes hire worker=b', 'processes hire worker=c', QUIET, SETTLED, `${SINGLE} after=40000000`, SINGLE],
  },
  {
    name: 'console: what was seen before the inbox had heard of it stayed unread',
    file: 'src/inbox/sql.notes.ts',
    from: 'i.contact_id = s.contact_id AND i.read_ms = 0 AND s.read_ms > 0`',
    to: 'i.contact_id = s.contact_id AND false`',
    // All have written before the first step, and nobody has heard of it then.
    focus: ['console see whom=23 operator=0 after=0', 'console see whom=20 operator=1 after=0', 'console see whom=17 operator=2 after=3'],
  },
  {
    name: 'console: what is written of somebody while they are erased stayed',
    file: 'src/inbox/inbox.ts',
    from: 'return (await holdContacts(tx, [of])).present.has(of.contactId);',
    to: 'return of.contactId > 0 || (await holdContacts(tx, [of])).present.size > 0;',
    focus: [
      'console erase person=23 after=10000',
      'console draft whom=23 operator=0 after=0',
      'console see whom=23 operator=1 after=1',
      'console draft whom=23 operator=2 after=1',
      'console see whom=23 operator=0 after=1',
    ],
  },
  {
    name: 'console: who was mentioned of somebody who became another was not told',
    file: 'src/inbox/room.ts',
    from: 'if (mentionedMs !== null) await upsertMentioned(',
    to: 'if (mentionedMs !== null && mentionedMs < 0) await upsertMentioned(',
    focus: ['console note whom=14 operator=0 mention=1', 'console merge after=3000'],
  },
  {
    name: 'console: what was said and removed before the inbox heard of either was the last for ever',
    file: 'src/inbox/reader.ts',
    from: 'const answered = said.length ? await updateSaid(tx, said) : [];',
    to: 'const answered: number[] = [];',
    and: [
      {
        file: 'src/inbox/reader.ts',
        from: 'if (less.length) await takeBack(tx, less);',
        to: 'if (less.length) await takeBack(tx, less);\n      if (said.length) await updateSaid(tx, said);',
      },
    ],
    focus: [
      'processes kill worker=a after=10000',
      'console answer whom=23 operator=0 seen=1 as=-1 after=3000',
      'console remove which=0 after=3000',
      'processes hire worker=b after=3000',
    ],
  },
  {
    name: 'live: of somebody who was erased while their page connected a log began',
    file: 'src/live/log.ts',
    from: 'if (present.has(contactId)) await insertHead(tx, contactId);',
    to: 'if (present.size < 2) await insertHead(tx, contactId);',
    focus: ['live vanish chat=0 after=5000', 'live connect chat=0 after=0', 'live connect chat=0 after=1', 'live leave chat=0 after=1'],
  },
  {
    name: 'live: what was still in the feed when a page came was shown to it twice',
    file: 'src/live/log.ts',
    from: 'pending.filter((id) => shown.has(id)).slice(0, 2 * PAGE)',
    to: 'pending.filter((id) => !shown.has(id)).slice(0, 2 * PAGE)',
    focus: ['live answer chat=0 times=3 after=5000', 'live connect chat=0 after=0', 'live answer chat=0 times=3 after=1'],
  },
  {
    name: 'live: what a page says again, since it heard of no answer, was kept twice',
    file: 'src/doors/live/say.ts',
    from: '`web-${contactId.toString(36)}-${what.clientId}`',
    to: '`web-${contactId.toString(36)}-${what.clientId}-${ctx.ids.spread()}`',
    focus: ['live connect chat=0', 'live say chat=0 after=1000', 'live leave chat=0 after=60', 'live connect chat=0 after=1000'],
  },
];
