/** What this room declares. */
import type { Erasing } from '../db/room.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { usageReader } from './usage.ts';
import { KIND } from '../queue/work/kinds.ts';
import { bulkWorkOf } from '../queue/work/streams.ts';
import { insertErased, scrubDeliveries } from './sql.erase.ts';
import { deleteMarks, mergeMarks } from './sql.caps.ts';
import { deleteAnswers } from './sql.hours.ts';

/** The ledger. */
export function ledgerRoom(deps: Parameters<typeof usageReader>[0]): WorkingRoom {
  return {
    name: 'ledger',
    readers: [usageReader(deps)],
    personal: {
      'deliveries.address': 'emptied',
      'deliveries.detail': 'emptied',
      'deliveries.vars': 'emptied',
      'deliveries.trail': 'kept: what was decided, and not why',
      'deliveries.external_ids': 'kept: ids of the provider, by which its receipts are known',
      deliveries: 'kept: codes, channels, states',
      caps: 'deleted',
      run_answers: 'deleted',
      run_hours: 'names nobody',
      usage_messages: 'names nobody',
      usage_people: 'kept: ids, for how many were active',
    },
    kept: { deliveries: { sort: 'messages', by: 'cause_id' } },
    parts: { caps: { column: 'contact_id', of: 'contacts' } },
    exports: {
      deliveries: { by: 'contact', column: 'contact_id' },
      caps: { not: 'when messages went out, as the deliveries say' },
      run_answers: { by: 'contact', column: 'contact_id' },
      usage_people: { by: 'contact', column: 'contact_id' },
    },
    // Receipts lock a delivery before what it teaches of an address. Once more when the contact is locked: for what was said meanwhile.
    eraseFirst: forgetDeliveries,
    erase: forgetDeliveries,
    merge: ({ tx, discardedId, survivingId }) => mergeMarks(tx, discardedId, survivingId),
  };
}

async function forgetDeliveries({ tx, workspaceId, contactIds, atMs }: Erasing): Promise<void> {
  const waiting = await bulkWorkOf(tx, KIND.delivery, contactIds);
  const keys = waiting.map(({ ownerId, causeId, seq }) => ({ contactId: ownerId, causeId, seq }));
  await insertErased(tx, workspaceId, keys, atMs);
  await Promise.all([
    scrubDeliveries(tx, workspaceId, contactIds),
    deleteMarks(tx, contactIds),
    deleteAnswers(tx, contactIds),
  ]);
}
