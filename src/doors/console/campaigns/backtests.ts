/** Back-tests: a campaign tried over what people did, before anybody is written to. */
import { type Static, Type } from 'typebox';
import {
  BacktestPage,
  BacktestPath,
  BacktestShown,
  NewBacktest,
} from '../../../../contract/doors/console/backtests.ts';
import { NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import { Id } from '../../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { MAX_ID } from '../../../base/ids.ts';
import { cutPage } from '../../../base/page.ts';
import {
  beginBacktest,
  dropBacktest,
  findBacktest,
  listBacktests,
  type BacktestRow,
} from '../../../campaigns/backtest/backtests.ts';
import { wayPage, type WayPlace } from '../../../campaigns/backtest/ways.ts';
import { triedOf } from '../../../campaigns/backtest/tried.ts';
import { contactBy } from '../people/contacts.ts';
import { decisionShown, refusalShown, sendShown } from './drafts.ts';
import { givenIn } from './given.ts';
import {
  acts,
  idIn,
  idText,
  missing,
  queryId,
  readLimit,
  readPage,
  reads,
  readTime,
  timeText,
  writes,
  type Call,
  type Route,
} from '../route.ts';

const one = '/backtests/:backtestId';
const DAY_MS = 86_400_000;
const USUAL_DAYS = 90;
const MOST_DAYS = 400;
const FILE_BYTES = 512 * 1024;
const AS_OF_TODAY = [
  'attributes, lists, tags and segments',
  'addresses, and what blocks them where nobody ever said anything of it',
  'the rules of the workspace',
];

/** `…/backtests`. */
export const backtestRoutes: readonly Route[] = [
  writes({
    path: '/backtests',
    action: 'campaigns.write',
    does: 'Tries a campaign over what people did. Nothing is sent, and nobody is in it afterwards.',
    body: NewBacktest,
    answers: { 201: BacktestShown },
    bodyBytes: FILE_BYTES,
    async handle(call) {
      const { orderedBy = 'received', all = false } = call.body;
      const given = await givenIn(call.body, call.workspace.id);
      if (isFault(given)) return given;
      const period = periodOf(call.body, call.workspaceNowMs);
      if (isFault(period)) return period;
      return async (tx) => {
        const asked = { ...given, ...period, orderedBy, all };
        const begun = await beginBacktest(call.ctx, tx, call.workspace.id, asked, call.nowMs);
        if (isFault(begun)) return begun;
        const audit = {
          action: 'backtest.create',
          subject: `backtest:${begun.id}`,
          detail: { name: begun.file.key },
        };
        return { status: 201, body: present(begun), audit };
      };
    },
  }),
  reads({
    path: '/backtests',
    action: 'campaigns.read',
    does: 'Back-tests, newest first.',
    query: NEWEST_FIRST,
    answer: BacktestPage,
    handle: list,
  }),
  reads({
    path: one,
    action: 'campaigns.read',
    does: 'A back-test, with what was counted so far.',
    answer: BacktestShown,
    async handle(call) {
      const found = await findBacktest(call.ctx.sql, call.workspace.id, idIn(call, 'backtestId'));
      return found ? present(found) : missing('backtest');
    },
  }),
  reads({
    path: `${one}/path`,
    action: 'campaigns.read',
    does: 'What would have happened to one contact, decision by decision, the oldest first.',
    query: { contact: Id, limit: NEWEST_FIRST.limit, after: Type.String({ maxLength: 40 }) },
    answer: BacktestPath,
    handle: path,
  }),
  acts({
    method: 'DELETE',
    path: one,
    action: 'campaigns.write',
    does: 'Takes a back-test away; one that is under way stops.',
    answers: { 200: BacktestShown },
    async handle(call) {
      const { workspace } = call;
      const id = idIn(call, 'backtestId');
      return async (tx) => {
        const found = await findBacktest(tx, workspace.id, id);
        if (!found || !(await dropBacktest(tx, workspace.id, id))) return missing('backtest');
        const audit = {
          action: 'backtest.delete',
          subject: `backtest:${id}`,
          detail: { name: found.file.key },
        };
        return { status: 200, body: present(found), audit };
      };
    },
  }),
];

function periodOf(
  { days, from, to }: Static<typeof NewBacktest>,
  nowMs: number,
): { fromMs: number; toMs: number } | Fault {
  if (days !== undefined && from !== undefined) return breaks('days', 'must not be given with from');
  const toMs = to === undefined ? nowMs : readTime(to, 'to');
  if (isFault(toMs)) return toMs;
  const fromMs = from === undefined ? toMs - (days ?? USUAL_DAYS) * DAY_MS : readTime(from, 'from');
  if (isFault(fromMs)) return fromMs;
  if (fromMs >= toMs) return breaks('from', 'must be before to');
  if (toMs - fromMs > MOST_DAYS * DAY_MS)
    return breaks('from', `must be at most ${MOST_DAYS} days before to`);
  return { fromMs, toMs };
}

async function list(call: Call): Promise<Static<typeof BacktestPage> | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { limit, before = MAX_ID } = page;
  const found = await listBacktests(call.ctx.sql, call.workspace.id, { beforeId: before, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  return { backtests: rows.map(present), next: idText(last?.id) };
}

/** Decisions and messages are one list, by when each was decided: a page holds so many of both together. */
async function path(call: Call): Promise<BacktestPath | Fault> {
  const { ctx, workspace } = call;
  const contactId = queryId(call, 'contact');
  if (isFault(contactId)) return contactId;
  if (contactId === undefined) return breaks('contact', 'is required');
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const after = placeIn(call.query['after']);
  if (isFault(after)) return after;
  const backtest = await findBacktest(ctx.sql, workspace.id, idIn(call, 'backtestId'));
  if (!backtest) return missing('backtest');
  // Whoever is gone has no way.
  const ofId = (await contactBy(call, contactId))?.id ?? contactId;
  const { found, next } = await wayPage(ctx, backtest, ofId, { after, limit });
  return {
    contactId: idText(ofId),
    steps: found.flatMap((one) => {
      if ('decision' in one) return [decisionShown(one.decision)];
      return 'refusal' in one ? [refusalShown({ reason: one.refusal, atMs: one.atMs })] : [];
    }),
    sends: found.flatMap((one) => ('send' in one ? [sendShown(one.send)] : [])),
    next: next ? `${next.atMs}.${next.told}` : null,
  };
}

function placeIn(text: string | undefined): WayPlace | undefined | Fault {
  if (text === undefined) return undefined;
  const [, atMs, told] = /^(\d{1,15})\.(\d{1,9})$/.exec(text) ?? [];
  return atMs === undefined
    ? breaks('after', 'must be `next` of the page before')
    : { atMs: Number(atMs), told: Number(told) };
}

function present(row: BacktestRow): BacktestShown {
  const { id, file, done, wanted, orderedBy, note, endedMs } = row;
  return {
    id: idText(id),
    key: file.key,
    state: endedMs === null ? 'running' : done < wanted ? 'failed' : 'done',
    tried: done,
    wanted,
    from: timeText(row.fromMs),
    to: timeText(row.toMs),
    orderedBy,
    note,
    createdAt: timeText(row.createdMs),
    endedAt: timeText(endedMs),
    result: done > 0 ? triedOf(row) : null,
    asOfToday: AS_OF_TODAY,
  };
}
