/** `…/saved-views`: views of the inbox that operators keep, each for himself or for everybody. */
import { type Static, Type } from 'typebox';
import { CHANNELS } from '../../channels.ts';
import { SORTS } from '../../inboxViews.ts';
import { Id, oneOf, Time } from '../fields.ts';
import { PRIORITY, VIEW } from './inbox.ts';

/** How many an operator has, and how many everybody: a page has them all. */
export const MOST_SAVED_VIEWS = 50;

/** What is looked at: a view, and what narrows it. */
export const SavedLook = Type.Object({
  view: VIEW,
  channel: Type.Optional(oneOf(CHANNELS)),
  assignee: Type.Optional(Id),
  team: Type.Optional(Id),
  tag: Type.Optional(Id),
  priority: Type.Optional(PRIORITY),
  unread: Type.Optional(Type.Literal(true)),
  sort: Type.Optional(oneOf(SORTS)),
});
export type SavedLook = Static<typeof SavedLook>;
/** `POST …/saved-views`. */
export const NewSavedView = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 60 }),
  look: SavedLook,
  /** Everybody has it, not only who keeps it. */
  shared: Type.Optional(Type.Boolean()),
  /** Which it was before it was deleted: it comes back as that one. */
  id: Type.Optional(Id),
});
export type NewSavedView = Static<typeof NewSavedView>;
/** `PATCH …/saved-views/{id}`: another name, or what it shows. */
export const SavedViewPatch = Type.Object({
  name: Type.Optional(NewSavedView.properties.name),
  look: Type.Optional(SavedLook),
});
export type SavedViewPatch = Static<typeof SavedViewPatch>;
/** One of them. */
export const SavedViewShown = Type.Object({
  id: Id,
  name: Type.String(),
  look: SavedLook,
  shared: Type.Boolean(),
  createdAt: Time,
});
export type SavedViewShown = Static<typeof SavedViewShown>;
/** One's own and everybody's, by name. */
export const SavedViewsShown = Type.Object({ savedViews: Type.Array(SavedViewShown) });
export type SavedViewsShown = Static<typeof SavedViewsShown>;
