/** `…/numbers/lookup`: what can be known of phone numbers. */
import { type Static, Type } from 'typebox';
import { ERROR_CLASSES, LINE_TYPES } from '../../channels.ts';
import { Id, oneOf, orNull } from '../fields.ts';
import { CONSOLE_LIMITS, Country } from './fields.ts';

const number = Type.String({ minLength: 1, maxLength: 64 });
/** `POST …/numbers/lookup`: one number, or several. */
export const NumbersAsked = Type.Object({
  number: Type.Optional(number),
  numbers: Type.Optional(Type.Array(number, { minItems: 1, maxItems: CONSOLE_LIMITS.numbers })),
  country: Type.Optional(Country),
  integrationId: Type.Optional(Id),
});

const known = orNull(Type.String());
const lineType = oneOf([...LINE_TYPES, 'unknown'] as const);
/** What the provider says of a number, or why it does not say. */
export const ProviderSays = Type.Union([
  Type.Object({
    integrationId: orNull(Id),
    outcome: Type.Literal('found'),
    valid: Type.Boolean(),
    country: known,
    type: lineType,
    carrier: known,
    network: known,
    ported: orNull(Type.Boolean()),
  }),
  Type.Object({
    integrationId: orNull(Id),
    outcome: oneOf(['refused', 'deferred'] as const),
    class: oneOf(ERROR_CLASSES),
    code: Type.String(),
    detail: Type.String(),
    retryAfterMs: orNull(Type.Number()),
  }),
]);
export type ProviderSays = Static<typeof ProviderSays>;

const told = {
  given: Type.String(),
  number: Type.String(),
  national: Type.String(),
  country: known,
  type: lineType,
  valid: Type.Boolean(),
  canReceiveSms: orNull(Type.Boolean()),
  /** Whose it is here. */
  contactId: orNull(Id),
  provider: orNull(ProviderSays),
};
/** A number that was read. */
export const NumberShown = Type.Object(told);
export type NumberShown = Static<typeof NumberShown>;
/** What was no number, and why. */
export const NotANumber = Type.Object({
  given: Type.String(),
  valid: Type.Literal(false),
  error: Type.Object({ message: Type.String(), field: Type.Optional(Type.String()) }),
});
export type NotANumber = Static<typeof NotANumber>;
/** One, where one was asked about; all in their order where `numbers` was given. */
export const NumbersTold = Type.Union([
  NumberShown,
  Type.Object({ numbers: Type.Array(Type.Union([NumberShown, NotANumber])) }),
]);
export type NumbersTold = Static<typeof NumbersTold>;
