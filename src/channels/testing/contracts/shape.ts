/** The few shapes of which contracts are made. */
import { Type, type TProperties, type TSchema } from 'typebox';

/** An object that has these fields, may have those, and no other: a misspelt field is wrong. What we send. */
export const closed = (required: TProperties, optional: TProperties = {}) =>
  Type.Object(fieldsOf(required, optional), { additionalProperties: false });

/** An object that has these fields, may have those, and whatever a provider adds. What we are told. */
export const open = (required: TProperties, optional: TProperties = {}) =>
  Type.Object(fieldsOf(required, optional));

/** Text of so many characters, and one at least. */
export const text = (maxLength = 1_000_000) => Type.String({ minLength: 1, maxLength });

/** Text that a pattern fits. */
export const like = (pattern: string) => Type.String({ pattern });

/** An address that can be fetched or called. */
export const url = like('^https?://[^\\s]+$');

/** A number in E.164, as forms have it. */
export const phone = like('^\\+[1-9]\\d{6,14}$');

/** One of these words. */
export const oneOf = (...values: string[]) => Type.Union(values.map((value) => Type.Literal(value)));

/** This, or null. */
export const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()]);

/** A field of a form that may be there several times. */
export const several = (schema: TSchema) => Type.Union([schema, Type.Array(schema)]);

function fieldsOf(required: TProperties, optional: TProperties): TProperties {
  return {
    ...required,
    ...Object.fromEntries(Object.entries(optional).map(([name, schema]) => [name, Type.Optional(schema)])),
  };
}
