/**
 * Fields that bodies and answers of every door are made of. A schema of an answer names every field that a caller may rely on;
 * a field that is always there is `null` where nothing is known, one that is optional is left out.
 */
import { type Static, type TSchema, Type } from 'typebox';

/** One of a list of words. */
export const oneOf = <T extends string>(words: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(words.map((word) => Type.Literal(word))));

/** A value, or null where there is none. */
export const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>(Type.Union([schema, Type.Null()]));

/** No body: the answer is its status. */
export const Nothing = Type.Unsafe<undefined>({ description: 'No body.' });

/** A JSON object of any names. */
export const AnyObject = Type.Record(Type.String(), Type.Unknown());

/** An id: 24 hex digits. In what is sent their case does not matter; what is answered is lower case. */
export const Id = Type.String({ pattern: '^[0-9a-fA-F]{24}$', rule: 'must be an id of 24 hex digits' });

/** A time of an answer: ISO 8601 in UTC, to the millisecond. */
export const Time = Type.String({ format: 'date-time' });

/** How many there are. */
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
