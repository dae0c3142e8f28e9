/** `/messages/…` and `/broadcast_messages/…`: what a company says to its connected accounts (api/shout.md §C.4, §C.5). */
import { type Static, Type } from 'typebox';
import { AnyObject, orNull } from '../fields.ts';
import { ShoutId, ShoutTime } from './fields.ts';

/** What is within is read field by field, so that each fault names its own. */
export const MessageGiven = Type.Object({ message: AnyObject });
/** The same, for many. */
export const BroadcastGiven = Type.Object({ broadcast_message: AnyObject });

/** One message: an announcement, a direct message, or a notification, of which `profile_id` is null. */
export const ShoutMessage = Type.Object({
  id: ShoutId,
  body: Type.String(),
  company_id: ShoutId,
  conversation_id: ShoutId,
  created_at: ShoutTime,
  deleted_at: Type.Null(),
  dont_mark_as_open: Type.Null(),
  favorite: Type.Boolean(),
  favorited_at: orNull(ShoutTime),
  object: Type.Literal('message'),
  profile_id: orNull(ShoutId),
  send_at: orNull(ShoutTime),
  updated_at: ShoutTime,
});
export type ShoutMessage = Static<typeof ShoutMessage>;

/** What was said to many. */
export const ShoutBroadcast = Type.Object({
  id: ShoutId,
  body: Type.String(),
  company_id: ShoutId,
  created_at: ShoutTime,
  dont_mark_as_open: Type.Literal(false),
  object: Type.Literal('broadcast_message'),
  outlet_type: Type.Literal('local'),
  send_at: orNull(ShoutTime),
  updated_at: ShoutTime,
});
export type ShoutBroadcast = Static<typeof ShoutBroadcast>;
