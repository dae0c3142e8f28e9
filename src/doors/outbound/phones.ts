/**
 * What phones tell of pushes. Anybody reads the public key out of an app, so a phone's word is taken of a push alone that is out, to a device of
 * that platform and, where the call names somebody, of theirs: of nothing else that a name may be guessed of.
 */
import { isFault, type Fault } from '../../base/fault.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import { destinationsOf } from '../../contacts/destinations.ts';
import { survivorsOf } from '../../contacts/merge.ts';
import { deliveriesNamed } from '../../ledger/deliveries.ts';
import { fromRef, toRef, type DeliveryKey } from '../../ledger/ref.ts';
import { STATE } from '../../ledger/states.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { PROVIDER, pushOf } from './pushIntegrations.ts';
import { isGiven, readWho, type Fields, type PushApi } from './read.ts';
import type { Call } from './route.ts';

/** The integration through which the push went that a phone names; undefined where there is none of which it could tell. */
export async function integrationOfPush(
  call: Call<Fields>,
  ref: string,
  services: readonly PushApi[],
): Promise<number | undefined | Fault> {
  const { ctx, workspace, body } = call;
  const isNamed = isGiven(body['user_id']) || isGiven(body['anon_id']);
  const who = isNamed ? readWho(body, '') : undefined;
  if (isFault(who)) return who;
  const key = fromRef(ref);
  // What was sent by another system than ours is no error of the phone's.
  if (!key) return undefined;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  const [delivery] = await deliveriesNamed(ctx.sql, [key]);
  if (delivery && (delivery.workspaceId !== workspace.id || (delivery.channel ?? 'push') !== 'push'))
    return undefined;
  const isWaiting =
    !delivery ||
    (delivery.attempts === 0 && (delivery.state === STATE.queued || delivery.state === STATE.held));
  if (isWaiting && !(await hasBegun(call, key))) return undefined;
  if (delivery?.channel !== 'push' && !(await mayBePush(call, key, delivery?.destinationId)))
    return undefined;
  if (who && (await isAnothers(call, key, who))) return undefined;
  // It may be told of before the answer to its sending is written: then it is of the likeliest.
  const sentBy = delivery?.integrationId;
  return sentBy === undefined || sentBy === null
    ? services.map((service) => pushOf(integrations, service)?.id).find((id) => id !== undefined)
    : integrations.find(
        ({ id, provider }) => id === sentBy && services.some((service) => PROVIDER[service] === provider),
      )?.id;
}

/** Whether it may have reached the phone before anything of it is written. */
async function hasBegun({ ctx }: Call<Fields>, key: DeliveryKey): Promise<boolean> {
  const begun = await ctx.queue.begunOf(ctx.sql, KIND.delivery, [key.contactId]);
  return begun.some(
    ({ ownerId, causeId, seq }) => toRef({ contactId: ownerId, causeId, seq }) === toRef(key),
  );
}

/** Whether what is on its way, nobody has written yet on which channel, may go to a device: to that address, or to one of theirs. */
async function mayBePush(
  { ctx, workspace }: Call<Fields>,
  { contactId }: DeliveryKey,
  destinationId: number | null | undefined,
): Promise<boolean> {
  const theirs = await destinationsOf(ctx.sql, workspace.id, [contactId]);
  return theirs.some(({ id, channel }) => channel === 'push' && (destinationId ?? id) === id);
}

/** Whether a push is another's than whoever the phone says it is of: somebody signed out, and somebody in. */
async function isAnothers(
  { ctx, workspace }: Call<Fields>,
  { contactId }: DeliveryKey,
  who: Exclude<ReturnType<typeof readWho>, Fault>,
): Promise<boolean> {
  const [[known], survivors] = await Promise.all([
    findContactIds(ctx.sql, workspace.id, [who]),
    survivorsOf(ctx.sql, workspace.id, [contactId]),
  ]);
  return known !== undefined && known !== (survivors.get(contactId) ?? contactId);
}
