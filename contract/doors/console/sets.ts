/** `…/lists`, `…/tags`, `…/labels` and `…/bots`. */
import { type Static, Type } from 'typebox';
import { Count, Id, Time } from '../fields.ts';
import { CONSOLE_LIMITS, Name } from './fields.ts';

/** `POST …/lists`, `…/tags`, and their renaming. */
export const NamedSet = Type.Object({ name: Name });
/** `POST …/lists/{id}/members`, and of tags. */
export const MemberIds = Type.Object({
  add: Type.Optional(Type.Array(Id, { maxItems: CONSOLE_LIMITS.members })),
  remove: Type.Optional(Type.Array(Id, { maxItems: CONSOLE_LIMITS.members })),
});

const set = {
  id: Id,
  name: Type.String(),
  createdAt: Time,
  shoutId: Type.Integer({ description: 'The same id as a whole number: how the Shout door names it.' }),
};
/** A list, tag, shipping label or bot. */
export const SetShown = Type.Object(set);
export type SetShown = Static<typeof SetShown>;
/** The same, and how many contacts it has; `more` where it has more than were counted (of one 100,000, of each of many 10,000). */
export const SetCounted = Type.Object({ ...set, contacts: Count, more: Type.Boolean() });
/** The lists of a workspace. */
export const ListsShown = Type.Object({ lists: Type.Array(SetCounted) });
/** The tags of a workspace. */
export const TagsShown = Type.Object({ tags: Type.Array(SetCounted) });
/** The shipping labels of a workspace. */
export const LabelsShown = Type.Object({ labels: Type.Array(SetCounted) });
/** The bots of a workspace, each with those to whom it is assigned. */
export const BotsShown = Type.Object({ bots: Type.Array(SetCounted) });
/** How many came in and went out. */
export const MembersChanged = Type.Object({ added: Count, removed: Count });
