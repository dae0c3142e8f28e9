/** People by conditions: found, counted and shown, without waiting on how many there are. */
import type { Static } from 'typebox';
import {
  AttributesShown,
  AudienceCount,
  AudienceSample,
  CountAsked,
  PeopleFound,
  PeopleQuery,
  SampleAsked,
} from '../../../../contract/doors/console/audiences.ts';
import { CONSOLE_LIMITS } from '../../../../contract/doors/console/fields.ts';
import { isFault, type Fault } from '../../../base/fault.ts';
import { firstIdAt, timeOfId } from '../../../base/ids.ts';
import { askRule, type AskedRule } from '../../../campaigns/segments/asked.ts';
import { getContacts } from '../../../contacts/contacts.ts';
import { searchIn, walkFound } from '../../../contacts/search.ts';
import { attributesSeen, countBounded, walkNewest, whichHold } from '../../../contacts/walk.ts';
import { consoleContact } from '../present.ts';
import { contactRows } from './rows.ts';
import { asks, idOf, idText, reads, readTime, timeText, type Call, type Route } from '../route.ts';

/** People who are shown of a rule. */
const SAMPLE = 10;
/** A number is counted so far, unless it is said. */
const MOST = 10_000;
/** How long is counted: then it is said how many there are at least, and about. */
const COUNT_MS = 300;

/** `…/contacts/query`, `…/audiences` and `…/attributes`. */
export const audienceRoutes: readonly Route[] = [
  asks({
    path: '/contacts/query',
    does: 'Whom a rule holds of, newest first; all without one. A page may be short and not be the last.',
    action: 'contacts.read',
    body: PeopleQuery,
    answers: { 200: PeopleFound },
    handle: query,
  }),
  asks({
    path: '/audiences/count',
    does: 'How many a rule holds of, or how many there are: about, or counted up to a number.',
    action: 'contacts.read',
    body: CountAsked,
    answers: { 200: AudienceCount },
    handle: count,
  }),
  asks({
    path: '/audiences/sample',
    does: 'Some of whom a rule holds, and which of its conditions make it so.',
    action: 'contacts.read',
    body: SampleAsked,
    answers: { 200: AudienceSample },
    handle: sample,
  }),
  reads({
    path: '/attributes',
    does: 'Attributes that the newest contacts have, and the values seen most.',
    action: 'contacts.read',
    answer: AttributesShown,
    async handle({ ctx, workspace }) {
      const found = await attributesSeen(ctx.sql, workspace.id);
      return {
        attributes: found.map(({ times, values, ...one }) => ({
          ...one,
          contacts: times,
          values: values.map(({ value, times: n }) => ({ value, contacts: n })),
        })),
      };
    },
  }),
];

function read(
  { ctx, workspace, workspaceNowMs: nowMs }: Call<unknown>,
  rule: object,
): Promise<AskedRule | Fault> {
  return askRule(ctx.sql, workspace.id, rule, { nowMs });
}

async function query(
  call: Call<Static<typeof PeopleQuery>>,
): Promise<{ status: 200; body: PeopleFound } | Fault> {
  const { ctx, workspace, body } = call;
  const asked = body.rule && (await read(call, body.rule));
  if (isFault(asked)) return asked;
  const condition = asked ? asked.holds(ctx.sql) : ctx.sql`true`;
  const untilMs = body.until === undefined ? undefined : readTime(body.until, 'until');
  if (isFault(untilMs)) return untilMs;
  const ends = [
    ...(body.before === undefined ? [] : [idOf(body.before)]),
    ...(untilMs === undefined ? [] : [firstIdAt(untilMs)]),
  ];
  const page = {
    limit: body.limit ?? CONSOLE_LIMITS.usualPage,
    below: ends.length ? Math.min(...ends) : undefined,
  };
  const search = searchIn(body.search);
  const { ids, next } =
    search === undefined
      ? await walkNewest(ctx.sql, workspace.id, condition, page)
      : await walkFound(ctx.sql, { workspaceId: workspace.id, search, condition }, page);
  const contacts = await getContacts(ctx.sql, workspace.id, ids);
  return {
    status: 200,
    body: {
      contacts: await contactRows(call, contacts),
      next: idText(next ?? null),
      lookedTo: next === undefined ? null : timeText(timeOfId(next)),
    },
  };
}

async function count(
  call: Call<Static<typeof CountAsked>>,
): Promise<{ status: 200; body: AudienceCount } | Fault> {
  const { ctx, workspace, body } = call;
  const asked = body.rule && (await read(call, body.rule));
  if (isFault(asked)) return asked;
  const forMs = body.how === 'estimate' ? 0 : COUNT_MS;
  const counted = await countBounded(ctx.sql, workspace.id, asked ? asked.holds(ctx.sql) : ctx.sql`true`, {
    most: body.most ?? MOST,
    forMs,
  });
  const { about, error, atLeast, isExact: exact } = counted;
  return { status: 200, body: { about, error, atLeast, exact } };
}

async function sample(
  call: Call<Static<typeof SampleAsked>>,
): Promise<{ status: 200; body: AudienceSample } | Fault> {
  const { ctx, workspace, body } = call;
  const asked = await read(call, body.rule);
  if (isFault(asked)) return asked;
  const { ids } = await walkNewest(ctx.sql, workspace.id, asked.holds(ctx.sql), { limit: SAMPLE });
  const [contacts, holds] = await Promise.all([
    getContacts(ctx.sql, workspace.id, ids),
    whichHold(
      ctx.sql,
      workspace.id,
      ids,
      asked.parts.map((part) => part.holds(ctx.sql)),
    ),
  ]);
  return {
    status: 200,
    body: {
      conditions: asked.parts.map(({ path }) => path),
      people: contacts.map((one) => ({ contact: consoleContact(one), holds: holds.get(one.id) ?? [] })),
    },
  };
}
