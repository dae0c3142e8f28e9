/** Leaving everything, and coming back (api/outbound.md §A.2). By the word of the business: what a person said to us stays. */
import { isFault, type Fault } from '../../base/fault.ts';
import { joinAgain, leaveEverything } from '../../contacts/consent/everything.ts';
import { readWho } from './read.ts';
import { Body, DONE, keeps, type Call, type Route } from './route.ts';
import { tell } from './tell.ts';

/** `/v2/{unsubscribe|subscribe}/all`. */
export const subscriptionRoutes: readonly Route[] = (['unsubscribe', 'subscribe'] as const).map((act) =>
  keeps({
    path: `/v2/${act}/all`,
    action: 'people.tell',
    body: Body,
    handle: (call) => all(call, act),
  }),
);

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
