/** What is known of a contact once a step has changed it. Pure. */
import type { Step } from '../../../contract/campaign.ts';
import { CONTACT_LIMITS } from '../../contacts/profile.ts';
import { valueAt } from '../match/reading.ts';
import type { Facts } from '../match/facts.ts';

/** A step that changes what is known of a contact. */
export type ChangeStep = Extract<Step, { set: object } | { tag: object }>;

/** What is changed of a contact. */
export type Alteration =
  | { do: 'set'; attributes: Readonly<Record<string, unknown>> }
  | { do: 'tag'; add: readonly string[]; remove: readonly string[] };

/** What such a step changes. */
export function changeOf(step: ChangeStep): Alteration {
  if ('set' in step) return { do: 'set', attributes: step.set };
  const { add = [], remove = [] } = step.tag;
  return { do: 'tag', add, remove };
}

/** The facts once it is changed; undefined where the contact would have more attributes than may be kept. */
export function factsAfter(facts: Facts, change: Alteration): Facts | undefined {
  if (change.do === 'tag') return withTags(facts, change.add, change.remove);
  const after = withAttributes(facts, change.attributes);
  return printedBytes(after.contact.attributes) > CONTACT_LIMITS.attributesBytes ? undefined : after;
}

/** How long JSON is as Postgres prints it: with a space behind each comma and colon. */
function printedBytes(value: unknown): number {
  if (typeof value !== 'object' || value === null) return Buffer.byteLength(JSON.stringify(value) ?? '');
  const parts = Array.isArray(value)
    ? value.map(printedBytes)
    : Object.entries(value).map(([name, inner]) => printedBytes(name) + 2 + printedBytes(inner));
  return 2 + Math.max(0, parts.length - 1) * 2 + parts.reduce((sum, bytes) => sum + bytes, 0);
}

/** The facts once attributes are set; null takes one away. */
export function withAttributes(facts: Facts, set: Readonly<Record<string, unknown>>): Facts {
  const all = Object.entries({ ...facts.contact.attributes, ...set });
  const attributes = Object.fromEntries(all.filter(([, value]) => value !== null));
  return { ...facts, contact: { ...facts.contact, attributes } };
}

/** The facts once tags are given and taken. */
export function withTags(facts: Facts, add: readonly string[], remove: readonly string[]): Facts {
  const kept = [...facts.tags].filter((tag) => !remove.includes(tag));
  return { ...facts, tags: new Set([...kept, ...add]) };
}

/** Attributes as an event says them, by the paths of its properties; undefined where it says none of them. */
export function attributesFrom(
  save: Readonly<Record<string, string>>,
  properties: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, unknown> | undefined {
  const said = Object.entries(save).map(
    ([attribute, path]) => [attribute, valueAt(properties, path)] as const,
  );
  const known = said.filter(([, value]) => value !== undefined);
  return known.length ? Object.fromEntries(known) : undefined;
}
