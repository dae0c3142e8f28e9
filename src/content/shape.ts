/**
 * Reads an unknown value by a TypeBox schema in one pass: checks it, drops keys the schema does not name, and
 * words the first broken rule with the path of its field. TypeBox has all three, but as three passes, and answers
 * for a union with the faults of every branch; a caller needs the one that concerns him. For a text with two
 * replies this takes 1.4 µs; TypeBox 1.4.3 checks in 0.2 µs when compiled, but needs 650 µs to drop unknown keys.
 * A property test holds the two to one answer.
 *
 * Knows the keywords that `contract/` uses, and nothing of content.
 */
import { isObject } from '../base/objects.ts';
import { isStorable } from '../base/storable.ts';
import { breaks, type Fault } from '../base/fault.ts';

type Schema = {
  type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';
  const?: string | number | boolean;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  /** What `pattern` means, in words. */
  rule?: string;
};

/** Nesting allowed in values that are passed on as they are. */
const MAX_DEPTH = 32;

/** The value as the schema names it, or the first rule it breaks. The value of `read` is meaningless with a fault. */
export function readShape(schema: object, value: unknown, path: string): { value: unknown; fault?: Fault } {
  const broken: Fault[] = [];
  const read = readValue(schema, value, path, broken);
  return broken[0] ? { value: undefined, fault: broken[0] } : { value: read };
}

function readValue(schema: Schema, value: unknown, path: string, broken: Fault[]): unknown {
  if (schema.anyOf) return readUnion(schema, schema.anyOf, value, path, broken);
  if (schema.const !== undefined) {
    if (value !== schema.const) broken.push(breaks(path, `must be ${String(schema.const)}`));
    return value;
  }
  switch (schema.type) {
    case 'string':
      return readString(schema, value, path, broken);
    case 'number':
    case 'integer':
      return readNumber(schema, value, path, broken);
    case 'boolean':
      if (typeof value !== 'boolean') broken.push(breaks(path, 'must be true or false'));
      return value;
    case 'array':
      return readArray(schema, value, path, broken);
    case 'object':
      return readObject(schema, value, path, broken);
    case 'null':
      if (value !== null) broken.push(breaks(path, 'must be null'));
      return value;
    case undefined:
      return readAny(value, path, broken, 0);
  }
}

function readString(schema: Schema, value: unknown, path: string, broken: Fault[]): unknown {
  if (typeof value !== 'string') {
    broken.push(breaks(path, 'must be a string'));
    return value;
  }
  const min = schema.minLength ?? 0;
  const max = schema.maxLength ?? Number.POSITIVE_INFINITY;
  if (value.length < min || value.length > max) {
    broken.push(breaks(path, `needs ${range(min, max)} character${max === 1 ? '' : 's'}`));
  } else if (!isStorable(value)) {
    broken.push(breaks(path, UNSTORABLE));
  } else if (schema.pattern !== undefined && !pattern(schema.pattern).test(value)) {
    broken.push(breaks(path, schema.rule ?? 'has another form than it must have'));
  }
  return value;
}

function readNumber(schema: Schema, value: unknown, path: string, broken: Fault[]): unknown {
  const whole = schema.type === 'integer';
  const min = schema.minimum ?? Number.NEGATIVE_INFINITY;
  const max = schema.maximum ?? Number.POSITIVE_INFINITY;
  const kind = whole ? 'a whole number' : 'a number';
  if (typeof value !== 'number' || !Number.isFinite(value) || (whole && !Number.isInteger(value))) {
    broken.push(breaks(path, `must be ${kind}`));
  } else if (value < min || value > max) {
    const bounds = max >= Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    broken.push(breaks(path, `must be ${kind} ${bounds}`));
  }
  return value;
}

function readArray(schema: Schema, value: unknown, path: string, broken: Fault[]): unknown {
  if (!Array.isArray(value)) {
    broken.push(breaks(path, 'must be a list'));
    return value;
  }
  const min = schema.minItems ?? 0;
  const max = schema.maxItems ?? Number.POSITIVE_INFINITY;
  if (value.length < min || value.length > max) {
    broken.push(breaks(path, `needs ${range(min, max)} entries`));
    return value;
  }
  const copy: unknown[] = [];
  for (let i = 0; i < value.length && broken.length === 0; i++) {
    copy.push(readValue(schema.items ?? {}, value[i], `${path}[${i}]`, broken));
  }
  return copy;
}

function readObject(schema: Schema, value: unknown, path: string, broken: Fault[]): unknown {
  if (!isObject(value)) {
    broken.push(breaks(path, 'must be an object'));
    return value;
  }
  const copy: Record<string, unknown> = {};
  const properties = schema.properties ?? {};
  for (const key of Object.keys(properties)) {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    if (given === undefined) {
      if (schema.required?.includes(key)) broken.push(breaks(`${path}.${key}`, 'is required'));
    } else {
      copy[key] = readValue(properties[key]!, given, `${path}.${key}`, broken);
    }
    if (broken.length > 0) return copy;
  }
  const others = restSchema(schema);
  if (others) readOthers(others, properties, value, copy, path, broken);
  return copy;
}

/** The keys that `properties` does not name, for records and for objects that are passed on whole. */
function readOthers(
  schema: Schema,
  properties: Record<string, Schema>,
  value: Record<string, unknown>,
  copy: Record<string, unknown>,
  path: string,
  broken: Fault[],
): void {
  for (const key of Object.keys(value)) {
    if (key !== '__proto__' && (Object.hasOwn(properties, key) || value[key] === undefined)) continue;
    const wrong = wrongName(key);
    if (wrong) broken.push(breaks(path, wrong));
    else copy[key] = readValue(schema, value[key], `${path}.${key}`, broken);
    if (broken.length > 0) return;
  }
}

function restSchema(schema: Schema): Schema | undefined {
  if (schema.patternProperties) return Object.values(schema.patternProperties)[0];
  return schema.additionalProperties === true ? {} : undefined;
}

function readUnion(
  schema: Schema,
  branches: Schema[],
  value: unknown,
  path: string,
  broken: Fault[],
): unknown {
  const byType = branchesByType(schema, branches);
  if (byType) {
    if (!isObject(value)) {
      broken.push(breaks(path, 'must be an object'));
      return value;
    }
    const branch = byType.get(value['type']);
    if (branch) return readValue(branch, value, path, broken);
    broken.push(breaks(`${path}.type`, `must be one of ${[...byType.keys()].join(', ')}`));
    return value;
  }
  const kind = value === null ? 'null' : typeof value;
  for (const branch of branches) {
    const attempt: Fault[] = [];
    const read = readValue(branch, value, path, attempt);
    if (attempt.length === 0) return read;
    if (branch.const === undefined && branch.type === kind) {
      broken.push(attempt[0]!);
      return value;
    }
  }
  const words = branches.map((branch) =>
    branch.const !== undefined ? String(branch.const) : branch.type === 'null' ? 'null' : `a ${branch.type}`,
  );
  broken.push(breaks(path, `must be one of ${words.join(', ')}`));
  return value;
}

const unions = new WeakMap<Schema, Map<unknown, Schema> | null>();

/** The branches of a union of objects told apart by their `type`; undefined for any other union. */
function branchesByType(schema: Schema, branches: Schema[]): Map<unknown, Schema> | undefined {
  let known = unions.get(schema);
  if (known === undefined) {
    const tags = branches.map((branch) => branch.properties?.['type']?.const);
    known = tags.includes(undefined) ? null : new Map(tags.map((tag, i) => [tag, branches[i]!]));
    unions.set(schema, known);
  }
  return known ?? undefined;
}

/** Whatever JSON can say, copied. */
function readAny(value: unknown, path: string, broken: Fault[], depth: number): unknown {
  if (typeof value === 'string') {
    if (!isStorable(value)) broken.push(breaks(path, UNSTORABLE));
    return value;
  }
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value;
  if (depth >= MAX_DEPTH || typeof value !== 'object') {
    broken.push(breaks(path, depth >= MAX_DEPTH ? `is nested deeper than ${MAX_DEPTH}` : 'must be JSON'));
    return value;
  }
  if (Array.isArray(value))
    return value.map((entry, i) => readAny(entry, `${path}[${i}]`, broken, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined) continue;
    const wrong = wrongName(key);
    if (wrong) broken.push(breaks(path, wrong));
    else copy[key] = readAny(entry, `${path}.${key}`, broken, depth + 1);
  }
  return copy;
}

/** Why nothing can have this name. To leave it out in silence would lose what was said. */
function wrongName(key: string): string | undefined {
  if (key === '__proto__') return 'must not have a key __proto__';
  return isStorable(key) ? undefined : UNSTORABLE;
}

const UNSTORABLE = 'must not hold the NUL character or half of a surrogate pair';

function range(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return `at least ${min}`;
  if (min === 0) return `at most ${max}`;
  return min === max ? String(min) : `${min} to ${max}`;
}

const patterns = new Map<string, RegExp>();

function pattern(source: string): RegExp {
  let regExp = patterns.get(source);
  if (!regExp) {
    regExp = new RegExp(source, 'u');
    patterns.set(source, regExp);
  }
  return regExp;
}
