/** Two contacts turn out to be one person: what would become of them, and doing it. */
import type { Static } from 'typebox';
import { ContactShown } from '../../../../contract/doors/console/contacts.ts';
import { MergeGiven, MergeShown } from '../../../../contract/doors/console/people.ts';
import { Id } from '../../../../contract/doors/fields.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import { setsOfContact } from '../../../contacts/audience.ts';
import { getContact, getContacts } from '../../../contacts/contacts.ts';
import { consentOf, destinationsOf } from '../../../contacts/destinations.ts';
import { mergedFields } from '../../../contacts/merge.preview.ts';
import { conversationsOf } from '../../../conversations/conversations.ts';
import { mergeUsers } from '../../sunshine/merge.ts';
import { consoleContact } from '../present.ts';
import { idOf, missing, queryId, reads, writes, type Call, type Route, type Work } from '../route.ts';

/** `…/contacts/merge`. */
export const mergeRoutes: readonly Route[] = [
  reads({
    path: '/contacts/merge',
    action: 'contacts.read',
    does: 'What would become of two contacts that are merged: every field on both sides, and what moves. Changes nothing.',
    query: { survivingId: Id, discardedId: Id },
    answer: MergeShown,
    handle: preview,
  }),
  writes({
    path: '/contacts/merge',
    // One of the two is gone afterwards.
    action: 'contacts.erase',
    does: 'Makes one contact of two. What the survivor has stays, what it lacks comes from the other.',
    body: MergeGiven,
    answers: { 200: ContactShown },
    handle: merge,
  }),
];

async function preview(call: Call): Promise<MergeShown | Fault> {
  const ids: number[] = [];
  for (const name of ['survivingId', 'discardedId']) {
    const id = queryId(call, name);
    if (isFault(id)) return id;
    if (id === undefined) return breaks(name, 'is required');
    ids.push(id);
  }
  if (ids[0] === ids[1]) return twice();
  const { sql } = call.ctx;
  const workspaceId = call.workspace.id;
  const found = await getContacts(sql, workspaceId, ids);
  const [surviving, discarded] = ids.map((id) => found.find((one) => one.id === id));
  if (!surviving) return missing('contact', 'survivingId');
  if (!discarded) return missing('contact', 'discardedId');
  const [destinations, kept, moved, consent, conversations] = await Promise.all([
    destinationsOf(sql, workspaceId, ids),
    setsOfContact(sql, workspaceId, surviving.id),
    setsOfContact(sql, workspaceId, discarded.id),
    consentOf(sql, workspaceId, discarded.id),
    conversationsOf(sql, [discarded.id]),
  ]);
  const own = new Set(
    destinations
      .filter((one) => one.contactId === surviving.id)
      .map((one) => `${one.channel} ${one.address}`),
  );
  const setsThatMove = (kind: string) =>
    moved.filter((set) => set.kind === kind && !kept.some(({ id }) => id === set.id)).map(({ name }) => name);
  return {
    ...mergedFields(surviving, discarded),
    moves: {
      destinations: destinations
        .filter((one) => one.contactId === discarded.id)
        .map(({ channel, address }) => ({ channel, address, known: own.has(`${channel} ${address}`) })),
      lists: setsThatMove('list'),
      tags: setsThatMove('tag'),
      consent: consent.length,
      conversation: conversations.has(discarded.id),
    },
  };
}

function twice(): Fault {
  return breaks('discardedId', 'must be another contact than survivingId');
}

async function merge(call: Call<Static<typeof MergeGiven>>): Promise<Work<200, ContactShown> | Fault> {
  const { workspace, body } = call;
  const pair = {
    workspaceId: workspace.id,
    survivingId: idOf(body.survivingId),
    discardedId: idOf(body.discardedId),
  };
  if (pair.survivingId === pair.discardedId) return twice();
  return async (tx) => {
    const found = await getContacts(tx, workspace.id, [pair.survivingId, pair.discardedId]);
    const [surviving, discarded] = [pair.survivingId, pair.discardedId].map((id) =>
      found.find((one) => one.id === id),
    );
    if (!surviving || !discarded) return missing('contact');
    // As that door's own: its webhooks are told of whoever makes one of two.
    const amiss = await mergeUsers(call, tx, surviving, discarded, 'api');
    if (amiss) return amiss.fault === 'not_found' ? missing('contact') : amiss;
    const contact = await getContact(tx, workspace.id, pair.survivingId);
    const audit = {
      action: 'contact.merge',
      subject: `contact:${pair.survivingId}`,
      detail: { discardedId: toHex24(pair.discardedId) },
    };
    return { status: 200, body: consoleContact(contact!), audit };
  };
}
