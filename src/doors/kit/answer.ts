/**
 * Answers held to the schemas that front ends, SDKs and documents rely on. Only where `PARLEY_CHECK_ANSWERS` says so, as all tests
 * do: an answer that breaks its schema is a bug here, not the caller's, and he is better off with the answer than without.
 */
import type { TSchema } from 'typebox';
import Schema from 'typebox/schema';
import type { Answer } from '../../accounts/idempotency.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import type { Answers } from './route.ts';

/** What of an answer is not as its route says: the field and the rule. Undefined when all is. */
export function misfit(answers: Answers, { status, body }: Answer): string | undefined {
  const schema = answers[status];
  if (!schema) return `status ${status} is not among ${Object.keys(answers).join(', ')}`;
  if (schema === Nothing) return body === undefined ? undefined : 'it has a body';
  if (body === undefined) return 'it has no body';
  return misshapen(schema, JSON.parse(JSON.stringify(body)) as unknown);
}

/** What of a value, as it is on the wire, a schema does not say; fields it does not name are that, too. */
function misshapen(schema: TSchema, value: unknown): string | undefined {
  const validator = strictly(schema);
  if (validator.Check(value)) return undefined;
  const [, errors] = validator.Errors(value);
  return errors
    .filter(({ keyword }) => keyword !== 'boolean')
    .map((one) => `${one.instancePath || 'the body'} ${one.message} ${JSON.stringify(one.params)}`)
    .join('; ');
}

/** Throws where something that is sent on its own (a frame) is not as its schema says. */
export function mustBeShaped(what: string, schema: TSchema, sent: unknown): void {
  const wrong = misshapen(schema, JSON.parse(JSON.stringify(sent)) as unknown);
  if (wrong !== undefined) throw new Error(`${what} breaks its schema: ${wrong}`);
}

/** Throws where an answer is not as its route says. */
export function mustFit(route: { method: string; path: string; answers?: Answers }, answer: Answer): void {
  const wrong = route.answers ? misfit(route.answers, answer) : undefined;
  if (wrong !== undefined)
    throw new Error(`The answer of ${route.method} ${route.path} breaks its schema: ${wrong}`);
}

type Validator = ReturnType<typeof Schema.Compile>;
const validators = new WeakMap<TSchema, Validator>();

function strictly(schema: TSchema): Validator {
  const known = validators.get(schema);
  if (known) return known;
  const made = Schema.Compile(closed(schema) as Record<string, unknown>);
  validators.set(schema, made);
  return made;
}

/** The schema, with no fields but those it names, wherever it does not itself say that there may be others. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema))
    copy[name] = name === 'const' || name === 'enum' || name === 'default' ? value : closed(value);
  return schema !== null &&
    'properties' in schema &&
    !('additionalProperties' in schema) &&
    isObjectSchema(schema)
    ? { ...copy, additionalProperties: false }
    : copy;
}

/** `properties` may be a field's name as well. */
function isObjectSchema(schema: object): boolean {
  return (schema as { type?: unknown }).type === 'object';
}
