/** Finding the user a path names, and loading what is shown of users: one statement per kind of row, however many users. */
import { MAX_USER_ID } from '../../../contract/doors/sunshine/fields.ts';
import { fault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { destinationsOf } from '../../contacts/destinations.ts';
import { findContact, getContacts, type Contact } from '../../contacts/contacts.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { Db } from '../../db/pool.ts';
import type { User } from './present.ts';
import { missing, type Call } from './route.ts';

/** The user a path names by `_id` or by `userId`; a token for one user reaches no other. */
export async function findUser(call: Call<unknown>, db: Db): Promise<Contact | Fault> {
  const contact = await contactNamed(db, call.workspace.id, call.params['userId']!);
  if (!contact) return missing('user');
  if (call.caller.scope === 'appUser' && call.caller.userId !== contact.externalId)
    return fault('forbidden', 'The token is for another user.');
  return contact;
}

/** A user with all that is shown. */
export async function loadUser(db: Db, contact: Contact): Promise<User> {
  const ids = [contact.id];
  const [destinations, conversations] = await Promise.all([
    destinationsOf(db, contact.workspaceId, ids),
    conversationsOf(db, ids),
  ]);
  return { contact, destinations, conversation: conversations.get(contact.id) };
}

/** The contact with an `_id` or `userId`. An id of the caller's own may look like one of ours. */
export async function contactNamed(db: Db, workspaceId: number, name: string): Promise<Contact | undefined> {
  const id = fromHex24(name);
  if (id !== undefined) {
    const [contact] = await getContacts(db, workspaceId, [id]);
    if (contact) return contact;
  }
  if (name.length > MAX_USER_ID) return undefined;
  return await findContact(db, workspaceId, { kind: 'external', value: name });
}
