/** How the columns of an imported file are named by its sender. */
import { beginningOf } from '../../../base/text.ts';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { Type } from 'typebox';
import { breaks, type Fault } from '../../../base/fault.ts';
import type { ColumnMapping } from '../../../contacts/imports/import.ts';
import { readShape } from '../../../content/shape.ts';

const FIELDS = ['phone', 'email', 'externalId', 'givenName', 'surname', 'timeZone', 'locale'] as const;
const Mapping = Type.Record(Type.String(), Type.Unknown());
const Target = Type.Object({
  field: Type.Optional(Type.Union(FIELDS.map((name) => Type.Literal(name)))),
  attribute: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  type: Type.Optional(Type.Union([Type.Literal('text'), Type.Literal('number'), Type.Literal('boolean')])),
});

/** `{"Column": {"field": "phone"} | {"attribute": "plan", "type": "number"} | "ignore"}`, as JSON. */
export function readMapping(text: string): ColumnMapping | Fault {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return breaks('mapping', 'must be JSON');
  }
  return readColumns(given);
}

/** As `readMapping`, of what is JSON already. */
export function readColumns(given: unknown): ColumnMapping | Fault {
  const read = readShape(Mapping, given, 'mapping');
  if (read.fault) return read.fault;
  for (const [column, target] of Object.entries(given as object)) {
    if (target === 'ignore') continue;
    const at = `mapping.${beginningOf(column, 64)}`;
    const one = readShape(Target, target, at);
    if (one.fault) return one.fault;
    const { field, attribute } = one.value as { field?: string; attribute?: string };
    if ((field === undefined) === (attribute === undefined))
      return breaks(at, 'must be "ignore", or have either field or attribute');
  }
  return given as ColumnMapping;
}

/** True for a country whose phone numbers are known. */
export function isCountry(text: string): boolean {
  return isSupportedCountry(text);
}
