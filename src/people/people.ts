/**
 * Erasing a person, making one of two, and telling what is kept of one (`export.ts`): this room knows which rooms have something of people, each of which declares where its rows
 * can name one and what it does there (`personal.ts` in each). It has no row of its own and no rule on another's.
 *
 * What stays of somebody who was erased is what the law or the books need: that something was sent (without to whom and what), the
 * consent log and blocks with proofs for addresses, and counts.
 */
import { accountsPeople } from '../accounts/personal.ts';
import { isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { broadcastsPeople } from '../broadcasts/personal.ts';
import { campaignsPeople } from '../campaigns/personal.ts';
import { eraseContacts, idsOfPerson, type Erased } from '../contacts/contacts.ts';
import { mergeContacts, type Merged } from '../contacts/merge.ts';
import { contactsPeople } from '../contacts/personal.ts';
import type { MediaStore } from '../content/mediaStore.ts';
import { contentPeople } from '../content/personal.ts';
import { conversationsPeople } from '../conversations/personal.ts';
import { dbPeople } from '../db/personal.ts';
import type { Tx } from '../db/pool.ts';
import type { Room } from '../db/room.ts';
import { holdLanes } from '../queue/lanes/still.ts';
import type { Queue } from '../queue/queue.ts';
import { ledgerPeople } from '../ledger/personal.ts';
import { inboxPeople } from '../inbox/personal.ts';
import { linksPeople } from '../links/personal.ts';
import { livePeople } from '../live/personal.ts';
import { queuePeople } from '../queue/personal.ts';
import { receiptsPeople } from '../receipts/personal.ts';
import { sendersPeople } from '../senders/personal.ts';
import { simulatorPeople } from '../simulator/personal.ts';
import { threadsPeople } from '../threads/personal.ts';
import { webhooksPeople } from '../webhooks/personal.ts';

/** What rooms need to let go of what they have. */
export type PeopleDeps = {
  ids: IdSource;
  files: MediaStore;
  log: Log;
  queue: Pick<Queue, 'lanes' | 'laneOf'>;
};

/** The rooms, in the order in which they are asked: threads hang on conversations, and both on contacts, which go first and are locked. */
export function roomsWithPeople(deps: Omit<PeopleDeps, 'queue'>): readonly Room[] {
  return [
    contactsPeople,
    threadsPeople,
    conversationsPeople(deps),
    inboxPeople(deps),
    ledgerPeople,
    linksPeople,
    livePeople,
    webhooksPeople,
    queuePeople,
    simulatorPeople,
    accountsPeople,
    broadcastsPeople,
    campaignsPeople,
    contentPeople,
    sendersPeople,
    receiptsPeople,
    dbPeople,
  ];
}

/**
 * Erases a contact and all it was merged from; undefined when there is none. `atMs` is by the workspace's clock. The lanes of the person
 * stand still meanwhile: what is being settled or told is over before, or finds that they are gone. Deliveries come first, in the order
 * in which a receipt locks them and what it teaches of an address.
 */
export async function erasePerson(
  deps: PeopleDeps,
  tx: Tx,
  person: { workspaceId: number; contactId: number; atMs: number; afterCommit: (run: () => void) => void },
): Promise<Erased | undefined> {
  const { workspaceId, contactId, atMs, afterCommit } = person;
  const known = await idsOfPerson(tx, workspaceId, contactId);
  if (!known) return undefined;
  await holdLanes(tx, deps.queue, known);
  await ledgerPeople.erase!({ tx, workspaceId, contactIds: known, addresses: [], atMs, afterCommit });
  const [erased] = await eraseContacts(tx, deps.ids, atMs, workspaceId, [contactId]);
  if (!erased) return undefined;
  const contactIds = [contactId, ...erased.mergedIds];
  const { addresses } = erased;
  for (const room of roomsWithPeople(deps))
    await room.erase?.({ tx, workspaceId, contactIds, addresses, atMs, afterCommit });
  return erased;
}

/** Makes one person of two contacts. `atMs` is by the workspace's clock. */
export async function mergePeople(
  deps: Omit<PeopleDeps, 'queue'>,
  tx: Tx,
  atMs: number,
  pair: { workspaceId: number; survivingId: number; discardedId: number },
): Promise<Merged | Fault> {
  const merged = await mergeContacts(tx, deps.ids, atMs, pair);
  if (isFault(merged)) return merged;
  for (const room of roomsWithPeople(deps)) await room.merge?.({ tx, ...pair, atMs });
  return merged;
}
