/**
 * What the bodies and answers of the Shout door have in common (api/shout.md §C): ids are integers, times ISO 8601 with six digits after
 * the second and the offset of the company's time zone, and the fields of an answer stand in the order of their names behind `id`.
 */
import { Type } from 'typebox';

/** An id of ours. */
export const ShoutId = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** A time of an answer: `2023-06-21T22:06:02.799121-06:00`. */
export const ShoutTime = Type.String({
  pattern: String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}[+-]\d{2}:\d{2}$`,
});

/** The form of a fault: in words, and by field. */
export const FaultShown = Type.Object({
  error: Type.String(),
  errors: Type.Record(Type.String(), Type.Array(Type.String())),
});
