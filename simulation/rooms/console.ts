/**
 * What operators do in the console, by its own routes: they answer, assign, snooze, close, note, change many at once, keep drafts, see and
 * mark as unread, several of them at once, each by another process, any of which may die. People write meanwhile, become one, or are erased.
 */
import { createOperator, NOBODYS_HASH, setMember } from '../../src/accounts/operators.ts';
import { isFault } from '../../src/base/fault.ts';
import { isoTime } from '../../src/base/clock.ts';
import { fromHex24, toHex24 } from '../../src/base/ids.ts';
import { findContact } from '../../src/contacts/contacts.ts';
import { conversationsOf } from '../../src/conversations/conversations.ts';
import { inboxBulkRoutes } from '../../src/doors/console/inbox/bulk.ts';
import { inboxRoutes } from '../../src/doors/console/inbox/inbox.ts';
import { threadRoutes } from '../../src/doors/console/inbox/thread.ts';
import type { Route } from '../../src/doors/console/route.ts';
import { createCarryOut, type CarryOut } from '../../src/doors/kit/change.ts';
import { takeInbound } from '../../src/receipts/receive.ts';
import { removeSaid } from '../../src/threads/removed.ts';
import type { Draws } from '../draws.ts';
import type { Player } from '../player.ts';
import type { Done, Run, Step } from '../run.ts';
import { must } from '../world.ts';
import { brokenInConsole } from './consoleHolds.ts';
import { people } from './people.ts';
import type { RoomPlay } from './room.ts';

/** People whom operators turn to: few, so that what is done meets. */
const PEOPLE = 4;
const OPERATORS = 3;
/** The last of a workspace's people may be erased (people.ts). */
const LAST = 23;

/** What an operator does to a conversation, or to several. */
export type Change = { assign?: number | null; closed?: boolean; snoozeMs?: number; wake?: true; priority?: 'urgent' | 'none'; unread?: true };
/** What came of what an operator did. */
export type Acted = { contactIds: number[]; operatorId: number; id?: number | undefined; atMs: number; seenMs?: number | undefined; untilMs?: number | undefined; refused?: string };

const operatorsOf = new WeakMap<Run, number[]>();
const carriers = new WeakMap<object, CarryOut>();

export const consoleRoom: RoomPlay = {
  name: 'console',
  isApart: true,
  steps: [
    { what: 'hear', weight: 12, draw: (draws) => ({ person: who(draws) }) },
    {
      what: 'answer',
      weight: 14,
      draw: (draws) => ({ ...byWhom(draws), seen: draws.happens('has seen', 0.6), twice: draws.happens('answers twice', 0.2), as: draws.happens('comes again', 0.2) ? draws.between('again', 0, 9) : -1 }),
    },
    { what: 'change', weight: 14, draw: (draws) => ({ ...byWhom(draws), change: changeIn(draws) }) },
    { what: 'bulk', weight: 5, draw: (draws) => ({ ...byWhom(draws), others: [who(draws), who(draws)], change: changeIn(draws) }) },
    { what: 'note', weight: 6, draw: (draws) => ({ ...byWhom(draws), mention: draws.between('mentioned', 0, OPERATORS) }) },
    { what: 'draft', weight: 6, draw: (draws) => ({ ...byWhom(draws), text: draws.happens('draft is emptied', 0.3) ? '' : `draft ${draws.unit('draft')}` }) },
    { what: 'see', weight: 6, draw: byWhom },
    { what: 'merge', weight: 2, draw: () => ({ surviving: LAST - 6, discarded: LAST - 9 }) },
    { what: 'erase', weight: 2, draw: (draws) => ({ person: LAST - draws.one('whose conversation is erased', [0, 3]) }) },
    { what: 'remove', weight: 3, draw: (draws) => ({ which: draws.between('which answer goes', 0, 99) }) },
  ],
  furnish,
  perform,
  check: async (run) => await brokenInConsole(run, operatorsOf.get(run)!),
  standings: { among: ['unheard', 'waits', 'answered', 'sleeps', 'closed'], of: standing },
};

function who(draws: Draws): number {
  return LAST - draws.between('whose conversation', 0, PEOPLE - 1) * 3;
}

/** `whom` and not `person`: what operators do brings back nobody who was erased. */
function byWhom(draws: Draws): { whom: number; operator: number } {
  return { whom: who(draws), operator: draws.between('operator', 0, OPERATORS - 1) };
}

function changeIn(draws: Draws): Change {
  return draws.weighted<Change>('change', [
    [4, { assign: draws.between('assigned to', 0, OPERATORS - 1) }],
    [1, { assign: null }],
    [3, { closed: true }],
    [1, { closed: false }],
    [4, { snoozeMs: draws.one('snoozed for', [2_000, 60_000, 3_600_000, 30_000_000]) }],
    [1, { wake: true }],
    [2, { priority: draws.one('priority', ['urgent', 'none'] as const) }],
    [2, { unread: true }],
  ]);
}

async function furnish(run: Run): Promise<void> {
  const { ctx } = run.door();
  const nowMs = ctx.clock.nowMs();
  const made = await ctx.queue.transact(async (tx) => {
    const ids: number[] = [];
    for (let i = 0; i < OPERATORS; i++) {
      const { id } = must(await createOperator(tx, ctx.ids, { email: `op${i}@parley.example`, name: `Op ${i}`, passwordHash: NOBODYS_HASH, nowMs }));
      must(await setMember(tx, { workspaceId: run.places.busy.id, operatorId: id, role: i ? 'agent' : 'owner' }));
      ids.push(id);
    }
    return ids;
  });
  operatorsOf.set(run, made);
  // All have written once: there is something to turn to.
  for (let i = 0; i < PEOPLE; i++) await hear(run, { room: 'console', what: 'hear', atMs: -1, person: LAST - i * 3 });
}

async function perform(run: Run, step: Step): Promise<unknown> {
  if (step.what === 'hear') return await hear(run, step);
  if (step.what === 'merge' || step.what === 'erase') return await people.perform(run, step);
  if (step.what === 'remove') return await remove(run, Number(step['which']));
  return await act(run, step);
}

async function hear(run: Run, { person, atMs }: Step): Promise<void> {
  const { busy } = run.places;
  const { phone } = busy.people[Number(person)]!;
  await takeInbound(run.door().ctx, busy.integrations.plain, [
    { externalId: `heard-${atMs}-${Number(person)}`, from: phone, to: '+15005550000', text: 'and now?', media: [], raw: {} },
  ]);
}

/** The process that an operator is with: each with another, where there are as many. */
function processOf(run: Run, operator: number): Player {
  const there = run.players().filter(({ dead }) => !dead);
  return there[operator % there.length] ?? run.door();
}

type Asked = { route: Route; body: Record<string, unknown>; conversationId: number; contactIds: number[]; times: number; acted: Partial<Acted> };

/** Asks as the page does, by the route that it asks. */
async function act(run: Run, step: Step): Promise<Acted | undefined> {
  const { ctx } = processOf(run, Number(step['operator']));
  const operatorId = operatorsOf.get(run)![Number(step['operator'])]!;
  const asked = await askedIn(run, ctx, step);
  if (!asked) return undefined;
  const { route, body, conversationId, contactIds, times, acted } = asked;
  const ask = () => carryOut(ctx, run, { route, body, operatorId, conversationId });
  const came = (await Promise.all(Array.from({ length: times }, ask))).find((one) => !isFault(one));
  const atMs = ctx.clock.nowMs();
  if (!came) return { contactIds, operatorId, atMs, refused: 'refused', ...acted };
  const answer = came as { body?: { id?: string; messageId?: string; at?: string } };
  const id = answer.body?.messageId ?? (step.what === 'note' ? answer.body?.id : undefined);
  return { contactIds, operatorId, atMs: answer.body?.at ? Date.parse(answer.body.at) : atMs, ...acted, ...(id ? { id: fromHex24(id) } : {}) };
}

type Context = Player['ctx'];

async function placeOf(run: Run, ctx: Context, person: number): Promise<{ contactId: number; conversationId: number } | undefined> {
  const { id: workspaceId, people } = run.places.busy;
  const found = await findContact(ctx.sql, workspaceId, { kind: 'phone', value: people[person]!.phone });
  const conversation = found && (await conversationsOf(ctx.sql, [found.id])).get(found.id);
  return conversation && { contactId: found.id, conversationId: conversation.id };
}

async function askedIn(run: Run, ctx: Context, step: Step): Promise<Asked | undefined> {
  const first = await placeOf(run, ctx, Number(step['whom']));
  if (!first) return undefined;
  const { contactId, conversationId } = first;
  const one = { conversationId, contactIds: [contactId], times: 1, acted: {} };
  const nowMs = ctx.clock.nowMs();
  const name = `${step.what}-${step.atMs}-${Number(step['operator'])}`;
  switch (step.what) {
    case 'answer': {
      const before = answersIn(run)[Number(step['as'])];
      const seenMs = step['seen'] ? nowMs : undefined;
      // Who was not answered asks again, for the same and with the same words.
      const body = (before?.step['body'] ?? { clientId: name, content: { type: 'text', text: name }, ...(seenMs === undefined ? {} : { seenUpTo: isoTime(seenMs) }) }) as Record<string, unknown>;
      if (before && before.step['whom'] !== step['whom']) return undefined;
      if (!before) step['body'] = body;
      return { ...one, route: routeTo(threadRoutes, '/messages', 'POST'), body, times: step['twice'] ? 2 : 1, acted: { seenMs } };
    }
    case 'note': {
      const mentioned = operatorsOf.get(run)![Number(step['mention'])];
      return { ...one, route: routeTo(threadRoutes, '/notes', 'POST'), body: { clientId: name, text: name, ...(mentioned ? { mentions: [toHex24(mentioned)] } : {}) } };
    }
    case 'draft':
      return { ...one, route: routeTo(inboxRoutes, '/draft', 'PUT'), body: { text: step['text'] } };
    case 'see':
      return { ...one, route: routeTo(inboxRoutes, '/read', 'POST'), body: { upTo: isoTime(nowMs) }, acted: { seenMs: nowMs } };
    case 'bulk': {
      const places = await Promise.all((step['others'] as number[]).map((person) => placeOf(run, ctx, person)));
      const all = [first, ...places.filter((place) => place !== undefined)];
      const { body, untilMs } = changeBody(run, step['change'] as Change, nowMs);
      const ids = [...new Set(all.map((place) => toHex24(place.conversationId)))];
      return { ...one, contactIds: [...new Set(all.map((place) => place.contactId))], route: routeTo(inboxBulkRoutes, '/bulk', 'POST'), body: { ids, change: body }, acted: { untilMs } };
    }
    default: {
      const { body, untilMs } = changeBody(run, step['change'] as Change, nowMs);
      return { ...one, route: routeTo(inboxRoutes, ':conversationId', 'PATCH'), body, acted: { untilMs } };
    }
  }
}

function changeBody(run: Run, { assign, snoozeMs, wake, ...rest }: Change, nowMs: number): { body: Record<string, unknown>; untilMs?: number } {
  const untilMs = snoozeMs === undefined ? undefined : nowMs + snoozeMs;
  const assigneeId = assign === undefined || assign === null ? assign : toHex24(operatorsOf.get(run)![assign]!);
  const until = untilMs !== undefined ? { snoozedUntil: isoTime(untilMs) } : wake ? { snoozedUntil: null } : {};
  return { body: { ...rest, ...(assign === undefined ? {} : { assigneeId }), ...until }, ...(untilMs === undefined ? {} : { untilMs }) };
}

function routeTo(routes: readonly Route[], ending: string, method: string): Route {
  return routes.find((route) => route.method === method && route.path.endsWith(ending))!;
}

type Wanted = { route: Route; body: Record<string, unknown>; operatorId: number; conversationId: number };

/** As the server does: what a route reads first, then its work with what the audit log is told, once for each name of a request. */
async function carryOut(ctx: Context, run: Run, { route, body, operatorId, conversationId }: Wanted): Promise<unknown> {
  const workspace = (await ctx.directory.workspace(run.places.busy.id))!;
  const nowMs = ctx.clock.nowMs();
  const afterwards: (() => void | Promise<void>)[] = [];
  if (route.kind !== 'write') throw new Error('it changes nothing');
  const call = {
    ctx, workspace, body, nowMs,
    caller: { operatorId, roles: new Map([[workspace.id, 'agent' as const]]) },
    holder: 'agent' as const,
    params: { conversationId: toHex24(conversationId) },
    query: {}, rawBody: Buffer.alloc(0), contentType: '', ifMatch: undefined, credential: '', url: '',
    workspaceNowMs: nowMs + workspace.clockAheadMs,
    afterCommit: (act: () => void | Promise<void>) => void afterwards.push(act),
  };
  const work = await route.handle(call as never);
  if (typeof work !== 'function') return work;
  const carry = carriers.get(ctx) ?? createCarryOut(ctx);
  carriers.set(ctx, carry);
  const key = route.keyField === undefined ? undefined : String(body[route.keyField]);
  const actor = `operator:${operatorId}`;
  return await carry({ scope: `console:${workspace.id}:${actor}`, key, requestHash: JSON.stringify(body), nowMs, actor, workspaceId: workspace.id, secret: false, work, afterwards });
}

/** What operators said, in the order in which it was begun; each with what was asked. */
export function answersIn(run: Run): Done[] {
  return run.done.filter(({ step }) => step.room === 'console' && step.what === 'answer' && step['body'] !== undefined);
}

/** Takes an answer back, as a door does that lets what was said be removed. */
async function remove(run: Run, which: number): Promise<{ id: number } | undefined> {
  const { ctx } = run.door();
  const said = answersIn(run).flatMap(({ result }) => ((result as Acted | undefined)?.id === undefined ? [] : [result as Acted]));
  const one = said[which % (said.length || 1)];
  if (!one) return undefined;
  const conversation = (await conversationsOf(ctx.sql, one.contactIds)).get(one.contactIds[0]!);
  if (!conversation) return undefined;
  await ctx.queue.transact((tx) =>
    removeSaid(ctx, tx, { workspaceId: run.places.busy.id, conversationId: conversation.id, atMs: ctx.clock.nowMs() }, one.id),
  );
  return { id: one.id! };
}

/** How conversations stand, or that of a step. */
async function standing(run: Run, step: Step | undefined): Promise<string[]> {
  const whom = step?.['whom'] ?? step?.['person'];
  const phone = typeof whom === 'number' ? run.places.busy.people[whom]!.phone : null;
  const rows = await run.look<{ state: string }[]>`
    SELECT DISTINCT CASE WHEN i.contact_id IS NULL THEN 'unheard' WHEN closed THEN 'closed' WHEN snoozed_until_ms > ${Math.floor(run.stage.nowMs())} THEN 'sleeps'
      WHEN waiting_ms IS NOT NULL THEN 'waits' ELSE 'answered' END AS state
    FROM identities k LEFT JOIN inbox i ON i.contact_id = k.contact_id
    WHERE k.kind = 'phone' AND (${phone}::text IS NULL OR k.value = ${phone}::text)`;
  return rows.map(({ state }) => state);
}
