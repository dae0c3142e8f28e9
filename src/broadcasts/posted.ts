/**
 * Posts: what is said to a group, or to the conversation of each of many connected accounts, is a run of the one engine. It is written
 * once with the answer, whoever it is for; the steps of its broadcast (steps.ts) take it to devices and browsers.
 */
import type { Audience } from '../../contract/audience.ts';
import type { Content } from '../../contract/content.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { toHex24 } from '../base/ids.ts';
import { compile } from '../content/compile.ts';
import type { ChatKind } from '../conversations/groups/chats.ts';
import { forDevices } from '../conversations/groups/devices.ts';
import type { Post } from '../conversations/groups/group.ts';
import { postsBy, writePost, type NewGroupPost } from '../conversations/groups/posts.ts';
import type { Origin } from '../conversations/groups/reach.ts';
import type { Db, Tx } from '../db/pool.ts';
import type { Erasing } from '../db/room.ts';
import type { Broadcast, BroadcastDeps } from './broadcast.ts';
import { draft, startDraft } from './broadcasts.ts';
import { emptyPosted, selectByIds } from './sql.ts';

/** A push about something said three days ago helps nobody. */
const TOLD_FOR_MS = 3 * 24 * 3600 * 1000;

/** When a post is made: `nowMs` by our clock, the other two by the workspace's. */
type When = { nowMs: number; wsNowMs: number; atMs?: number | undefined };

/** Says something in a group: now, or at a time to come. Costs the same however many are in it. */
export async function postToGroup(
  deps: BroadcastDeps,
  tx: Tx,
  of: { workspaceId: number; groupId: number },
  saying: NewGroupPost,
  when: When,
): Promise<Post | Fault> {
  const later = when.atMs !== undefined && when.atMs > when.wsNowMs;
  const compiled = compile(saying.content, { liquid: false, path: 'content' });
  if (isFault(compiled)) return compiled;
  const written = await writePost(tx, deps.ids, when.wsNowMs, { ...of, later }, saying);
  if (isFault(written)) return written;
  const { post, group } = written;
  const started = await startPosted(
    deps,
    tx,
    of.workspaceId,
    {
      origin: {
        kind: 'group',
        groupId: group.id,
        postId: post.id,
        ...(group.kind === 'announcements' ? { announcements: true } : {}),
      },
      name: group.name,
      content: forDevices(saying.content, {
        title: saying.author.name === undefined ? group.name : `${saying.author.name} · ${group.name}`,
        conversation: group.kind,
        conversationId: toHex24(group.id),
        messageId: toHex24(post.id),
      }),
      audience: { include: {} },
    },
    when,
  );
  return isFault(started) ? started : post;
}

/** Says something in one of the two conversations of each connected account of an audience: now, or at a time to come. */
export async function postToAccounts(
  deps: BroadcastDeps,
  tx: Tx,
  of: { workspaceId: number; kind: ChatKind; companyName: string },
  said: { content: Content; audience: Audience },
  when: When,
): Promise<Broadcast | Fault> {
  const compiled = compile(said.content, { liquid: false, path: 'content' });
  if (isFault(compiled)) return compiled;
  const content = forDevices(said.content, { title: of.companyName, conversation: of.kind });
  const name = of.kind === 'direct' ? 'Message to accounts' : 'Notification to accounts';
  return await startPosted(
    deps,
    tx,
    of.workspaceId,
    { origin: { kind: of.kind }, name, content, audience: said.audience },
    when,
  );
}

/** Something that was said to many accounts at once. `atMs` is by the workspace's clock. */
export type PostedMessage = {
  id: number;
  workspaceId: number;
  kind: ChatKind;
  content: Content;
  atMs: number;
};

/** What was said to many accounts, by the broadcasts' ids. */
export async function messagesPosted(db: Db, ids: readonly number[]): Promise<Map<number, PostedMessage>> {
  const found = ids.length ? await selectByIds(db, ids) : [];
  return new Map(
    found.flatMap(({ id, workspaceId, origin, content, startedMs, createdMs }) =>
      origin && origin.kind !== 'group'
        ? [[id, { id, workspaceId, kind: origin.kind, content, atMs: startedMs ?? createdMs }] as const]
        : [],
    ),
  );
}

/** Lets go of what people said in groups, as their devices are told of it. */
export async function forgetPosted({
  tx,
  workspaceId,
  contactIds,
}: Pick<Erasing, 'tx' | 'workspaceId' | 'contactIds'>): Promise<void> {
  const posts = await postsBy(tx, contactIds);
  if (posts.length) await emptyPosted(tx, workspaceId, posts);
}

async function startPosted(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  posted: { origin: Origin; name: string; content: Content; audience: Audience },
  { nowMs, wsNowMs, atMs }: When,
): Promise<Broadcast | Fault> {
  const parts = {
    ...posted,
    class: 'transactional' as const,
    channel: 'push' as const,
    integrationId: null,
    ratePerS: null,
    expiresAfterMs: TOLD_FOR_MS,
  };
  if (atMs !== undefined && atMs > wsNowMs + MOST_AHEAD_MS)
    return fault('bad_request', 'sendAt: must be within a year', { field: 'sendAt' });
  const drafted = await draft(deps, tx, workspaceId, parts, wsNowMs);
  return await startDraft(deps, tx, drafted, nowMs, atMs);
}

const MOST_AHEAD_MS = 366 * 24 * 3600 * 1000;
