/**
 * `…/reconcile`: the audit of a period, a broadcast or a contact, a piece at a time; what providers took, and their own lists, to be held
 * against each other. It reads every lane, so it is for administrators.
 */
import { Type } from 'typebox';
import {
  AuditShown,
  type AuditBreak,
  ListedShown,
  TakenShown,
} from '../../../contract/doors/console/reconcile.ts';
import { TimeGiven } from '../../../contract/doors/console/fields.ts';
import { Id } from '../../../contract/doors/fields.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { bucketOf, firstIdAt, MAX_ID } from '../../base/ids.ts';
import { stateName } from '../../ledger/states.ts';
import { audit, runOf, takenIn, type Break } from '../../reconcile/reconcile.ts';
import type { ListedPage } from '../../channels/adapter.ts';
import type { Scope, SentWithin } from '../../reconcile/scope.ts';
import { providerCall } from '../kit/providerCall.ts';
import { find } from './integrations.ts';
import { idText, missing, queryId, reads, readTime, timeText, type Call, type Route } from './route.ts';

/** What is audited: one of a broadcast, a contact and a period; a contact's may be of a period. */
const SCOPE = {
  from: TimeGiven,
  to: TimeGiven,
  broadcast: Id,
  contact: Id,
  next: Type.String({ description: 'What the last piece gave as `next`.' }),
};

/** `…/reconcile`, `…/reconcile/taken` and `…/integrations/{id}/listed`. */
export const reconcileRoutes: readonly Route[] = [
  reads({
    path: '/reconcile',
    does: 'Whether what was intended, attempted, accepted, receipted and told adds up; a piece of it.',
    action: 'audit.read',
    query: SCOPE,
    answer: AuditShown,
    handle: reconcile,
  }),
  reads({
    path: '/reconcile/taken',
    does: 'What providers took, with the ids they gave it: to be held against their own lists.',
    action: 'audit.read',
    query: { ...SCOPE, sentFrom: TimeGiven, sentTo: TimeGiven },
    answer: TakenShown,
    handle: taken,
  }),
  reads({
    path: '/integrations/:integrationId/listed',
    does: 'What its provider has in a list of its own of what it took: a page, asked for there and then.',
    action: 'audit.read',
    query: {
      from: TimeGiven,
      to: TimeGiven,
      next: Type.String({ maxLength: 2_000, description: 'What the last page gave as `next`.' }),
    },
    answer: ListedShown,
    handle: listed,
  }),
];

async function reconcile(call: Call): Promise<AuditShown | Fault> {
  const scope = await readScope(call);
  if (isFault(scope)) return scope;
  const [lane] = readNext(call, 1) ?? [];
  if (lane === undefined) return badNext();
  const found = await audit(call.ctx, scope, lane);
  return {
    counts: found.counts,
    breaks: found.breaks.map(presentBreak),
    more: found.more,
    next: found.nextLane === undefined ? null : String(found.nextLane),
  };
}

function presentBreak({ contactId, causeId, broadcastId, seq, state, code, detail }: Break): AuditBreak {
  return {
    code,
    contactId: idText(contactId),
    messageId: broadcastId === undefined ? idText(causeId) : null,
    broadcastId: idText(broadcastId ?? null),
    seq,
    state: state ?? null,
    detail,
  };
}

const PAGE = 2_000;

async function taken(call: Call): Promise<TakenShown | Fault> {
  const sent = readSent(call);
  if (isFault(sent)) return sent;
  const scope = sent ? sentScope(call, sent) : await readScope(call);
  if (isFault(scope)) return scope;
  const at = readNext(call, 4);
  if (!at) return badNext();
  const own = scope.contactId === undefined ? undefined : call.ctx.queue.laneOf(bucketOf(scope.contactId));
  const [lane, contactId = 0, causeId = 0, seq = 0] =
    own === undefined ? [at[0]!, ...at.slice(1)] : [own, ...at.slice(1)];
  const { rows, runs } = await takenIn(call.ctx, scope, lane, { contactId, causeId, seq }, PAGE, sent);
  const last = rows.at(-1);
  const isFull = rows.length === PAGE && last !== undefined;
  const following = own === undefined && lane + 1 < call.ctx.queue.lanes().length ? `${lane + 1}` : null;
  return {
    taken: rows.map((row) => {
      const broadcastId = runs.get(row.causeId);
      return {
        contactId: idText(row.contactId),
        messageId: broadcastId === undefined ? idText(row.causeId) : null,
        broadcastId: idText(broadcastId ?? null),
        seq: row.seq,
        state: stateName(row.state),
        integrationId: idText(row.integrationId),
        externalIds: row.externalIds,
        sentAt: timeText(row.sentMs),
      };
    }),
    next: isFull ? [lane, last.contactId, last.causeId, last.seq].join('.') : following,
  };
}

/** What was planned further ahead is not found by when it was sent. */
const MOST_AHEAD_MS = 30 * 86_400_000;

function sentScope({ workspace }: Call, { fromMs, toMs }: SentWithin): Scope {
  return {
    workspaceId: workspace.id,
    fromCause: Math.max(0, firstIdAt(fromMs - MOST_AHEAD_MS)),
    toCause: firstIdAt(toMs + 1),
  };
}

/** `sentFrom` and `sentTo`, which stand by themselves. */
function readSent({ query }: Call): SentWithin | Fault | undefined {
  const { sentFrom, sentTo, ...others } = query;
  if (sentFrom === undefined && sentTo === undefined) return undefined;
  if (sentFrom === undefined || sentTo === undefined) return breaks('sentFrom', 'goes with sentTo');
  const also = Object.keys(others).find((name) => name !== 'next');
  if (also !== undefined) return breaks(also, 'goes with no sentFrom');
  const [fromMs, toMs] = [readTime(sentFrom, 'sentFrom'), readTime(sentTo, 'sentTo')];
  if (isFault(fromMs)) return fromMs;
  if (isFault(toMs)) return toMs;
  return toMs < fromMs ? breaks('sentTo', 'must not be before sentFrom') : { fromMs, toMs };
}

/** A page of a provider's own list. A test workspace reaches no provider, so there is no list to be had. */
async function listed(call: Call): Promise<ListedShown | Fault> {
  const { ctx, workspace, query } = call;
  const integration = await find(call);
  if (isFault(integration)) return integration;
  if (query['from'] === undefined) return breaks('from', 'is required');
  const fromMs = readTime(query['from'], 'from');
  const toMs = query['to'] === undefined ? ctx.clock.nowMs() : readTime(query['to'], 'to');
  if (isFault(fromMs)) return fromMs;
  if (isFault(toMs)) return toMs;
  if (toMs <= fromMs) return breaks('to', 'must be after from');
  if (workspace.environment === 'test')
    return fault('unprocessable', 'A test workspace has no provider; its senders are simulated.');
  const adapter = ctx.adapters[integration.provider];
  if (!adapter?.listMessages)
    return fault('unprocessable', `${integration.provider} has no list that could be asked for.`);
  const { next } = query;
  const asked = { fromMs, toMs, ...(next === undefined ? {} : { next }) };
  return presentPage(await adapter.listMessages(integration.settings, providerCall(ctx), asked), toMs);
}

function presentPage(page: ListedPage, toMs: number): ListedShown {
  if (page.kind !== 'listed') {
    const { kind, code, class: meaning, detail } = page;
    const retryAfterMs = page.kind === 'deferred' ? (page.retryAfterMs ?? null) : null;
    return { outcome: kind, class: meaning, code, detail, retryAfterMs };
  }
  return {
    outcome: page.kind,
    messages: page.rows.map(({ externalId, status, takenMs }) => ({
      externalId,
      status,
      takenAt: timeText(takenMs),
    })),
    to: timeText(toMs),
    next: page.next ?? null,
  };
}

async function readScope(call: Call): Promise<Scope | Fault> {
  const { ctx, workspace, query } = call;
  const [broadcastId, contactId] = [queryId(call, 'broadcast'), queryId(call, 'contact')];
  for (const given of [broadcastId, contactId]) if (isFault(given)) return given;
  const period = readPeriod(query['from'], query['to']);
  if (isFault(period)) return period;
  const workspaceId = workspace.id;
  if (broadcastId !== undefined) {
    if (contactId !== undefined || period) return breaks('broadcast', 'goes with no contact and no time');
    const run = await runOf(ctx.sql, workspaceId, broadcastId as number);
    if (!run) return missing('broadcast', 'broadcast');
    if (run.runId === null) return breaks('broadcast', 'has not started');
    return { workspaceId, fromCause: run.runId, toCause: run.runId };
  }
  if (contactId === undefined && !period) return breaks('from', 'is required, or broadcast, or contact');
  return {
    workspaceId,
    fromCause: 0,
    toCause: MAX_ID,
    ...period,
    ...(contactId === undefined ? {} : { contactId: contactId as number }),
  };
}

/** A period, by our clock: messages that were accepted, and broadcasts that began, from one time until another. */
function readPeriod(
  from: string | undefined,
  to: string | undefined,
): { fromCause: number; toCause: number } | Fault | undefined {
  if (from === undefined && to === undefined) return undefined;
  const fromMs = from === undefined ? 0 : readTime(from, 'from');
  const toMs = to === undefined ? undefined : readTime(to, 'to');
  if (isFault(fromMs)) return fromMs;
  if (isFault(toMs)) return toMs;
  if (toMs !== undefined && toMs <= fromMs) return breaks('to', 'must be after from');
  return {
    fromCause: Math.max(0, firstIdAt(fromMs)),
    toCause: toMs === undefined ? MAX_ID : Math.max(0, firstIdAt(toMs) - 1),
  };
}

/** The numbers of `next`, the first of them a lane; from the beginning without one. */
function readNext({ query, ctx }: Call, most: number): number[] | undefined {
  const text = query['next'];
  if (text === undefined) return [0];
  if (!/^\d{1,16}(?:\.\d{1,16}){0,3}$/.test(text)) return undefined;
  const numbers = text.split('.').map(Number);
  const isFine = numbers.length <= most && numbers[0]! < ctx.queue.lanes().length;
  return isFine && numbers.every(Number.isSafeInteger) ? numbers : undefined;
}

function badNext(): Fault {
  return breaks('next', 'must be what the last piece gave');
}
