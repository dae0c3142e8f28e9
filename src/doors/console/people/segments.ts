/** Segments: what is written of them, who is in them, and a rule tried before it is kept. */
import type { Static } from 'typebox';
import {
  NewSegment,
  RuleShown,
  RuleTried,
  SegmentCount,
  SegmentMembers,
  SegmentPage,
  SegmentPatch,
  SegmentShown,
} from '../../../../contract/doors/console/segments.ts';
import { NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import { oneOf } from '../../../../contract/doors/fields.ts';
import { fault, isFault, type Fault } from '../../../base/fault.ts';
import { MAX_ID, toHex24 } from '../../../base/ids.ts';
import { cutPage } from '../../../base/page.ts';
import { broadcastSendingTo } from '../../../broadcasts/find.ts';
import {
  changeSegment,
  createSegment,
  removeSegment,
  tryRule,
  type SegmentInput,
} from '../../../campaigns/segments/segments.ts';
import {
  countSegment,
  estimateSegment,
  segmentMembers,
  segmentsOf,
  selectSegment,
  type Segment,
} from '../../../contacts/segments.ts';
import type { Tx } from '../../../db/pool.ts';
import {
  idText,
  acts,
  idIn,
  missing,
  queryWord,
  readPage,
  reads,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from '../route.ts';

const one = '/segments/:segmentId';
const answers = { 200: SegmentShown };
/** Contacts that are shown of a rule. */
const SAMPLE = 10;

/** `…/segments`. */
export const segmentRoutes: readonly Route[] = [
  reads({
    path: '/segments',
    action: 'contacts.read',
    does: 'Segments, newest first.',
    query: NEWEST_FIRST,
    answer: SegmentPage,
    async handle(call) {
      const page = readPage(call);
      if (isFault(page)) return page;
      const { limit, before = MAX_ID } = page;
      const of = { beforeId: before, limit: limit + 1 };
      const found = await segmentsOf(call.ctx.sql, call.workspace.id, of);
      const { rows, last } = cutPage(found, limit);
      return {
        segments: rows.map(present),
        next: idText(last?.id),
      };
    },
  }),
  reads({
    path: one,
    action: 'contacts.read',
    does: 'A segment.',
    answer: SegmentShown,
    async handle(call) {
      const found = await find(call);
      return isFault(found) ? found : present(found);
    },
  }),
  reads({
    path: `${one}/count`,
    action: 'contacts.read',
    does: 'About how many contacts are in a segment; counted whole when `exact` is asked for, once who is in it is found.',
    query: { exact: oneOf(['true', 'false'] as const) },
    answer: SegmentCount,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const exact = queryWord(call, 'exact', ['true', 'false']);
      if (isFault(exact)) return exact;
      // Until who is in it is found its rule is asked: a part of them is no answer.
      if (found.state === 'building') {
        const asked = await tryRule(
          call.ctx,
          call.ctx.sql,
          found.workspaceId,
          found.rule,
          call.workspaceNowMs,
        );
        return isFault(asked) ? asked : { ...asked.estimate, exact: null };
      }
      return {
        ...(await estimateSegment(call.ctx.sql, found.id)),
        exact: exact === 'true' ? await countSegment(call.ctx.sql, found.id) : null,
      };
    },
  }),
  reads({
    path: `${one}/members`,
    action: 'contacts.read',
    does: 'Who is in a segment, and since when.',
    query: NEWEST_FIRST,
    answer: SegmentMembers,
    handle: members,
  }),
  ...changes(),
];

function changes(): Route[] {
  return [
    writes({
      path: '/segments',
      action: 'broadcasts.write',
      does: 'Makes a segment; who is in it is found in a moment.',
      body: NewSegment,
      answers: { 201: SegmentShown },
      handle: async (call) => work('create', 201, (tx) => createSegment(call.ctx, tx, ...of(call))),
    }),
    writes({
      method: 'PATCH',
      path: one,
      action: 'broadcasts.write',
      does: 'Changes a segment. A rule that is another is gone through again, and sets nothing off.',
      body: SegmentPatch,
      answers,
      handle: async (call) =>
        work('update', 200, (tx) =>
          changeSegment(
            call.ctx,
            tx,
            call.workspace.id,
            idIn(call, 'segmentId'),
            call.body,
            call.workspaceNowMs,
          ),
        ),
    }),
    acts({
      method: 'DELETE',
      path: one,
      action: 'broadcasts.write',
      does: 'Deletes a segment that no live campaign names, and no broadcast that is to be sent.',
      answers,
      handle: async (call) =>
        work('delete', 200, async (tx) => {
          const id = idIn(call, 'segmentId');
          const user = await broadcastSendingTo(tx, call.workspace.id, id);
          return user
            ? fault('conflict', `broadcast ${user.name} is to be sent, and names this segment`)
            : await removeSegment(tx, call.workspace.id, id);
        }),
    }),
    writes({
      path: '/segments/try',
      action: 'contacts.read',
      does: 'About for how many contacts a rule holds, and some of the newest of them. Nothing is kept.',
      body: RuleTried,
      answers: { 200: RuleShown },
      handle: tried,
    }),
  ];
}

function of(call: Call<SegmentInput>): [number, SegmentInput, number] {
  return [call.workspace.id, call.body, call.workspaceNowMs];
}

async function tried(call: Call<{ rule: object }>): Promise<Work<200, Static<typeof RuleShown>> | Fault> {
  const { ctx, workspace, body, workspaceNowMs } = call;
  const found = await tryRule(ctx, ctx.sql, workspace.id, body.rule, workspaceNowMs);
  if (isFault(found)) return found;
  const sample = await found.sample(SAMPLE);
  const shown = { ...found.estimate, sample: sample.map(toHex24) };
  const audit = { action: 'segment.try', subject: 'segment', detail: {} };
  return async () => ({ status: 200, body: shown, audit });
}

async function work<S extends 200 | 201>(
  what: string,
  status: S,
  run: (tx: Tx) => Promise<Segment | Fault>,
): Promise<Work<S, SegmentShown>> {
  return async (tx): Promise<Done<S, SegmentShown> | Fault> => {
    const made = await run(tx);
    if (isFault(made)) return made;
    const audit = { action: `segment.${what}`, subject: `segment:${made.id}`, detail: { name: made.key } };
    return { status, body: present(made), audit };
  };
}

async function members(call: Call): Promise<Static<typeof SegmentMembers> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const page = readPage(call);
  if (isFault(page)) return page;
  const { limit, before = 0 } = page;
  const read = await segmentMembers(call.ctx.sql, found.id, { afterId: before, limit: limit + 1 });
  const { rows, last } = cutPage(read, limit);
  return {
    members: rows.map(({ contactId, sinceMs }) => ({
      contactId: toHex24(contactId),
      since: timeText(sinceMs),
    })),
    next: idText(last?.contactId),
  };
}

async function find(call: Call): Promise<Segment | Fault> {
  const found = await selectSegment(call.ctx.sql, call.workspace.id, idIn(call, 'segmentId'));
  return found?.key ? found : missing('segment');
}

function present({ id, key, name, rule, state, createdMs, changedMs }: Segment): SegmentShown {
  return {
    id: toHex24(id),
    key: key!,
    name,
    rule: rule as Record<string, unknown>,
    state,
    createdAt: timeText(createdMs),
    changedAt: timeText(changedMs),
  };
}
