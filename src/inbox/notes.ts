/** What operators note in a conversation for each other. Nobody else is ever shown it. */
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { insertNotes, type Note } from './sql.notes.ts';

export { selectNotes, selectNotesById, type Note } from './sql.notes.ts';

/** Writes a note down. */
export async function addNote(tx: Tx, ids: IdSource, note: Omit<Note, 'id'>): Promise<Note> {
  const made = { ...note, id: ids.inBucket(bucketOf(note.contactId)) };
  await insertNotes(tx, [made]);
  return made;
}
