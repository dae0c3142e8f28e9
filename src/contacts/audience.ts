/**
 * Who a broadcast reaches: is it an audience, who is in it, and why. The same rules are told twice, to Postgres
 * (sql.audience.ts) and here; a property test holds the two together.
 */
import { Audience, AUDIENCE_LIMITS, Clauses, FIELDS, Test, TESTS } from '../../contract/audience.ts';
import { parseIsoTime } from '../base/clock.ts';
import { breaks, type Fault } from '../base/fault.ts';
import { readShape } from '../content/shape.ts';
import type { Db } from '../db/pool.ts';
import { clausesMet, type SetRef } from './audience.match.ts';
import { setsOfContact as selectSets } from './sql.audience.ts';
import { selectContacts } from './sql.ts';

// Pieces of statements, for those of other rooms.
export { audienceCondition, conditionOf, jsonTest } from './sql.audience.ts';

/**
 * The audience in `value`, or the first rule it breaks. A key that means nothing here is refused: dropping a misspelt
 * exclusion would send to people who were to be left out.
 */
export function checkAudience(value: unknown, path = 'audience'): Audience | Fault {
  const read = readShape(Audience, value, path);
  if (read.fault) return read.fault;
  const audience = read.value as Audience;
  const given = value as Record<string, unknown>;
  const odd =
    oddKey(given, Object.keys(Audience.properties), path) ??
    oddKey(given['include'], Object.keys(Clauses.properties), `${path}.include`) ??
    oddKey(given['exclude'], Object.keys(Clauses.properties), `${path}.exclude`);
  if (odd) return odd;
  const { all, lists, tags, segments, contacts, filter } = audience.include;
  const named = [lists, tags, segments, contacts].some((one) => one?.length);
  if (!all && !named && filter === undefined)
    return breaks(`${path}.include`, 'must name all, lists, tags, segments, contacts or a filter');
  for (const side of ['include', 'exclude'] as const) {
    const found = audience[side]?.filter as unknown;
    const broken =
      found === undefined ? undefined : checkCondition(found, `${path}.${side}.filter`, { left: MAX }, 1);
    if (broken) return broken;
  }
  return audience;
}

/** The lists and tags that a contact is in. */
export async function setsOfContact(db: Db, workspaceId: number, contactId: number): Promise<SetRef[]> {
  return await selectSets(db, workspaceId, contactId);
}

/** Whether a contact is in an audience, and the clauses it meets, such as `include.lists[0]`. */
export type AudienceReason = { matches: boolean; included: string[]; excluded: string[] };

/** Why one contact is in an audience or not; undefined when there is no such contact. */
export async function whyInAudience(
  db: Db,
  workspaceId: number,
  contactId: number,
  audience: Audience,
): Promise<AudienceReason | undefined> {
  const [[contact], sets] = await Promise.all([
    selectContacts(db, workspaceId, [contactId]),
    selectSets(db, workspaceId, contactId),
  ]);
  if (!contact) return undefined;
  const included = clausesMet(audience.include, contact, sets).map((clause) => `include.${clause}`);
  const excluded = clausesMet(audience.exclude ?? {}, contact, sets).map((clause) => `exclude.${clause}`);
  return { matches: included.length > 0 && excluded.length === 0, included, excluded };
}

const MAX = AUDIENCE_LIMITS.conditions;

function checkCondition(
  value: unknown,
  path: string,
  budget: { left: number },
  depth: number,
): Fault | undefined {
  if (depth > AUDIENCE_LIMITS.depth) return breaks(path, `is nested deeper than ${AUDIENCE_LIMITS.depth}`);
  budget.left -= 1;
  if (budget.left < 0) return breaks(path, `a filter has at most ${MAX} conditions`);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return breaks(path, 'must be an object');
  const given = value as Record<string, unknown>;
  const kind = KINDS.find((name) => Object.hasOwn(given, name));
  if (!kind) return breaks(path, `must have one of ${KINDS.join(', ')}`);
  if (kind === 'attribute' || kind === 'field') return checkTest(given, kind, path);
  const odd = oddKey(given, [kind], path);
  if (odd) return odd;
  const inner = given[kind];
  if (kind === 'createdBefore' || kind === 'createdAfter') {
    return typeof inner === 'string' && parseIsoTime(inner) !== undefined
      ? undefined
      : breaks(`${path}.${kind}`, 'must be a time with a zone, such as 2026-11-20T08:00:00Z');
  }
  if (kind === 'not') return checkCondition(inner, `${path}.not`, budget, depth + 1);
  if (!Array.isArray(inner)) return breaks(`${path}.${kind}`, 'must be a list');
  for (let i = 0; i < inner.length; i++) {
    const broken = checkCondition(inner[i], `${path}.${kind}[${i}]`, budget, depth + 1);
    if (broken) return broken;
  }
  return undefined;
}

const KINDS = ['all', 'any', 'not', 'attribute', 'field', 'createdBefore', 'createdAfter'] as const;

function checkTest(
  given: Record<string, unknown>,
  kind: 'attribute' | 'field',
  path: string,
): Fault | undefined {
  const name = given[kind];
  if (kind === 'field' && !(FIELDS as readonly unknown[]).includes(name))
    return breaks(`${path}.field`, `must be one of ${FIELDS.join(', ')}`);
  if (typeof name !== 'string' || name.length < 1 || name.length > AUDIENCE_LIMITS.text)
    return breaks(`${path}.attribute`, `needs 1 to ${AUDIENCE_LIMITS.text} characters`);
  const odd = oddKey(given, [kind, ...TESTS], path);
  if (odd) return odd;
  const asked = TESTS.filter((test) => given[test] !== undefined);
  if (asked.length !== 1) return breaks(path, `must have exactly one of ${TESTS.join(', ')}`);
  return readShape(Test, given, path).fault ?? readShape({ type: 'string' }, name, `${path}.${kind}`).fault;
}

function oddKey(given: unknown, known: readonly string[], path: string): Fault | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const odd = Object.keys(given).find((key) => !known.includes(key));
  return odd === undefined
    ? undefined
    : breaks(`${path}.${odd}`, `is not known; known are ${known.join(', ')}`);
}
