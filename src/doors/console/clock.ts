/** `…/clock`: the clock of a test workspace, what comes due by it, and the jobs that move it. */
import { Type } from 'typebox';
import {
  Advance,
  AdvancePage,
  AdvanceShown,
  ClockShown,
  ComingPage,
  SettledShown,
  type ComingShown,
} from '../../../contract/doors/console/clock.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { MAX_ID, toHex24 } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import { broadcastsOfRuns, findBroadcast } from '../../broadcasts/find.ts';
import { findCampaign } from '../../campaigns/campaigns.ts';
import { getContacts } from '../../contacts/contacts.ts';
import type { ComingOf } from '../../db/room.ts';
import {
  cancelAdvance,
  findAdvance,
  listAdvances,
  runningAdvance,
  type AdvanceRow,
} from '../../simulator/advances.ts';
import type { HttpContext } from '../kit/context.ts';
import { namesOf } from './inbox/shown.ts';
import {
  idText,
  acts,
  idIn,
  missing,
  readLimit,
  readPage,
  reads,
  readTime,
  timeText,
  writes,
  type Call,
  type Route,
} from './route.ts';

const one = '/clock/advances/:advanceId';

/** `…/clock`. */
export const clockRoutes: readonly Route[] = [
  reads({
    path: '/clock',
    does: "The workspace's clock.",
    answer: ClockShown,
    action: 'workspace.read',
    async handle({ ctx, workspace, workspaceNowMs }) {
      const running = await runningAdvance(ctx.sql, workspace.id);
      const advancing = running ? toHex24(running.id) : null;
      return { now: timeText(workspaceNowMs), aheadMs: workspace.clockAheadMs, advancing };
    },
  }),
  reads({
    path: '/clock/coming',
    does: 'What comes due next in a test workspace, by the minute: by its clock, the earliest first.',
    query: { limit: NEWEST_FIRST.limit, after: Type.String({ maxLength: 40 }) },
    answer: ComingPage,
    action: 'workspace.read',
    handle: coming,
  }),
  writes({
    path: '/clock/advance',
    does: "Begins to move a test workspace's clock; what is due by then happens on the way, each at its time.",
    answers: { 202: AdvanceShown },
    action: 'clock.advance',
    body: Advance,
    handle:
      async ({ ctx, workspace, body }) =>
      async (tx) => {
        const begun = await ctx.simulator.beginAdvance(tx, { workspaceId: workspace.id, byMs: body.byMs });
        if (isFault(begun)) return begun;
        const audit = { action: 'clock.advance', subject: `advance:${begun.id}`, detail: body };
        return { status: 202, body: await present(senders(ctx, workspace.id), begun), audit };
      },
  }),
  reads({
    path: '/clock/advances',
    does: 'How the clock was moved, newest first.',
    query: NEWEST_FIRST,
    answer: AdvancePage,
    action: 'workspace.read',
    async handle(call) {
      const page = readPage(call);
      if (isFault(page)) return page;
      const { limit, before = MAX_ID } = page;
      const found = await listAdvances(call.ctx.sql, call.workspace.id, {
        beforeId: before,
        limit: limit + 1,
      });
      const { rows, last } = cutPage(found, limit);
      const nameSender = senders(call.ctx, call.workspace.id);
      return {
        advances: await Promise.all(rows.map((row) => present(nameSender, row))),
        next: idText(last?.id),
      };
    },
  }),
  reads({
    path: one,
    does: 'A move of the clock, and how far it is.',
    answer: AdvanceShown,
    action: 'workspace.read',
    async handle(call) {
      const found = await findAdvance(call.ctx.sql, call.workspace.id, idIn(call, 'advanceId'));
      return found
        ? await present(senders(call.ctx, call.workspace.id), found)
        : missing('move of the clock');
    },
  }),
  acts({
    method: 'DELETE',
    path: one,
    does: 'Lets a move of the clock end where it is.',
    answers: { 200: AdvanceShown },
    action: 'clock.advance',
    handle: async (call) => async (tx) => {
      const id = idIn(call, 'advanceId');
      const ended = await cancelAdvance(tx, call.workspace.id, id, call.ctx.clock.nowMs());
      if (isFault(ended)) return ended;
      const audit = { action: 'clock.cancel', subject: `advance:${id}` };
      return { status: 200, body: await present(senders(call.ctx, call.workspace.id), ended), audit };
    },
  }),
  reads({
    path: '/settled',
    does: 'Whether all that is due by now is done.',
    answer: SettledShown,
    action: 'workspace.read',
    async handle({ ctx, workspace }) {
      const settled = await ctx.simulator.settled(workspace.id);
      return isFault(settled) ? settled : { settled };
    },
  }),
];

async function coming(call: Call): Promise<ComingPage | Fault> {
  const { ctx, workspace, query } = call;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const after = query['after'] === undefined ? undefined : readTime(query['after'], 'after');
  if (isFault(after)) return after;
  const page = await ctx.simulator.coming(workspace.id, { afterMs: after, limit });
  if (isFault(page)) return page;
  const ids = [...new Set(page.groups.flatMap(({ contactIds }) => contactIds))];
  const contacts = await getContacts(ctx.sql, workspace.id, ids);
  const names = await namesOf(ctx.sql, workspace.id, contacts);
  const nameSender = senders(ctx, workspace.id);
  const shown: ComingShown[] = [];
  for (const { atMs, kind, of, count, more, contactIds } of page.groups)
    shown.push({
      at: timeText(atMs),
      kind,
      sender: await nameSender(of),
      count,
      more,
      who: contactIds.map((id) => ({ id: toHex24(id), name: names.get(id) ?? null })),
    });
  return { coming: shown, next: page.nextMs === undefined ? null : timeText(page.nextMs) };
}

/** Names what sends something, and asks for each once. */
function senders({ sql }: Pick<HttpContext, 'sql'>, workspaceId: number) {
  const known = new Map<string, Promise<ComingShown['sender']>>();
  const find = async ({ type, id }: ComingOf): Promise<ComingShown['sender']> => {
    if (type === 'campaign') {
      const name = (await findCampaign(sql, workspaceId, id))?.name ?? null;
      return { type, id: toHex24(id), name };
    }
    const found =
      type === 'run' ? (await broadcastsOfRuns(sql, [id]))[0] : await findBroadcast(sql, workspaceId, id);
    if (type === 'run' && found?.workspaceId !== workspaceId) return null;
    return { type: 'broadcast', id: toHex24(found?.id ?? id), name: found?.name ?? null };
  };
  return async (of: ComingOf | null): Promise<ComingShown['sender']> => {
    if (!of) return null;
    const key = `${of.type} ${of.id}`;
    let asked = known.get(key);
    if (!asked) known.set(key, (asked = find(of)));
    return await asked;
  };
}

async function present(nameSender: ReturnType<typeof senders>, row: AdvanceRow): Promise<AdvanceShown> {
  const happened: AdvanceShown['happened'] = [];
  for (const { atMs, kind, of, count, more } of row.happened)
    happened.push({ at: timeText(atMs), kind, sender: await nameSender(of), count, more });
  return {
    id: toHex24(row.id),
    state: row.state,
    canceling: row.cancel && row.state === 'running',
    from: timeText(row.fromMs),
    to: timeText(row.fromMs + row.byMs),
    byMs: row.byMs,
    doneMs: row.broughtMs,
    happened,
    note: row.note,
    createdAt: timeText(row.createdMs),
    endedAt: timeText(row.endedMs),
  };
}
