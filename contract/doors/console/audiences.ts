/** People by conditions: `…/contacts/query`, `…/audiences/…`, `…/attributes`, and what is done with many of them: `…/contacts/bulk`, `…/exports`. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { ANSWER_KINDS } from './broadcasts.ts';
import { ContactRow, ContactShown } from './contacts.ts';
import { CONSOLE_LIMITS, pageOf } from './fields.ts';
import { DELIVERY_STATES } from './messages.ts';

/** A rule as `contract/campaign.ts` has it, which may name segments and channels besides. */
const Asked = AnyObject;

/** `POST …/contacts/query`. */
export const PeopleQuery = Type.Object({
  rule: Type.Optional(Asked),
  /** What a name, address or id of theirs begins with. */
  search: Type.Optional(Type.String()),
  /** Those who were known by then. */
  until: Type.Optional(Time),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: CONSOLE_LIMITS.page })),
  before: Type.Optional(Id),
});
/** Whom a rule holds of, newest first. A page may be short, or empty, and not be the last: `next` says whether it is. */
export const PeopleFound = Type.Object({
  contacts: Type.Array(ContactRow),
  next: orNull(Id),
  /** How far back was looked; null when it was to the end. */
  lookedTo: orNull(Time),
});
export type PeopleFound = Static<typeof PeopleFound>;

/** `POST …/audiences/count`: at once about how many, or counted up to `most` while that takes no longer than a moment. */
export const CountAsked = Type.Object({
  /** Everybody without one. */
  rule: Type.Optional(Asked),
  how: Type.Optional(oneOf(['estimate', 'count'] as const)),
  most: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
});
/** About how many, off by so much two times in three; that many at least; and whether that is all. */
export const AudienceCount = Type.Object({
  about: Count,
  error: Count,
  atLeast: Count,
  exact: Type.Boolean(),
});
export type AudienceCount = Static<typeof AudienceCount>;

/** `POST …/audiences/sample`. */
export const SampleAsked = Type.Object({ rule: Asked });
/** Some of whom a rule holds, and for each which of its conditions do, by their paths in the rule. */
export const AudienceSample = Type.Object({
  conditions: Type.Array(Type.String()),
  people: Type.Array(Type.Object({ contact: ContactShown, holds: Type.Array(Type.Boolean()) })),
});
export type AudienceSample = Static<typeof AudienceSample>;

/** Attributes that the newest contacts have, with the values seen most. */
export const AttributesShown = Type.Object({
  attributes: Type.Array(
    Type.Object({
      name: Type.String(),
      types: Type.Array(Type.String()),
      contacts: Count,
      values: Type.Array(
        Type.Object({
          value: Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
          contacts: Count,
        }),
      ),
    }),
  ),
});
export type AttributesShown = Static<typeof AttributesShown>;

/** Whom something is done with: one of these, or none for everybody. */
const Who = Type.Object({
  rule: Type.Optional(Asked),
  contacts: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: CONSOLE_LIMITS.members })),
  setId: Type.Optional(Id),
  segmentId: Type.Optional(Id),
  /** With whom a broadcast ended in one way. */
  broadcast: Type.Optional(
    Type.Object({ id: Id, outcome: oneOf([...DELIVERY_STATES, ...ANSWER_KINDS] as const) }),
  ),
});
export type Who = Static<typeof Who>;

const setIds = Type.Optional(Type.Array(Id, { maxItems: 20 }));
/** `POST …/contacts/bulk`: puts people into lists and tags, and takes them out of others. */
export const BulkChange = Type.Object({ who: Who, add: setIds, remove: setIds });
/** `POST …/exports`. */
export const NewExport = Type.Object({ who: Who });

const job = {
  id: Id,
  state: oneOf(['running', 'done', 'failed', 'stopped'] as const),
  /** How much of the contacts was gone through, 0 to 1. */
  progress: Type.Number({ minimum: 0, maximum: 1 }),
  /** Whom it was done with so far. */
  people: Count,
  /** Why it failed. */
  note: orNull(Type.String()),
  createdAt: Time,
  endedAt: orNull(Time),
};
/** Whom something was done with, in a word: for several of them the list, tag or segment may be gone. */
export const WHOM = ['everybody', 'rule', 'contacts', 'list', 'tag', 'segment', 'broadcast'] as const;
/**
 * A change of many: into which lists and tags, and out of which. `changed`: memberships that came and went; who was in a list already is
 * not among them.
 */
export const BulkShown = Type.Object({
  ...job,
  whom: oneOf(WHOM),
  add: Type.Array(Id),
  remove: Type.Array(Id),
  changed: Count,
});
export type BulkShown = Static<typeof BulkShown>;
/** Changes of many, newest first. */
export const BulkPage = pageOf('changes', BulkShown);
/** A file of people. */
export const ExportShown = Type.Object({
  ...job,
  /** Until when the file can be fetched; null while it is made, and when it is gone. */
  fileUntil: orNull(Time),
});
export type ExportShown = Static<typeof ExportShown>;
/** Files of people, newest first. */
export const ExportPage = pageOf('exports', ExportShown);
/** `POST …/exports/{id}/link`: opens for ten minutes, for whoever has it. */
export const ExportLink = Type.Object({ url: Type.String(), expiresAt: Time });
export type ExportLink = Static<typeof ExportLink>;

/** What names a list or tag: what would find nobody in it any longer. */
export const SetUses = Type.Object({
  segments: Type.Array(Type.Object({ id: Id, name: Type.String() })),
  campaigns: Type.Array(Type.Object({ id: Id, key: Type.String(), state: Type.String() })),
  broadcasts: Type.Array(Type.Object({ id: Id, name: Type.String(), state: Type.String() })),
});
export type SetUses = Static<typeof SetUses>;
