/** What may be known of a contact: the rules of its fields. Total: any value is answered with fields or with one fault. */
import { type Static, Type } from 'typebox';
import { isTimeZone } from '../base/zones.ts';
import { breaks, type Fault } from '../base/fault.ts';
import { readShape } from '../content/shape.ts';

/** Limits of a contact's fields. Lengths count UTF-16 units. */
export const CONTACT_LIMITS = {
  externalId: 256,
  name: 255,
  attributeName: 128,
  /** All attributes together, as Postgres prints them: 16 kB. */
  attributesBytes: 16_384,
} as const;

const nullable = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const name = nullable(Type.String({ minLength: 1, maxLength: CONTACT_LIMITS.name }));

const Fields = Type.Object({
  externalId: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: CONTACT_LIMITS.externalId }))),
  givenName: Type.Optional(name),
  surname: Type.Optional(name),
  timeZone: Type.Optional(nullable(Type.String({ minLength: 1, maxLength: 64 }))),
  locale: Type.Optional(
    nullable(
      Type.String({
        maxLength: 35,
        pattern: '^[A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8})*$',
        rule: 'must be a language tag, such as nl or en-GB',
      }),
    ),
  ),
  attributes: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  credentialRequired: Type.Optional(Type.Boolean()),
  signedUpMs: Type.Optional(nullable(Type.Integer({ minimum: 0, maximum: 8.64e15 }))),
});

/** Fields of a contact; null is for what is to go, at the top and in `attributes`. Attributes that are not named stay. */
export type ContactChange = Static<typeof Fields>;

/** The fields in `value`, without keys that are none, or the first rule it breaks. */
export function checkContactChange(value: unknown, path = 'contact'): ContactChange | Fault {
  const read = readShape(Fields, value, path);
  if (read.fault) return read.fault;
  const fields = read.value as ContactChange;
  if (typeof fields.timeZone === 'string' && !isTimeZone(fields.timeZone))
    return breaks(`${path}.timeZone`, 'must be a time zone, such as Europe/Amsterdam');
  return checkAttributes(fields.attributes ?? {}, `${path}.attributes`) ?? fields;
}

/** The first rule that attributes break, or properties, of which there may be more: long names, or too much of all. */
export function checkAttributes(
  attributes: Record<string, unknown>,
  path: string,
  mostBytes: number = CONTACT_LIMITS.attributesBytes,
): Fault | undefined {
  for (const key of Object.keys(attributes)) {
    if (key.length < 1 || key.length > CONTACT_LIMITS.attributeName)
      return breaks(path, `a name needs 1 to ${CONTACT_LIMITS.attributeName} characters`);
  }
  const inexact = inexactIn(attributes, path);
  if (inexact !== undefined) return breaks(inexact, INEXACT);
  return attributesBytes(attributes) > mostBytes ? attributesTooLarge(path, mostBytes) : undefined;
}

const INEXACT = `must be a number that is kept exactly: whole ones up to ${Number.MAX_SAFE_INTEGER}; send larger ones as text`;

/** True for a whole number that may have lost its last digits when it was read: 2^53 may have been 2^53 + 1. */
export function isInexact(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Where the first such number stands. */
function inexactIn(value: unknown, path: string): string | undefined {
  if (typeof value === 'number') return isInexact(value) ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, entry] of Object.entries(value)) {
    const found = typeof entry === 'string' ? undefined : inexactIn(entry, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What is answered when attributes would be larger than allowed. */
export function attributesTooLarge(path: string, mostBytes: number = CONTACT_LIMITS.attributesBytes): Fault {
  return breaks(path, `together need at most ${mostBytes} bytes as JSON`);
}

/** Bytes of a value as Postgres prints jsonb, which has a space after each colon and comma, and no exponents. */
export function attributesBytes(value: unknown): number {
  if (typeof value === 'number') {
    const exponent = value === 0 ? 0 : Math.abs(Math.log10(Math.abs(value)));
    return exponent < 15 ? String(value).length : Math.ceil(exponent) + 20;
  }
  if (typeof value !== 'object' || value === null) return Buffer.byteLength(JSON.stringify(value) ?? '');
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const names = Array.isArray(value)
    ? []
    : entries.map(([key]) => Buffer.byteLength(JSON.stringify(key)) + 2);
  const inner = entries.reduce((bytes, [, entry]) => bytes + attributesBytes(entry) + 2, 0);
  return names.reduce((bytes, one) => bytes + one, inner) + (entries.length > 0 ? 0 : 2);
}
