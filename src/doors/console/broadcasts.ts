/** Broadcasts: drafting, forecasting, starting, steering, and what became of them. */
import { pause } from '../../base/clock.ts';
import { cutPage } from '../../base/page.ts';
import { STOPPED_AFTER_MS } from '../../queue/work/flow.ts';
import {
  AmissPage,
  BroadcastChanged,
  BroadcastCounted,
  BroadcastPage,
  BroadcastPatch,
  type BroadcastShown,
  ForecastShown,
  NewBroadcast,
  NewRate,
  Schedule,
} from '../../../contract/doors/console/broadcasts.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Id, oneOf } from '../../../contract/doors/fields.ts';
import type { Action } from '../../../contract/roles.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import {
  cancelBroadcast,
  changeBroadcast,
  createBroadcast,
  pauseBroadcast,
  resumeBroadcast,
  setRate,
  startBroadcast,
} from '../../broadcasts/broadcasts.ts';
import type { Broadcast, BroadcastInput } from '../../broadcasts/broadcast.ts';
import type { Static } from 'typebox';
import type { Content } from '../../../contract/content.ts';
import { expandTemplates } from '../../content/templates.ts';
import { countBroadcast, forecastBroadcast } from '../../broadcasts/forecast.ts';
import { contentProblems } from '../../broadcasts/rendering.ts';
import { textSize } from '../../broadcasts/size.ts';
import { findBroadcast, listBroadcasts } from '../../broadcasts/find.ts';
import type { Tx } from '../../db/pool.ts';
import { amissInRun } from '../../ledger/deliveries.ts';
import { STATE } from '../../ledger/states.ts';
import { readAudience, showAudience, type AudienceText } from './people/audienceInput.ts';
import { asSeen, templatesThrough } from '../kit/templateCatalogue.ts';
import { readContent } from './input.ts';
import { presentDelivery } from './present.ts';
import {
  acts,
  idIn,
  idOf,
  idText,
  missing,
  queryWord,
  reads,
  readPage,
  revisionIn,
  readTime,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from './route.ts';

/** A body with the ids of 100,000 contacts. */
export const AUDIENCE_BYTES = 4 * 1024 * 1024;
/** States that are looked into by hand. */
const AMISS = ['failed', 'suppressed', 'expired', 'unknown'] as const;
const one = '/broadcasts/:broadcastId';

/** `…/broadcasts`. */
export const broadcastRoutes: readonly Route[] = [
  reads({
    path: '/broadcasts',
    does: 'Broadcasts, newest first.',
    action: 'broadcasts.read',
    query: NEWEST_FIRST,
    answer: BroadcastPage,
    handle: list,
  }),
  writes({
    path: '/broadcasts',
    action: 'broadcasts.write',
    does: 'Drafts a broadcast.',
    body: NewBroadcast,
    answers: { 201: BroadcastChanged },
    bodyBytes: AUDIENCE_BYTES,
    async handle(call) {
      const input = await readInput(call, call.body);
      if (isFault(input)) return input;
      return async (tx) => {
        const { ctx, workspace, workspaceNowMs } = call;
        const made = await createBroadcast(ctx.broadcasts, tx, workspace.id, input, workspaceNowMs);
        return isFault(made) ? made : told(made, 'create', 201);
      };
    },
  }),
  reads({
    path: one,
    does: 'A broadcast, and what became of it so far.',
    action: 'broadcasts.read',
    answer: BroadcastCounted,
    async handle(call) {
      const broadcast = await find(call);
      if (isFault(broadcast)) return broadcast;
      const counts = await countBroadcast(call.ctx.broadcasts, call.ctx.sql, broadcast);
      return { ...present(broadcast), counts };
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    action: 'broadcasts.write',
    does: 'Changes a broadcast that has not started; with If-Match only the revision that is named there.',
    body: BroadcastPatch,
    answers: { 200: BroadcastChanged },
    bodyBytes: AUDIENCE_BYTES,
    async handle(call) {
      const input = await readInput(call, call.body);
      if (isFault(input)) return input;
      const revision = revisionIn(call);
      if (isFault(revision)) return revision;
      const { ctx, workspace, workspaceNowMs } = call;
      return steer(call, 'change', (tx, id) =>
        changeBroadcast(ctx.broadcasts, tx, workspace.id, id, input, workspaceNowMs, revision),
      );
    },
  }),
  reads({
    path: `${one}/forecast`,
    does: 'Who would get it now, who would wait, who would not and why, and how long it takes.',
    answer: ForecastShown,
    action: 'broadcasts.read',
    async handle(call) {
      const broadcast = await find(call);
      if (isFault(broadcast)) return broadcast;
      return await forecastOf(call, broadcast);
    },
  }),
  reads({
    path: `${one}/amiss`,
    action: 'broadcasts.read',
    does: 'Recipients whose message went amiss.',
    query: { state: oneOf(AMISS), limit: NEWEST_FIRST.limit, after: Id },
    answer: AmissPage,
    handle: listAmiss,
  }),
  ...steering(),
];

/** What is done to a broadcast that is there. */
function steering(): Route[] {
  const action: Action = 'broadcasts.send';
  const plain = (name: 'pause' | 'resume' | 'cancel', does: string, run: typeof pauseBroadcast): Route =>
    acts({
      path: `${one}/${name}`,
      does,
      action,
      answers: { 200: BroadcastChanged },
      handle: async (call) =>
        steer(call, name, (tx, id) => {
          // Stopped is said when nothing of it begins any more, in whatever process.
          if (name !== 'resume') call.afterCommit(() => pause(call.ctx.clock, STOPPED_AFTER_MS));
          return run(call.ctx.broadcasts, tx, call.workspace.id, id, call.workspaceNowMs);
        }),
    });
  return [
    acts({
      path: `${one}/start`,
      does: 'Starts a broadcast.',
      answers: { 200: BroadcastChanged },
      action,
      handle: async (call) =>
        steer(call, 'start', (tx, id) =>
          startBroadcast(call.ctx.broadcasts, tx, call.workspace.id, id, call.nowMs),
        ),
    }),
    writes({
      path: `${one}/schedule`,
      action,
      does: 'Starts a broadcast at a time to come.',
      body: Schedule,
      answers: { 200: BroadcastChanged },
      async handle(call) {
        const atMs = readTime(call.body.at, 'at');
        if (isFault(atMs)) return atMs;
        if (atMs <= call.workspaceNowMs) return breaks('at', "must be later than the workspace's clock is");
        return steer(call, 'schedule', (tx, id) =>
          startBroadcast(call.ctx.broadcasts, tx, call.workspace.id, id, call.nowMs, atMs),
        );
      },
    }),
    plain('pause', 'Pauses a broadcast; answered once nothing of it begins any more.', pauseBroadcast),
    plain('resume', 'Goes on with a broadcast that is paused.', resumeBroadcast),
    plain('cancel', 'Calls a broadcast off; answered once nothing of it begins any more.', cancelBroadcast),
    writes({
      path: `${one}/rate`,
      action,
      does: 'Sets how many messages a second; null leaves it to the integration.',
      body: NewRate,
      answers: { 200: BroadcastChanged },
      handle: async (call) =>
        steer(call, 'rate', (tx, id) =>
          setRate(call.ctx.broadcasts, tx, call.workspace.id, id, call.body.ratePerS, call.workspaceNowMs),
        ),
    }),
  ];
}

/** What would happen if it started now. */
export async function forecastOf(
  { ctx, workspace, nowMs }: Call<unknown>,
  broadcast: Broadcast,
): Promise<Static<typeof ForecastShown>> {
  const forecast = await forecastBroadcast(ctx.broadcasts, broadcast, nowMs);
  const size = textSize(ctx.links, workspace, broadcast, forecast.reachable);
  const heldUntil = Object.entries(forecast.heldUntil).map(([code, { firstMs, lastMs }]) => [
    code,
    { first: timeText(firstMs), last: timeText(lastMs) },
  ]);
  return { ...forecast, heldUntil: Object.fromEntries(heldUntil), segments: size ?? null };
}

/** The work of a change to the broadcast of the path. Warms the directory, which is asked again inside the transaction. */
export async function steer(
  call: Call<unknown>,
  what: string,
  run: (tx: Tx, id: number) => Promise<Broadcast | Fault>,
): Promise<Work<200, BroadcastChanged>> {
  await call.ctx.directory.integrationsOf(call.workspace.id);
  const id = idIn(call, 'broadcastId');
  return async (tx) => {
    const broadcast = await run(tx, id);
    return isFault(broadcast) ? broadcast : told(broadcast, what, 200);
  };
}

/** The answer to a change, and what the audit log is told of it. */
export function told<S extends 200 | 201>(
  broadcast: Broadcast,
  what: string,
  status: S,
): Done<S, BroadcastChanged> {
  const { name, state, ratePerS, scheduledMs } = broadcast;
  return {
    status,
    // Names in it that nobody has: said when it is made, before anybody waits for a forecast.
    body: { ...present(broadcast), problems: contentProblems(broadcast.content) },
    audit: {
      action: `broadcast.${what}`,
      subject: `broadcast:${broadcast.id}`,
      detail: { name, state, ratePerS, scheduledAt: timeText(scheduledMs) },
    },
  };
}

async function list(call: Call): Promise<BroadcastPage | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { ctx, workspace } = call;
  const found = await listBroadcasts(ctx.sql, workspace.id, {
    beforeId: page.before,
    limit: page.limit + 1,
  });
  const { rows, last } = cutPage(found, page.limit);
  const counts = await Promise.all(rows.map((row) => countBroadcast(ctx.broadcasts, ctx.sql, row)));
  return {
    broadcasts: rows.map((row, i) => ({ ...present(row), counts: counts[i]! })),
    next: idText(last?.id),
  };
}

async function listAmiss(call: Call): Promise<AmissPage | Fault> {
  const asked = await readRunPage(call, 'state', AMISS);
  if (isFault(asked)) return asked;
  const { word: state, broadcast, ...page } = asked;
  if (broadcast.runId === null) return { recipients: [], next: null };
  const { rows, nextAfter } = await amissInRun(call.ctx.sql, call.workspace.id, broadcast.runId, {
    ...page,
    states: (state === undefined ? AMISS : [state]).map((name) => STATE[name]),
  });
  return {
    recipients: rows.map((row) => ({ contactId: idText(row.contactId), ...presentDelivery(row) })),
    next: idText(nextAfter),
  };
}

/** The broadcast of the path. */
export async function find(call: Call<unknown>): Promise<Broadcast | Fault> {
  const { sql } = call.ctx;
  return (await findBroadcast(sql, call.workspace.id, idIn(call, 'broadcastId'))) ?? missing('broadcast');
}

/** A page of the people of a broadcast: which of them, by a word of the query, after whom, and how many. */
export async function readRunPage<T extends string>(call: Call<unknown>, name: string, words: readonly T[]) {
  const word = queryWord(call, name, words);
  if (isFault(word)) return word;
  const page = readPage(call, 'after');
  if (isFault(page)) return page;
  const broadcast = await find(call);
  if (isFault(broadcast)) return broadcast;
  return { word, broadcast, limit: page.limit, afterContactId: page.before ?? 0 };
}

type InputText = Omit<BroadcastInput, 'audience' | 'integrationId' | 'content'> & {
  content?: unknown;
  audience?: AudienceText;
  integrationId?: string | null;
};

/** A body as the room takes it: ids as numbers, names of this workspace only. */
export async function readInput(call: Call<unknown>, body: InputText): Promise<BroadcastInput | Fault> {
  const { content, audience, integrationId, ...rest } = body;
  const input: BroadcastInput = { ...rest };
  if (content !== undefined) {
    const read = await readContent(content, 'content', call.workspace.id);
    if (isFault(read)) return read;
    const said = await withoutTemplate(call, read);
    if (isFault(said)) return said;
    const named = integrationId ? await call.ctx.directory.integration(idOf(integrationId)) : undefined;
    const own = named?.workspaceId === call.workspace.id ? named : undefined;
    input.content = await asSeen(call, await templatesThrough(call, own, said), said);
  }
  if (audience !== undefined) {
    const read = await readAudience(call.ctx.sql, call.workspace.id, audience);
    if (isFault(read)) return read;
    input.audience = read;
  }
  // Looked up here so that the room finds it in memory when it asks within its transaction.
  await call.ctx.directory.integrationsOf(call.workspace.id);
  if (integrationId === null) input.integrationId = null;
  if (typeof integrationId === 'string') {
    const integration = await call.ctx.directory.integration(idOf(integrationId));
    if (integration?.workspaceId !== call.workspace.id) return missing('integration', 'integrationId');
    input.integrationId = fromHex24(integrationId);
  }
  return input;
}

/** What a stored template stands for at this moment; what is changed of it later does not change what is being sent. */
export async function withoutTemplate(
  { ctx, workspace }: Call<unknown>,
  content: Content,
  locale?: string,
): Promise<Content | Fault> {
  if (content.type !== 'template') return content;
  const said = await expandTemplates(ctx.sql, workspace.id, [content], {
    path: 'content',
    ...(locale === undefined ? {} : { locale, language: locale }),
  });
  if (isFault(said)) return said;
  const [only, more] = said;
  return only && !more ? only : breaks('content', `the template ${content.name} is more than one message`);
}

/** A broadcast. */
export function present(broadcast: Broadcast): BroadcastShown {
  const { id, name, state, content, channel, ratePerS, note, expiresAfterMs } = broadcast;
  return {
    id: toHex24(id),
    name,
    state,
    note,
    channel,
    class: broadcast.class,
    integrationId: idText(broadcast.integrationId),
    content,
    audience: showAudience(broadcast.audience),
    ratePerS,
    expiresAfterMs,
    scheduledAt: timeText(broadcast.scheduledMs),
    startedAt: timeText(broadcast.startedMs),
    finishedAt: timeText(broadcast.finishedMs),
    createdAt: timeText(broadcast.createdMs),
    changedAt: timeText(broadcast.changedMs),
    revision: broadcast.revision,
  };
}
