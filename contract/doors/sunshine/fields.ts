/** What the bodies and answers of the Sunshine Conversations API v1.1 have in common. */
import { type TSchema, Type } from 'typebox';
import { MEDIA_PATTERN } from '../../content.ts';
import { AnyObject } from '../fields.ts';

/** How this API says that something did not go well. */
export const FaultShown = Type.Object({
  error: Type.Object({ code: Type.String(), description: Type.String() }),
});

/** Nothing to tell but that it was done. */
export const Done = Type.Object({});

/** Most characters of an id of the caller's own. */
export const MAX_USER_ID = 1024;
/** An id of the caller's own. */
export const UserId = Type.String({ minLength: 1, maxLength: MAX_USER_ID });

/** Who speaks for the business. */
export const authorFields = {
  name: Type.Optional(Type.String({ maxLength: 128 })),
  email: Type.Optional(Type.String({ maxLength: 254 })),
  avatarUrl: Type.Optional(
    Type.String({ maxLength: 2048, pattern: MEDIA_PATTERN, rule: 'must be an http or https URL' }),
  ),
};

/** `whatsapp` says that `message` is WhatsApp's own object. */
export const messageSchema = Type.Optional(Type.Literal('whatsapp'));

/** An object that is checked as content. */
export const anyObject = AnyObject;

/** A page of a list that is short enough to be read whole (api/sunshine.md §1.4). */
export const pageOf = <N extends string, T extends TSchema>(name: N, entry: T) =>
  Type.Object({
    [name]: Type.Array(entry),
    hasMore: Type.Boolean(),
    offset: Type.Integer({ minimum: 0 }),
  } as Record<N, ReturnType<typeof Type.Array<T>>> & {
    hasMore: ReturnType<typeof Type.Boolean>;
    offset: ReturnType<typeof Type.Integer>;
  });
