/** Which clauses of an audience a contact meets, without a database: what explains an audience, and what its SQL is held to. */
import type { SetKind } from './sql.sets.ts';
import type { Clauses, Condition, FieldName, Test } from '../../contract/audience.ts';
import { parseIsoTime } from '../base/clock.ts';

/** What of a contact an audience can ask for. */
type Facts = {
  id: number;
  attributes: Record<string, unknown>;
  createdMs: number;
} & Record<FieldName, string | null>;

/** What an audience has among its lists: shipping labels and bots are sets as lists are. */
const LISTS: ReadonlySet<string> = new Set(['list', 'label', 'bot']);

/** A list, tag or segment that the contact is in. */
export type SetRef = { id: number; kind: SetKind | 'segment'; name: string };

/** The clauses that are met, such as `lists[0]`; none when none is. */
export function clausesMet(clauses: Clauses, contact: Facts, sets: readonly SetRef[]): string[] {
  const met: string[] = [];
  if (clauses.all) met.push('all');
  clauses.lists?.forEach((list, i) => {
    if (sets.some(({ id, kind }) => LISTS.has(kind) && id === list)) met.push(`lists[${i}]`);
  });
  clauses.tags?.forEach((tag, i) => {
    if (sets.some(({ id, kind, name }) => kind === 'tag' && (id === tag || name === tag)))
      met.push(`tags[${i}]`);
  });
  clauses.segments?.forEach((segment, i) => {
    if (sets.some(({ id, kind }) => kind === 'segment' && id === segment)) met.push(`segments[${i}]`);
  });
  clauses.contacts?.forEach((id, i) => {
    if (id === contact.id) met.push(`contacts[${i}]`);
  });
  if (clauses.filter !== undefined && holds(clauses.filter, contact)) met.push('filter');
  return met;
}

/** Whether a condition holds for a contact. */
function holds(condition: Condition, contact: Facts): boolean {
  if ('all' in condition) return condition.all.every((one) => holds(one, contact));
  if ('any' in condition) return condition.any.some((one) => holds(one, contact));
  if ('not' in condition) return !holds(condition.not, contact);
  if ('createdBefore' in condition) return contact.createdMs < parseIsoTime(condition.createdBefore)!;
  if ('createdAfter' in condition) return contact.createdMs > parseIsoTime(condition.createdAfter)!;
  const value = 'attribute' in condition ? attribute(contact, condition.attribute) : contact[condition.field];
  return passes(condition, value ?? undefined);
}

function attribute(contact: Facts, name: string): unknown {
  return Object.hasOwn(contact.attributes, name) ? contact.attributes[name] : undefined;
}

/** Whether a value passes a test. */
export function passes(test: Test, value: unknown): boolean {
  if (test.is !== undefined) return value === test.is;
  if (test.isNot !== undefined) return value !== test.isNot;
  if (test.in !== undefined) return test.in.includes(value as string);
  if (test.exists !== undefined) return (value !== undefined) === test.exists;
  if (test.startsWith !== undefined) return typeof value === 'string' && value.startsWith(test.startsWith);
  if (test.greaterThan !== undefined) return order(value, test.greaterThan) === 1;
  if (test.lessThan !== undefined) return order(value, test.lessThan) === -1;
  if (test.contains === undefined) return false;
  if (Array.isArray(value)) return value.includes(test.contains);
  return typeof value === 'string' && typeof test.contains === 'string' && value.includes(test.contains);
}

/** -1, 0 or 1; undefined when the two cannot be compared. Texts by code point, as Postgres does under COLLATE "C". */
function order(value: unknown, than: string | number): number | undefined {
  if (typeof value === 'number' && typeof than === 'number') return Math.sign(value - than);
  if (typeof value !== 'string' || typeof than !== 'string') return undefined;
  return Buffer.compare(Buffer.from(value), Buffer.from(than));
}
