/** `/api_client_granted_users`: who has authorised the company, and as whom the company knows them. */
import { type Static, Type } from 'typebox';
import { oneOf, orNull } from '../fields.ts';
import { ShoutId, ShoutTime } from './fields.ts';

/** Whether a grant lasts. */
export const GRANT_STATES = ['connected', 'disconnected'] as const;

/** Rows of a page of the list. */
export const USERS_PAGE = { usual: 100, most: 1000 } as const;

/** A grant: `connect_id` and `profile_id` are null once the company has erased the contact. */
export const GrantedUser = Type.Object({
  id: ShoutId,
  allows: Type.Array(Type.String()),
  company_id: ShoutId,
  connect_id: orNull(Type.String()),
  connect_import_order_history_at: Type.Null(),
  created_at: ShoutTime,
  disconnected_at: orNull(ShoutTime),
  object: Type.Literal('api_client_granted_user'),
  profile_id: orNull(ShoutId),
  state: oneOf(GRANT_STATES),
  updated_at: ShoutTime,
  user_id: ShoutId,
});
export type GrantedUser = Static<typeof GrantedUser>;

/** A page of grants, newest first; `next_before_id` is the `before_id` of the next page, null at the end. */
export const GrantedUsers = Type.Object({
  data: Type.Array(GrantedUser),
  has_more: Type.Boolean(),
  next_before_id: orNull(ShoutId),
  object: Type.Literal('list'),
});
