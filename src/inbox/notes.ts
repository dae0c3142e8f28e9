/** What operators note in a conversation for each other. Nobody else is ever shown it. */
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { insertNotes, upsertMentioned, type InboxNote } from './sql.notes.ts';

export { selectNotes, selectNotesById, type InboxNote } from './sql.notes.ts';

/** Writes a note down, and where it is for somebody that it is. */
export async function addNote(tx: Tx, ids: IdSource, note: Omit<InboxNote, 'id'>): Promise<InboxNote> {
  const made = { ...note, id: ids.inBucket(bucketOf(note.contactId)) };
  await insertNotes(tx, [made]);
  if (note.mentions.length) await upsertMentioned(tx, made);
  return made;
}
