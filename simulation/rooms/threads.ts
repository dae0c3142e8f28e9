/**
 * What the business posts to conversations: some of it after a delay and typed before, by several requests at once; some is taken away
 * before it is said. People become one meanwhile, or are erased.
 */
import { findContact } from '../../src/contacts/contacts.ts';
import { ensureConversations } from '../../src/conversations/conversations.ts';
import { fromRef } from '../../src/ledger/ref.ts';
import { postMessages } from '../../src/threads/posts.ts';
import type { NewThreadPost, Poster } from '../../src/threads/post.ts';
import { removeSaid } from '../../src/threads/removed.ts';
import { openThreads, tableOf } from '../../src/threads/threads.ts';
import type { Run, Step } from '../run.ts';
import { must } from '../world.ts';
import { erasedForGood, leftOfErased } from './erased.ts';
import { awayMs } from './processes.ts';
import type { RoomPlay } from './room.ts';

const AGENT = '00000000000000000000a9e7';
const DELAYS_MS = [0, 0, 300, 1_000, 2_500, 15_000, 120_000] as const;

/** What was posted by one request. */
type Posted = { conversationId: number; posts: { id: number; dueMs: number; kind: Kind }[] };
type Kind = NewThreadPost['said']['kind'];
/** What was taken away; `wasHeld` when it had not been said by then. */
type Taken = { id: number; wasHeld: boolean } | undefined;

export const threads: RoomPlay = {
  name: 'threads',
  isApart: true,
  steps: [
    {
      what: 'post',
      weight: 24,
      draw: (draws) => ({
        person: draws.between('who is posted to', 0, 23),
        delaysMs: Array.from({ length: draws.between('how much is posted', 1, 4) }, () => draws.one('delay', DELAYS_MS)),
        kinds: Array.from({ length: 4 }, () => draws.weighted('posted as', [[6, 'speech'], [1, 'heard'], [1, 'aside']] as const)),
        twice: draws.happens('two post at once', 0.3),
      }),
    },
    { what: 'take away', weight: 8, draw: (draws) => ({ post: draws.between('which is taken away', 0, 99), all: draws.happens('all are taken away', 0.2) }) },
  ],
  async perform(run, step) {
    if (step.what === 'take away') return await takeAway(run, Number(step['post']), step['all'] === true);
    const asked = Array.from({ length: step['twice'] ? 2 : 1 }, () => post(run, step));
    return await Promise.all(asked);
  },
  async check(run) {
    return [...(await held(run)), ...(await said(run)), ...saidThough(run), ...(await typed(run)), ...(await leftOfErased(run, ['threads']))];
  },
  standings: { among: ['held', 'typed', 'said', 'nothing'], of: standing },
};

/** How what is posted to somebody stands, or to all. */
async function standing(run: Run, step: Step | undefined): Promise<string[]> {
  const phone = typeof step?.['person'] === 'number' ? run.places.busy.people[step['person']]!.phone : null;
  const rows = await run.look<{ held: boolean; typed: boolean }[]>`
    SELECT DISTINCT p.due_ms IS NOT NULL held, coalesce(p.typing_ms <= ${Math.floor(run.stage.nowMs())}::bigint, false) typed FROM posts p
    JOIN conversations c ON c.id = p.conversation_id
    WHERE ${phone}::text IS NULL OR c.contact_id IN (SELECT contact_id FROM identities WHERE value = ${phone}::text)`;
  return rows.length ? rows.map((row) => (!row.held ? 'said' : row.typed ? 'typed' : 'held')) : ['nothing'];
}

async function post(run: Run, step: Step): Promise<Posted | undefined> {
  const { ctx } = run.door();
  const { id: workspaceId, people } = run.places.busy;
  const found = await findContact(ctx.sql, workspaceId, { kind: 'phone', value: people[Number(step['person'])]!.phone });
  if (!found) return undefined;
  const [workspace, integrations] = await Promise.all([ctx.directory.workspace(workspaceId), ctx.directory.integrationsOf(workspaceId)]);
  const nowMs = ctx.clock.nowMs();
  const poster: Poster = { tools: ctx, workspace: workspace!, integrations, users: [], userId: AGENT, nowMs };
  const kinds = step['kinds'] as Kind[];
  const delaysMs = step['delaysMs'] as number[];
  return await ctx.queue.transact(async (tx) => {
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, [{ contactId: found.id, workspaceId }]);
    const { id: conversationId } = conversations.get(found.id)!;
    const [thread] = await openThreads(tx, workspaceId, [conversationId], true);
    const ids = must(await postMessages(poster, tx, await tableOf(tx, thread!), delaysMs.map((delayMs, i) => postOf(kinds[i]!, delayMs, i))));
    let dueMs = nowMs;
    return { conversationId, posts: ids.map((id, i) => ({ id, dueMs: (dueMs += delaysMs[i]!), kind: kinds[i]! })) };
  });
}

function postOf(kind: Kind, delayMs: number, i: number): NewThreadPost {
  const text = `post ${i}`;
  const content = { type: 'text' as const, text };
  return {
    path: '',
    type: 'chat',
    role: kind === 'heard' ? 'contact' : 'agent',
    user: undefined,
    delayMs,
    touchpoint: 'sms',
    wire: { text },
    said: kind === 'aside' ? { kind } : { kind, content },
  };
}

/** Takes one away, or all that its conversation has. */
async function takeAway(run: Run, which: number, all: boolean): Promise<Taken[]> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const posts = postedIn(run).flatMap(({ conversationId, posts: own }) => own.map(({ id }) => ({ conversationId, id })));
  const one = posts[which % (posts.length || 1)];
  if (!one) return [];
  return await ctx.queue.transact(async (tx) => {
    const wanted = all ? posts.filter(({ conversationId }) => conversationId === one.conversationId) : [one];
    await removeSaid(ctx, tx, { workspaceId, conversationId: one.conversationId, atMs: ctx.clock.nowMs() }, all ? undefined : one.id);
    const rows = await tx<{ id: number }[]>`SELECT cause_id id FROM deliveries WHERE cause_id = ANY(${wanted.map(({ id }) => id)}::bigint[])`;
    const begun = new Set(rows.map(({ id }) => id));
    return wanted.map(({ id }) => ({ id, wasHeld: !begun.has(id) }));
  });
}

function postedIn(run: Run): (Posted & { step: Step })[] {
  return run.done.flatMap(({ step, state, result }) =>
    step.room === 'threads' && step.what === 'post' && state === 'done'
      ? (result as (Posted | undefined)[]).flatMap((one) => (one ? [{ ...one, step }] : []))
      : [],
  );
}

/** Who may have been erased, or have lost what was posted to them: nothing is asked of what was posted to them before. */
function isGone(run: Run): (step: Step) => boolean {
  const gone = new Set(run.done.flatMap(({ step, state }) => (step.what === 'erase' && state !== 'refused' ? [step['person']] : [])));
  return (step) => gone.has(step['person']);
}

/** Who may have become another by then: what is said to those is a message of its own id. */
function mayBeOther(run: Run): (step: Step) => boolean {
  const merged = new Set(
    run.done.flatMap(({ step, state }) =>
      (step.what === 'merge' || step.what === 'unite') && state !== 'refused' ? [step['discarded'], step['surviving'], step['person']] : [],
    ),
  );
  return (step) => merged.has(step['person']);
}

function takenIn(run: Run): { id: number; wasHeld: boolean; atMs: number }[] {
  return run.done.flatMap(({ step, state, result, atMs }) =>
    step.room === 'threads' && step.what === 'take away' && state === 'done' ? (result as Taken[]).flatMap((one) => (one ? [{ ...one, atMs }] : [])) : [],
  );
}

/** Whether it may have been taken away by somebody who died over it. */
function mayBeTaken(run: Run): boolean {
  return run.done.some(({ step, state }) => step.room === 'threads' && step.what === 'take away' && state === 'open');
}

/** Nothing is still to be said. */
async function held({ look }: Run): Promise<string[]> {
  const rows = await look<{ id: number; due_ms: number }[]>`SELECT id, due_ms FROM posts WHERE due_ms IS NOT NULL`;
  return rows.map(({ id, due_ms }) => `post ${id} was due at ${due_ms} and is still held`);
}

/** What a moment of a request may come later than it was due, where there was somebody to do it, ms. */
const LATE_MS = 60_000;

/** What was posted is said once, not before its time nor long after it, and what one request posts in its order. */
async function said(run: Run): Promise<string[]> {
  if (mayBeTaken(run)) return [];
  const taken = new Set(takenIn(run).map(({ id }) => id));
  const gone = isGone(run);
  const isOther = mayBeOther(run);
  const away = awayMs(run);
  const posted = postedIn(run).filter(({ step }) => !gone(step));
  const ids = posted.flatMap(({ posts }) => posts.map(({ id }) => id));
  const rows = await run.look<{ id: number; atMs: number; kind: Kind; n: number }[]>`
    SELECT p.id, p.at_ms "atMs", (SELECT count(*)::int FROM messages m WHERE m.id = p.id) n
    FROM posts p WHERE p.id = ANY(${ids}::bigint[])`;
  const found = new Map(rows.map((row) => [row.id, row]));
  return posted.flatMap(({ posts, step }) =>
    posts.flatMap(({ id, dueMs, kind }, i) => {
      if (taken.has(id)) return [];
      const row = found.get(id);
      if (!row) return [`post ${id} is lost`];
      const before = posts.slice(0, i).findLast((one) => found.has(one.id));
      return [
        ...(row.n === (kind === 'aside' ? 0 : 1) || isOther(step) ? [] : [`post ${id} was said ${row.n} times`]),
        ...(row.atMs < dueMs ? [`post ${id} was said ${dueMs - row.atMs} ms before its time`] : []),
        ...(row.atMs - dueMs - away(dueMs, row.atMs) > LATE_MS ? [`post ${id} was said ${row.atMs - dueMs} ms after its time`] : []),
        ...(before && found.get(before.id)!.atMs > row.atMs ? [`post ${id} was said before ${before.id}, which was posted before it`] : []),
      ];
    }),
  );
}

/** What was taken away before it was said does not leave. */
function saidThough(run: Run): string[] {
  const begun = new Set(run.books.begun.map(({ ref }) => fromRef(ref)?.causeId));
  return takenIn(run).flatMap(({ id, wasHeld }) => (wasHeld && begun.has(id) ? [`post ${id} was taken away, and left`] : []));
}

/** At rest nobody types. */
async function typed(run: Run): Promise<string[]> {
  const gone = new Set(erasedForGood(run).flatMap(({ contactIds }) => contactIds));
  const rows = await run.look<{ contactId: number; on: boolean }[]>`
    SELECT DISTINCT ON (payload ->> 'conversationId') (payload ->> 'contactId')::bigint "contactId", (payload ->> 'on')::boolean "on"
    FROM feed_log WHERE type = 'conversation.typing' AND payload ->> 'by' = 'business'
    ORDER BY payload ->> 'conversationId', at_ms DESC, id DESC`;
  return rows.filter(({ contactId, on }) => on && !gone.has(contactId)).map(({ contactId }) => `contact ${contactId} still sees typing`);
}
