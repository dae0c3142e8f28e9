/** What the timeline of a person can hold. Pages have it without the validator: a kind stands in their addresses. */

/** The kinds. */
export const TIMELINE_KINDS = [
  'message',
  'broadcast',
  'event',
  'click',
  'consent',
  'merge',
  'enrolment',
  'order',
] as const;
/** A kind of what a timeline holds. */
export type TimelineKind = (typeof TIMELINE_KINDS)[number];
