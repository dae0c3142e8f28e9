/** What stands in the log of a contact's web chat. Holds types and plain values only. */

/** Kinds of rows of the log, as stored. */
export const ENTRY = { message: 1, state: 2, read: 3, post: 4, removed: 5 } as const;

/** One thing that happened, before it has a number. */
export type NewEntry = {
  contactId: number;
  kind: (typeof ENTRY)[keyof typeof ENTRY];
  messageId: number | null;
  /** A delivery's state; who read: 0 the contact, 1 the business; where it is posted: 0 a group, 1 each account's conversation. */
  detail: number | null;
  atMs: number;
};

/** One thing that happened. */
export type LogEntry = NewEntry & { seq: number };

/** The number of the last entry of a contact. */
export type Head = { contactId: number; seq: number };
