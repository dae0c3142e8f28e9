/** `…/saved-replies`: answers that operators have ready. */
import { type Static, Type } from 'typebox';
import { Count, Id, Time } from '../fields.ts';
import { CONSOLE_LIMITS } from './fields.ts';

/** How many a workspace may have: a page has them all. */
export const MOST_SAVED_REPLIES = 500;

/** What one types after `/` to find it. */
const Shortcut = Type.String({
  pattern: '^[\\p{L}\\p{N}_-]{1,40}$',
  rule: 'must be 1 to 40 letters, digits, - or _',
});
const text = Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.text });

/** `POST …/saved-replies`. */
export const NewSavedReply = Type.Object({
  shortcut: Shortcut,
  text,
  /** Which it was before it was deleted: it comes back as that one. */
  id: Type.Optional(Id),
});
export type NewSavedReply = Static<typeof NewSavedReply>;
/** `PATCH …/saved-replies/{id}`. */
export const SavedReplyPatch = Type.Partial(Type.Object({ shortcut: Shortcut, text }));
export type SavedReplyPatch = Static<typeof SavedReplyPatch>;
/** One of them. */
export const SavedReplyShown = Type.Object({
  id: Id,
  shortcut: Type.String(),
  text: Type.String(),
  /** Counted up by each change. */
  revision: Count,
  createdAt: Time,
});
export type SavedReplyShown = Static<typeof SavedReplyShown>;
/** All of a workspace, by shortcut. */
export const SavedRepliesShown = Type.Object({ savedReplies: Type.Array(SavedReplyShown) });
export type SavedRepliesShown = Static<typeof SavedRepliesShown>;
