/**
 * Who a broadcast is for: what is included, minus what is excluded. `src/contacts/audience.ts` checks the rules that span
 * fields; ids are the integers of `base/ids.ts`.
 */
import { type Static, Type } from 'typebox';

/** Limits of an audience. */
export const AUDIENCE_LIMITS = {
  /** Ids of contacts in one clause. */
  contacts: 100_000,
  /** Lists or tags in one clause. */
  sets: 1000,
  /** Values of `in`. */
  values: 1000,
  /** Conditions within one filter, at any depth. */
  conditions: 200,
  depth: 10,
  text: 1024,
} as const;

const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const text = Type.String({ minLength: 0, maxLength: AUDIENCE_LIMITS.text });
const scalar = Type.Union([text, Type.Number(), Type.Boolean()]);

/**
 * What is asked of a value; exactly one. Values are compared with their type: 1 is not "1". Text is compared as it stands,
 * upper and lower case apart. `isNot` is also true where there is no value. `contains` looks in a text for a part of it, and
 * in a list for an entry; `startsWith` only in a text. `greaterThan` and `lessThan` compare numbers with numbers, and texts
 * with texts by code point, which is by time for ISO dates of one form.
 */
export const Test = Type.Object({
  is: Type.Optional(scalar),
  isNot: Type.Optional(scalar),
  in: Type.Optional(Type.Array(scalar, { minItems: 1, maxItems: AUDIENCE_LIMITS.values })),
  contains: Type.Optional(scalar),
  startsWith: Type.Optional(text),
  greaterThan: Type.Optional(Type.Union([text, Type.Number()])),
  lessThan: Type.Optional(Type.Union([text, Type.Number()])),
  exists: Type.Optional(Type.Boolean()),
});
export type Test = Static<typeof Test>;

/** What can be asked: the names of the tests. */
export const TESTS = [
  'is',
  'isNot',
  'in',
  'contains',
  'startsWith',
  'greaterThan',
  'lessThan',
  'exists',
] as const satisfies readonly (keyof Test)[];

/** What every contact may have besides its attributes; all are texts. */
export const FIELDS = ['externalId', 'givenName', 'surname', 'timeZone', 'locale'] as const;
export type FieldName = (typeof FIELDS)[number];

/** A condition on a contact; conditions nest. */
export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | ({ attribute: string } & Test)
  | ({ field: FieldName } & Test)
  /** ISO 8601 instants with a zone. */
  | { createdBefore: string }
  | { createdAfter: string };

const nested = Type.Unsafe<Condition>(Type.Ref('Condition'));

/** The schema of conditions, for documents; a value is checked by `checkAudience`. */
export const Condition = Type.Cyclic(
  {
    Condition: Type.Union([
      Type.Object({ all: Type.Array(nested) }),
      Type.Object({ any: Type.Array(nested) }),
      Type.Object({ not: nested }),
      Type.Object({
        attribute: Type.String({ minLength: 1, maxLength: AUDIENCE_LIMITS.text }),
        ...Test.properties,
      }),
      Type.Object({
        field: Type.Union(FIELDS.map((name) => Type.Literal(name))),
        ...Test.properties,
      }),
      Type.Object({ createdBefore: Type.String({ format: 'date-time' }) }),
      Type.Object({ createdAfter: Type.String({ format: 'date-time' }) }),
    ]),
  },
  'Condition',
);

/** Clauses, of which a contact meets one or more. */
export const Clauses = Type.Object({
  all: Type.Optional(Type.Literal(true)),
  lists: Type.Optional(Type.Array(id, { maxItems: AUDIENCE_LIMITS.sets })),
  /** By id or by name. */
  tags: Type.Optional(
    Type.Array(Type.Union([id, Type.String({ minLength: 1, maxLength: 200 })]), {
      maxItems: AUDIENCE_LIMITS.sets,
    }),
  ),
  segments: Type.Optional(Type.Array(id, { maxItems: AUDIENCE_LIMITS.sets })),
  contacts: Type.Optional(Type.Array(id, { maxItems: AUDIENCE_LIMITS.contacts })),
  filter: Type.Optional(Type.Unsafe<Condition>(Type.Unknown())),
});
export type Clauses = Static<typeof Clauses>;

/** Who a broadcast is for. What is both included and excluded is excluded. */
export const Audience = Type.Object({ include: Clauses, exclude: Type.Optional(Clauses) });
export type Audience = Static<typeof Audience>;
