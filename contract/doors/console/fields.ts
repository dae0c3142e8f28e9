/**
 * What the bodies, queries and answers of the console's API have in common. Fields of a body that its schema does not name are
 * refused. Ids are 24 hex digits, times ISO 8601 with a zone. Rules that span fields are checked where the body is used.
 */
import { type TSchema, Type } from 'typebox';
import { CHANNELS, MESSAGE_CLASSES } from '../../channels.ts';
import { Id, oneOf, orNull } from '../fields.ts';

/** Limits of the console's API. */
export const CONSOLE_LIMITS = {
  /** Ids of contacts in one change of a list or tag. */
  members: 10_000,
  /** Phone numbers in one look-up. */
  numbers: 100,
  /** Entries of a page, and how many there are when the caller does not say. */
  page: 200,
  usualPage: 50,
  name: 200,
  text: 4096,
} as const;

/** A time as it is sent: ISO 8601 with a zone. */
export const TimeGiven = Type.String({ maxLength: 40 });
/** A name that somebody gives to something. */
export const Name = Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.name });
/** An address on some channel. */
export const Address = Type.String({ minLength: 1, maxLength: 2048 });
/** A channel. */
export const Channel = oneOf(CHANNELS);
/** What a message is for. */
export const Class = oneOf(MESSAGE_CLASSES);
/** What a member or key may do. */
export const RoleName = oneOf(['owner', 'admin', 'marketer', 'agent', 'viewer'] as const);
/** ISO 3166-1. */
export const Country = Type.String({ minLength: 2, maxLength: 2 });
/** How long a message may wait to be sent. */
export const LifeMs = Type.Integer({ minimum: 60_000, maximum: 30 * 24 * 3600 * 1000 });

/** Query of a list that is read from its newest entry on. */
export const NEWEST_FIRST = {
  limit: Type.Integer({ minimum: 1, maximum: CONSOLE_LIMITS.page, default: CONSOLE_LIMITS.usualPage }),
  /** What the last page gave as `next`. */
  before: Id,
} as const;

/** A page of a list: its entries by their name, and what the next page is asked for with; null at the end. */
export const pageOf = <N extends string, T extends TSchema>(name: N, entry: T) =>
  Type.Object({ [name]: Type.Array(entry), next: orNull(Type.String()) } as Record<
    N,
    ReturnType<typeof Type.Array<T>>
  > & { next: ReturnType<typeof orNull<ReturnType<typeof Type.String>>> });
