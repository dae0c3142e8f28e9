/** `…/actions`: campaigns that a company shares with the accounts that are connected to it (docs/connect.md). */
import { Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, Time } from '../fields.ts';

/** `POST …/actions`: the next version, under the key of the campaign. `mayChange`: what of it an account may change, path by path. */
export const NewAction = Type.Object({
  campaign: Type.Optional(AnyObject),
  file: Type.Optional(Type.String({ minLength: 1, maxLength: 262_144 })),
  mayChange: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 50 })),
});
/** An action in its newest version. */
export const ActionShown = Type.Object({
  key: Type.String(),
  name: Type.String(),
  version: Count,
  campaign: AnyObject,
  mayChange: Type.Array(Type.String()),
  createdAt: Time,
});
/** Actions, by key. */
export const ActionList = Type.Object({ actions: Type.Array(ActionShown) });

/** `POST …/actions/{key}/offer`: an account, by one of the two. */
export const OfferAction = Type.Object({
  connectId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  userId: Type.Optional(Count),
});
/** What stands in the account now: a draft that it publishes, or what it had already. */
export const ActionOffered = Type.Object({
  workspaceId: Id,
  key: Type.String(),
  version: Count,
  state: oneOf(['draft', 'active', 'paused', 'ended'] as const),
  kept: Type.Boolean(),
});
