/** What campaigns changed: reports, series and conversions, how many entries it takes, and who is kept out of all of them. */
import { type Static, Type } from 'typebox';
import {
  CampaignConversions,
  CampaignReport,
  CampaignSeries,
  EntriesNeeded,
  WorkspaceHoldout,
} from '../../../../contract/doors/console/campaigns.ts';
import { NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import { Id, Time } from '../../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { MAX_ID, readId } from '../../../base/ids.ts';
import { cutPage } from '../../../base/page.ts';
import type { CampaignRow } from '../../../campaigns/campaigns.ts';
import { basisPoints } from '../../../campaigns/match/duration.ts';
import { outsideOf, setOutside } from '../../../campaigns/outside.ts';
import { conversionsOf, seriesOf } from '../../../campaigns/report/lists.ts';
import { goalsCounted, neededFor, reportOf } from '../../../campaigns/report/report.ts';
import { currentFile } from '../../../campaigns/versions.ts';
import { armName, find } from './shown.ts';
import {
  idText,
  queryId,
  readLimit,
  reads,
  readTime,
  timeText,
  writes,
  type Call,
  type Route,
} from '../route.ts';

const one = '/campaigns/:campaignId';
const Word = Type.String({ maxLength: 64 });
const Share = Type.String({ maxLength: 20 });
const DAY_MS = 86_400_000;
/** The most that may be kept out of everything, in basis points. */
const MOST_OUTSIDE = 5_000;

/** What is read of campaigns that run, and the workspace's holdout. */
export const campaignMeasureRoutes: readonly Route[] = [
  reads({
    path: `${one}/report`,
    action: 'campaigns.read',
    does: 'What a campaign changed: goals, treated against holdout, and what was sent.',
    answer: CampaignReport,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      return await reportOf(call.ctx.sql, found, call.workspaceNowMs);
    },
  }),
  reads({
    path: `${one}/series`,
    action: 'campaigns.read',
    does: 'Who entered on each day, and what became of them.',
    query: { from: Time, to: Time, goal: Word },
    answer: CampaignSeries,
    handle: series,
  }),
  reads({
    path: `${one}/conversions`,
    action: 'campaigns.read',
    does: 'What was reached, newest first, and the message it is credited to.',
    query: {
      ...NEWEST_FIRST,
      goal: Word,
      before: Id,
      beforeAt: Time,
      beforeKey: Type.String({ maxLength: 100 }),
    },
    answer: CampaignConversions,
    handle: conversions,
  }),
  reads({
    path: `${one}/needed`,
    action: 'campaigns.read',
    does: 'How many have to enter to see a goal go from one rate to another, at 80 % power.',
    query: { rate: Share, to: Share },
    answer: EntriesNeeded,
    handle: needed,
  }),
  reads({
    path: '/holdout',
    action: 'campaigns.read',
    does: 'The share of contacts that is kept out of all campaigns.',
    answer: WorkspaceHoldout,
    async handle({ ctx, workspace }) {
      return { share: `${(await outsideOf(ctx.sql, workspace.id)) / 100}%` };
    },
  }),
  writes({
    method: 'PUT',
    path: '/holdout',
    action: 'campaigns.run',
    does: 'Keeps a share of contacts out of all marketing campaigns; each begins a new epoch.',
    body: WorkspaceHoldout,
    answers: { 200: WorkspaceHoldout },
    async handle({ body, workspace, workspaceNowMs }) {
      const points = basisPoints(body.share);
      if (points === undefined || points > MOST_OUTSIDE)
        return breaks('share', 'must be a share from 0% to 50%, such as 5%');
      return async (tx) => {
        await setOutside(tx, workspace.id, points, workspaceNowMs);
        const audit = { action: 'campaign.holdout', subject: `workspace:${workspace.id}`, detail: body };
        return { status: 200, body: { share: `${points / 100}%` }, audit };
      };
    },
  }),
];

async function series(call: Call): Promise<Static<typeof CampaignSeries> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const { from, to, goal } = call.query;
  const toMs = to === undefined ? call.workspaceNowMs + 1 : readTime(to, 'to');
  if (isFault(toMs)) return toMs;
  const fromMs = from === undefined ? toMs - 90 * DAY_MS : readTime(from, 'from');
  if (isFault(fromMs)) return fromMs;
  if (fromMs >= toMs) return breaks('from', 'must be before to');
  if (toMs - fromMs > 400 * DAY_MS) return breaks('from', 'must be at most 400 days before to');
  const unknown = await strayGoal(call, found);
  if (unknown) return unknown;
  const days = await seriesOf(call.ctx.sql, found.id, { fromMs, toMs, goal });
  return {
    days: days.map(({ dayMs, arm, variant, ...counts }) => ({
      day: timeText(dayMs),
      arm: armName(arm),
      variant: variant || null,
      ...counts,
    })),
  };
}

/** A goal that is not written, and that was never counted, was reached by nobody, and that would be no answer. */
async function strayGoal(
  { ctx, query: { goal } }: Call,
  { id, draft }: CampaignRow,
): Promise<Fault | undefined> {
  if (goal === undefined) return undefined;
  const goals = [...(draft?.goals ?? []), ...(await goalsCounted(ctx.sql, id))];
  const isKnown = goals.some(({ key }) => key === goal);
  return isKnown ? undefined : breaks('goal', 'is no goal of this campaign');
}

async function conversions(call: Call): Promise<Static<typeof CampaignConversions> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const contactId = queryId(call, 'before');
  if (isFault(contactId)) return contactId;
  const unknown = await strayGoal(call, found);
  if (unknown) return unknown;
  const { goal, beforeAt, beforeKey = '' } = call.query;
  const atMs = beforeAt === undefined ? Number.MAX_SAFE_INTEGER : readTime(beforeAt, 'beforeAt');
  if (isFault(atMs)) return atMs;
  const place = placeIn(beforeKey);
  if (!place) return breaks('beforeKey', 'must be the beforeKey of a page');
  const before = { atMs, contactId: contactId ?? MAX_ID, ...place };
  const { rows, last } = cutPage(
    await conversionsOf(call.ctx.sql, found.id, { before, limit: limit + 1, goal }),
    limit,
  );
  return {
    conversions: rows.map((row) => ({
      contactId: idText(row.contactId),
      goal: row.goal,
      arm: armName(row.arm),
      epoch: row.epoch,
      at: timeText(row.atMs),
      value: row.value,
      step: row.step,
      messageId: idText(row.messageId),
    })),
    next: last
      ? {
          before: idText(last.contactId),
          beforeAt: timeText(last.atMs),
          beforeKey: `${idText(last.enrolmentId)}.${last.eventKey}.${last.goal}`,
        }
      : null,
  };
}

/** A place among what was reached at one moment by one contact. */
function placeIn(text: string): { enrolmentId: number; eventKey: number; goal: string } | undefined {
  if (text === '') return { enrolmentId: MAX_ID, eventKey: 0, goal: '' };
  const [, hex, key, goal] = /^([^.]+)\.(\d{1,16})\.(.*)$/.exec(text) ?? [];
  const enrolmentId = hex === undefined ? undefined : readId(hex);
  const eventKey = Number(key);
  if (enrolmentId === undefined || !Number.isSafeInteger(eventKey)) return undefined;
  return { enrolmentId, eventKey, goal: goal! };
}

async function needed(call: Call): Promise<Static<typeof EntriesNeeded> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  const [rate, to] = (['rate', 'to'] as const).map((name) => basisPoints(call.query[name] ?? ''));
  if (!rate || rate >= 10_000) return breaks('rate', 'must be a share between 0% and 100%, such as 20%');
  if (!to || to >= 10_000 || to === rate) return breaks('to', 'must be another share than rate, such as 22%');
  const file = found.draft ?? (await currentFile(call.ctx.sql, found))!;
  return neededFor(file, rate / 10_000, to / 10_000);
}
