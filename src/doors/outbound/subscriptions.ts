/** Leaving everything, and coming back (api/outbound.md §A.2). By the word of the business: what a person said to us stays. */
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { joinAgain, leaveEverything } from '../../contacts/consent/everything.ts';
import { breaks, readId, readWho } from './read.ts';
import { Body, DONE, keeps, type Call, type Route } from './route.ts';
import { tell } from './tell.ts';

/** `/v2/{unsubscribe|subscribe}/{all|campaigns}`. */
export const subscriptionRoutes: readonly Route[] = (['unsubscribe', 'subscribe'] as const).flatMap((act) => [
  keeps({
    path: `/v2/${act}/all`,
    action: 'people.tell',
    body: Body,
    handle: (call) => all(call, act),
  }),
  keeps({
    path: `/v2/${act}/campaigns`,
    action: 'people.tell',
    body: Body,
    handle: async (call) => campaigns(call.body),
  }),
]);

async function all(
  call: Call<Record<string, unknown>>,
  act: 'unsubscribe' | 'subscribe',
): Promise<typeof DONE | Fault> {
  const { ctx, workspace, workspaceNowMs } = call;
  const who = readWho(call.body, '');
  if (isFault(who)) return who;
  // Somebody who is not known yet leaves before the first message.
  const told = await tell(call, [{ who }]);
  if (isFault(told)) return told;
  const people = [{ workspaceId: workspace.id, contactId: told[0]!.contactId }];
  await ctx.queue.transact((tx) =>
    act === 'unsubscribe'
      ? leaveEverything(tx, ctx.ids, workspaceNowMs, people, { rank: 'api', reason: 'unsubscribed from all' })
      : joinAgain(tx, ctx.ids, workspaceNowMs, people, { rank: 'api', reason: 'subscribed to all' }),
  );
  return DONE;
}

/** Nobody can leave a single campaign yet. Who asks for it is told so, and not that it was done. */
function campaigns(body: Record<string, unknown>): Fault {
  const who = readWho(body, '');
  if (isFault(who)) return who;
  const ids = body['campaign_ids'];
  if (!Array.isArray(ids) || ids.length === 0)
    return breaks('campaign_ids', 'must be a list of at least one');
  for (const [i, one] of ids.entries()) {
    const id = readId(one, `campaign_ids[${i}]`);
    if (isFault(id)) return id;
  }
  return fault(
    'unprocessable',
    'campaign_ids: single campaigns cannot be left yet; use /v2/unsubscribe/all',
    {
      field: 'campaign_ids',
    },
  );
}
