/** `…/segments`: contacts of whom a rule holds, kept as it comes to hold and ceases to. A rule is written as in `contract/campaign.ts`. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Name, pageOf } from './fields.ts';

const Key = Type.String({ minLength: 1, maxLength: 64 });
/** `POST …/segments`. */
export const NewSegment = Type.Object({ key: Key, name: Type.Optional(Name), rule: AnyObject });
/** `PATCH …/segments/{id}`. */
export const SegmentPatch = Type.Object({ name: Type.Optional(Name), rule: Type.Optional(AnyObject) });
/** `POST …/segments/try`: a rule that is not kept. */
export const RuleTried = Type.Object({ rule: AnyObject });

const segment = {
  id: Id,
  key: Type.String(),
  name: Type.String(),
  rule: AnyObject,
  /** `building` until all contacts were gone through since the rule was written. */
  state: oneOf(['building', 'live'] as const),
  createdAt: Time,
  changedAt: Time,
};
/** A segment. */
export const SegmentShown = Type.Object(segment);
export type SegmentShown = Static<typeof SegmentShown>;
/** Segments, newest first. */
export const SegmentPage = pageOf('segments', SegmentShown);
/** About how many, from 64 of 4,096 parts; off by so much, two times in three. */
export const Estimated = Type.Object({ about: Count, error: Count });
/** About how many are in a segment; `exact` when it was asked for. */
export const SegmentCount = Type.Object({ about: Count, error: Count, exact: orNull(Count) });
/** Who is in a segment, in no order of meaning, and since when. */
export const SegmentMembers = pageOf('members', Type.Object({ contactId: Id, since: Time }));
/** About for how many contacts a rule holds, and some of them. */
export const RuleShown = Type.Object({ about: Count, error: Count, sample: Type.Array(Id) });
