/** What the business says in groups, and to connected accounts: to one, or to the conversation of each of many. */
import {
  AccountBroadcast,
  AccountMessage,
  NewAccountBroadcast,
  NewAccountMessage,
  NewPost,
  PostPage,
  PostShown,
} from '../../../contract/doors/console/groups.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Count } from '../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import { postToAccounts, postToGroup } from '../../broadcasts/posted.ts';
import { checkContent } from '../../content/check.ts';
import type { Post } from '../../conversations/groups/group.ts';
import { findGroup } from '../../conversations/groups/groups.ts';
import { favoritesAmong, listPosts, takePostBack } from '../../conversations/groups/posts.ts';
import { tellAccount } from '../../outbox/tellAccount.ts';
import { readAudience } from './people/audienceInput.ts';
import {
  acts,
  idIn,
  idOf,
  missing,
  reads,
  readLimit,
  readTime,
  timeText,
  writes,
  type Call,
  type Route,
} from './route.ts';

const posts = '/groups/:groupId/posts';
/** Ids of 100,000 contacts. */
const AUDIENCE_BYTES = 4 * 1024 * 1024;

/** `…/groups/{id}/posts`, `…/accounts`. */
export const postRoutes: readonly Route[] = [
  reads({
    path: posts,
    does: 'What was said in a group chat, newest first.',
    action: 'groups.read',
    query: { limit: NEWEST_FIRST.limit, before: Count },
    answer: PostPage,
    handle: list,
  }),
  writes({
    path: posts,
    does: 'Says something in a group chat, now or at a time to come. It is kept once, and goes to the devices of those who want to be told.',
    action: 'groups.write',
    body: NewPost,
    answers: { 201: PostShown },
    async handle(call) {
      const { mentions = [], mentionsAll = false } = call.body;
      const content = checkContent(call.body.content, 'content');
      if (isFault(content)) return content;
      const when = readWhen(call, call.body.sendAt);
      if (isFault(when)) return when;
      const of = { workspaceId: call.workspace.id, groupId: idIn(call, 'groupId') };
      const saying = {
        author: {},
        content,
        mentions: mentions.map(idOf).filter((id) => id > 0),
        mentionsAll,
      };
      return async (tx) => {
        const post = await postToGroup(call.ctx.broadcasts, tx, of, saying, when);
        if (isFault(post)) return post.fault === 'not_found' ? missing('group') : post;
        const audit = { action: 'group.post', subject: `group:${of.groupId}`, detail: { postId: post.id } };
        return { status: 201, body: present(post, undefined), audit };
      };
    },
  }),
  acts({
    method: 'DELETE',
    path: `${posts}/:postId`,
    does: 'Takes back what was said, also what is still to be said.',
    action: 'groups.write',
    answers: { 200: PostShown },
    async handle(call) {
      const of = { workspaceId: call.workspace.id, postId: idIn(call, 'postId') };
      return async (tx) => {
        const post = await takePostBack(tx, call.workspaceNowMs, of);
        if (isFault(post) || post.groupId !== idIn(call, 'groupId')) return missing('post');
        const audit = {
          action: 'group.takeBack',
          subject: `group:${post.groupId}`,
          detail: { postId: post.id },
        };
        return { status: 200, body: present(post, undefined), audit };
      };
    },
  }),
  writes({
    path: '/accounts/:contactId/messages',
    does: 'Says something to one connected account, in its direct conversation or as a notification.',
    action: 'messages.send',
    body: NewAccountMessage,
    answers: { 201: AccountMessage },
    async handle(call) {
      const { ctx, workspace, nowMs, body } = call;
      const content = checkContent(body.content, 'content');
      if (isFault(content)) return content;
      const to = {
        workspaceId: workspace.id,
        contactId: idIn(call, 'contactId'),
        kind: body.kind,
        companyName: workspace.name,
        aheadMs: workspace.clockAheadMs,
      };
      return async (tx) => {
        const told = await tellAccount(ctx, tx, nowMs, to, { content, source: { type: 'console' } });
        if (isFault(told)) return told;
        const { messageId, conversationId, atMs } = told;
        const audit = {
          action: 'account.message',
          subject: `message:${messageId}`,
          detail: { kind: body.kind },
        };
        const ids = { messageId: toHex24(messageId), conversationId: toHex24(conversationId) };
        return { status: 201, body: { ...ids, contactId: toHex24(to.contactId), at: timeText(atMs) }, audit };
      };
    },
  }),
  writes({
    path: '/accounts/broadcasts',
    does: 'Says something to each connected account of an audience, in its direct conversation or as a notification.',
    action: 'broadcasts.send',
    body: NewAccountBroadcast,
    answers: { 202: AccountBroadcast },
    bodyBytes: AUDIENCE_BYTES,
    async handle(call) {
      const { ctx, workspace, body } = call;
      const content = checkContent(body.content, 'content');
      if (isFault(content)) return content;
      const when = readWhen(call, body.sendAt);
      if (isFault(when)) return when;
      const audience = await readAudience(ctx.sql, workspace.id, body.audience);
      if (isFault(audience)) return audience;
      const of = { workspaceId: workspace.id, kind: body.kind, companyName: workspace.name };
      return async (tx) => {
        const made = await postToAccounts(ctx.broadcasts, tx, of, { content, audience }, when);
        if (isFault(made)) return made;
        const audit = {
          action: 'account.broadcast',
          subject: `broadcast:${made.id}`,
          detail: { kind: body.kind },
        };
        const shown = {
          broadcastId: toHex24(made.id),
          state: made.state,
          sendAt: timeText(made.scheduledMs),
        };
        return { status: 202, body: shown, audit };
      };
    },
  }),
];

async function list(call: Call): Promise<PostPage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const before = call.query['before'];
  if (before !== undefined && !/^\d{1,15}$/.test(before))
    return breaks('before', 'must be a place in the group');
  const { ctx, workspace } = call;
  const group = await findGroup(ctx.sql, workspace.id, idIn(call, 'groupId'));
  if (isFault(group)) return missing('group');
  const found = await listPosts(ctx.sql, group.id, {
    beforePosition: before === undefined ? undefined : Number(before),
    limit: limit + 1,
  });
  const { rows, last } = cutPage(found, limit);
  const ids = rows.map(({ id }) => id);
  const favorites = await favoritesAmong(ctx.sql, workspace.id, ids);
  return {
    posts: rows.map((post) => present(post, favorites.get(post.id))),
    next: last ? String(last.position) : null,
  };
}

/** When something is said: at the time given, or now. */
function readWhen(call: Call<unknown>, sendAt: string | undefined) {
  const atMs = sendAt === undefined ? undefined : readTime(sendAt, 'sendAt');
  if (isFault(atMs)) return atMs;
  return { nowMs: call.nowMs, wsNowMs: call.workspaceNowMs, atMs };
}

function present(post: Post, favoritedMs: number | undefined): PostShown {
  return {
    id: toHex24(post.id),
    groupId: toHex24(post.groupId),
    position: post.position,
    authorId: post.authorId === null ? null : toHex24(post.authorId),
    content: post.content,
    mentions: post.mentions.map(toHex24),
    mentionsAll: post.mentionsAll,
    favoritedAt: timeText(favoritedMs ?? null),
    deletedAt: timeText(post.deletedMs),
    at: timeText(post.atMs),
  };
}
