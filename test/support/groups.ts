/** People with devices, and groups of them, for tests. */
import { placeholderSettings } from '../../src/accounts/placeholders.ts';
import { postToGroup } from '../../src/broadcasts/posted.ts';
import { ADAPTERS } from '../../src/channels/adapters.ts';
import { resolvePeople } from '../../src/contacts/resolve/resolve.ts';
import type { NewGroupPost } from '../../src/conversations/groups/posts.ts';
import { createGroup, joinGroup } from '../../src/conversations/groups/groups.ts';
import type { HttpContext } from '../../src/doors/kit/context.ts';
import { newIntegration } from './messages.ts';
import { must, newWorkspace } from './world.ts';

let named = 0;

/** A test workspace whose pushes the simulator takes. */
export async function newPushPlace(ctx: HttpContext) {
  const place = await newWorkspace(ctx, 'test');
  await withPush(ctx, place.id);
  return place;
}

/** Gives a test workspace an integration for push, which the simulator plays. */
export async function withPush(ctx: HttpContext, workspaceId: number): Promise<void> {
  const made = placeholderSettings(ADAPTERS['fcm']!);
  if ('lacks' in made) throw new Error(`fcm lacks ${made.lacks}`);
  await newIntegration(ctx, workspaceId, 'fcm', made.settings);
}

/** People with a device each; `token` is its address. In the order in which they are made. */
export async function newDevices(
  ctx: HttpContext,
  workspaceId: number,
  count: number,
): Promise<{ id: number; token: string }[]> {
  const made: { id: number; token: string }[] = [];
  for (let from = 0; from < count; from += 2_000) {
    const tokens = Array.from({ length: Math.min(2_000, count - from) }, () => `token-${++named}`);
    const resolved = await ctx.queue.transact((tx) =>
      resolvePeople(
        tx,
        ctx.ids,
        ctx.clock.nowMs(),
        tokens.map((token) => ({
          workspaceId,
          identities: [],
          destinations: [{ channel: 'push' as const, integrationId: null, address: token }],
        })),
        'first',
      ),
    );
    made.push(...resolved.map(({ contactId }, i) => ({ id: contactId, token: tokens[i]! })));
  }
  return made;
}

/** A group of people. */
export async function newGroup(
  ctx: HttpContext,
  workspaceId: number,
  contactIds: readonly number[],
  settings = {},
) {
  return await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const group = await createGroup(tx, ctx.ids, nowMs, workspaceId, { name: 'Friends', settings });
    must(await joinGroup(tx, nowMs, { workspaceId, groupId: group.id }, contactIds));
    return group;
  });
}

/** Says something in a group. */
export async function post(
  ctx: HttpContext,
  of: { workspaceId: number; groupId: number },
  text: string,
  more: Partial<NewGroupPost> & { atMs?: number } = {},
) {
  const { atMs, ...said } = more;
  const saying = {
    author: {},
    mentions: [],
    mentionsAll: false,
    ...said,
    content: { type: 'text' as const, text },
  };
  const nowMs = ctx.clock.nowMs();
  return await ctx.queue.transact((tx) =>
    postToGroup(ctx.broadcasts, tx, of, saying, { nowMs, wsNowMs: nowMs, atMs }),
  );
}
