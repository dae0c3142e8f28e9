/** Leaving everything, and coming back (api/outbound.md §A.2). By the word of the business: what a person said to us stays. */
import { takeOnce } from '../../accounts/toldOnce.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { campaignsNamed, changeOptouts } from '../../campaigns/enrol/optouts.ts';
import { joinAgain, leaveEverything, type Someone } from '../../contacts/consent/everything.ts';
import { holdWhoIs } from '../../contacts/held.ts';
import type { Tx } from '../../db/pool.ts';
import { readId, readWho, type OutboundUser } from './read.ts';
import { onceOf } from './repeat.ts';
import { Body, DONE, keeps, type Call, type Route } from './route.ts';
import { tell } from './tell.ts';

const MOST_CAMPAIGNS = 100;

/** `/v2/{unsubscribe|subscribe}/{all|campaigns}`. */
export const subscriptionRoutes: readonly Route[] = (['unsubscribe', 'subscribe'] as const).flatMap((act) => [
  keeps({
    path: `/v2/${act}/all`,
    does: act === 'unsubscribe' ? 'A user leaves everything.' : 'A user comes back to everything.',
    action: 'people.tell',
    body: Body,
    handle: (call) => all(call, act),
  }),
  keeps({
    path: `/v2/${act}/campaigns`,
    does: act === 'unsubscribe' ? 'A user leaves campaigns.' : 'A user comes back to campaigns.',
    action: 'people.tell',
    body: Body,
    handle: (call) => campaigns(call, act),
  }),
]);

async function all(
  call: Call<Record<string, unknown>>,
  act: 'unsubscribe' | 'subscribe',
): Promise<typeof DONE | Fault> {
  const { ctx, workspaceNowMs } = call;
  const who = readWho(call.body, '');
  if (isFault(who)) return who;
  return await ofKnown(call, who, onceOf(call, `${act} all`, who), async (tx, someone) => {
    const people = [someone];
    await (act === 'unsubscribe'
      ? leaveEverything(tx, ctx.ids, workspaceNowMs, people, { rank: 'api', reason: 'unsubscribed from all' })
      : joinAgain(tx, ctx.ids, workspaceNowMs, people, { rank: 'api', reason: 'subscribed to all' }));
  });
}

/** Campaigns are named by key or id. Who leaves one is out of it, and what it let in for them is taken back as far as its steps say. */
async function campaigns(
  call: Call<Record<string, unknown>>,
  act: 'unsubscribe' | 'subscribe',
): Promise<typeof DONE | Fault> {
  const { ctx, body, workspace, workspaceNowMs } = call;
  const who = readWho(body, '');
  if (isFault(who)) return who;
  const given = body['campaign_ids'];
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_CAMPAIGNS)
    return breaks('campaign_ids', `must be a list of 1 to ${MOST_CAMPAIGNS}`);
  const names: string[] = [];
  for (const [i, one] of given.entries()) {
    const name = readId(one, `campaign_ids[${i}]`);
    if (isFault(name)) return name;
    names.push(name);
  }
  const ids = await campaignsNamed(ctx.sql, workspace.id, names, 'campaign_ids');
  if (isFault(ids)) return ids;
  const how = act === 'unsubscribe' ? 'leave' : 'come back';
  const once = onceOf(call, `${act} campaigns`, { who, ids });
  return await ofKnown(call, who, once, (tx, someone) =>
    changeOptouts(ctx, tx, someone, ids, how, workspaceNowMs),
  );
}

/**
 * Does something of whoever it is, once: of who is not known yet, too, who leaves before the first message. A repeat is of nobody who is gone
 * since.
 */
async function ofKnown(
  call: Call<unknown>,
  who: OutboundUser,
  once: string | undefined,
  act: (tx: Tx, someone: Someone) => Promise<void>,
): Promise<typeof DONE | Fault> {
  const { ctx, workspace, nowMs } = call;
  const told = await tell(call, [{ who, once }]);
  if (isFault(told)) return told;
  const [found] = told;
  if (found === undefined) return DONE;
  const workspaceId = workspace.id;
  await ctx.queue.transact(async (tx) => {
    if (!(await takeOnce(tx, workspaceId, once && `${once} done`, nowMs))) return;
    const contactId = await holdWhoIs(tx, { workspaceId, contactId: found });
    if (contactId !== undefined) await act(tx, { workspaceId, contactId });
  });
  return DONE;
}
