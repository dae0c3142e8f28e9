/** Two users turn out to be one person (api/sunshine.md §2, §8.3). */
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { Merge } from '../../../contract/doors/sunshine/users.ts';
import { type Static } from 'typebox';
import { breaks, isFault } from '../../base/fault.ts';
import { getContact, type Contact } from '../../contacts/contacts.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { mergePeople } from '../../people/people.ts';
import { presentUserBriefly } from './present.ts';
import { missing, writes, type Call, type RouteOutcome, type Route, type SunshineFault } from './route.ts';
import { tellOfUsers } from './told.ts';
import { contactNamed, loadUser } from './users.ts';

/** `…/appusers/merge`. */
export const mergeRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/appusers/merge',
    // One of the two is gone afterwards.
    action: 'contacts.erase',
    does: 'Makes two users one.',
    body: Merge,
    answers: { 200: Done },
    handle: async (call) => (tx) => merge(call, tx),
  }),
];

async function merge(call: Call<Static<typeof Merge>>, tx: Tx): Promise<RouteOutcome<200, object>> {
  const surviving = await named(call, tx, 'surviving');
  if (isFault(surviving)) return surviving;
  const discarded = await named(call, tx, 'discarded');
  if (isFault(discarded)) return discarded;
  if (surviving.id === discarded.id) return breaks('discarded', 'must be another user than surviving');
  const told = await mergeUsers(call, tx, surviving, discarded, 'api');
  if (isFault(told)) return told;
  const subject = `contact:${surviving.id}`;
  return { status: 200, body: {}, audit: { action: 'contact.merge', subject, detail: { id: discarded.id } } };
}

/** Merges and tells of it. Part of the transaction. */
export async function mergeUsers(
  call: Pick<Call, 'ctx' | 'workspace' | 'nowMs'>,
  tx: Tx,
  surviving: Contact,
  discarded: Contact,
  reason: 'api' | 'channelLinking' | 'sdkLogin',
): Promise<undefined | SunshineFault> {
  const { ctx, workspace, nowMs } = call;
  const { id: workspaceId, clockAheadMs } = workspace;
  const gone = presentUserBriefly(await loadUser(tx, discarded));
  const pair = { workspaceId, survivingId: surviving.id, discardedId: discarded.id };
  const merged = await mergePeople(ctx, tx, nowMs + clockAheadMs, pair);
  // Somebody else was quicker.
  if (isFault(merged)) return merged.fault === 'not_found' ? missing('user') : merged;
  const user = await loadUser(tx, (await getContact(tx, workspaceId, surviving.id))!);
  await tellOfUsers(call, tx, [
    {
      trigger: 'merge:appUser',
      contactId: surviving.id,
      more: { surviving: presentUserBriefly(user), discarded: [gone], reason },
    },
  ]);
  return undefined;
}

async function named(
  call: Call<Static<typeof Merge>>,
  db: Db,
  field: 'surviving' | 'discarded',
): Promise<Contact | SunshineFault> {
  const { _id: id, userId } = call.body[field];
  if ((id === undefined) === (userId === undefined)) return breaks(`${field}._id`, 'is required');
  const contact = await contactNamed(db, call.workspace.id, id ?? userId!);
  return contact ?? { ...missing('user'), message: `${field}: there is no such user`, field };
}
