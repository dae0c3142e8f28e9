/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { KIND } from '../queue/work/kinds.ts';
import { bulkWorkOf } from '../queue/work/streams.ts';
import { insertErased, scrubDeliveries } from './sql.erase.ts';
import { deleteMarks, mergeMarks } from './sql.caps.ts';

/** What the room declares. */
export const ledgerPeople: Room = {
  name: 'ledger',
  personal: {
    'deliveries.address': 'emptied',
    'deliveries.detail': 'emptied',
    'deliveries.vars': 'emptied',
    'deliveries.trail': 'kept: what was decided, and not why',
    'deliveries.external_ids': 'kept: ids of the provider, by which its receipts are known',
    deliveries: 'kept: codes, channels, states',
    caps: 'deleted',
    usage_messages: 'names nobody',
    usage_people: 'kept: ids, for how many were active',
  },
  exports: {
    deliveries: { by: 'contact', column: 'contact_id' },
    caps: { not: 'when messages went out, as the deliveries say' },
    usage_people: { by: 'contact', column: 'contact_id' },
  },
  async erase({ tx, workspaceId, contactIds, atMs }) {
    const waiting = await bulkWorkOf(tx, KIND.delivery, contactIds);
    const keys = waiting.map(({ ownerId, causeId, seq }) => ({ contactId: ownerId, causeId, seq }));
    await insertErased(tx, workspaceId, keys, atMs);
    await Promise.all([scrubDeliveries(tx, workspaceId, contactIds), deleteMarks(tx, contactIds)]);
  },
  merge: ({ tx, discardedId, survivingId }) => mergeMarks(tx, discardedId, survivingId),
};
