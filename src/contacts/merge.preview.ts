/** What a merge would make of two contacts, told before it is done: the rules of `merge.ts` and of `fillContact`. Pure. */
import { attributesBytes, CONTACT_LIMITS } from './profile.ts';
import type { Contact } from './sql.ts';

/** A field on both sides, and what it will be. Null is nothing. */
type MergedField = { name: string; surviving: unknown; discarded: unknown; result: unknown };

const PLAIN = ['externalId', 'givenName', 'surname', 'timeZone', 'locale'] as const;

/** Every field that either has. What the survivor has stays, what it lacks comes from the other. */
export function mergedFields(
  surviving: Contact,
  discarded: Contact,
): { fields: MergedField[]; attributesFit: boolean } {
  const both = { ...discarded.attributes, ...surviving.attributes };
  const attributesFit = attributesBytes(both) <= CONTACT_LIMITS.attributesBytes;
  const result = attributesFit ? both : surviving.attributes;
  const names = Object.keys({ ...surviving.attributes, ...discarded.attributes });
  const plain = PLAIN.map((name) => ({
    name,
    surviving: surviving[name],
    discarded: discarded[name],
    result: surviving[name] ?? discarded[name],
  }));
  const attributes = names.map((name) => ({
    name: `attributes.${name}`,
    surviving: surviving.attributes[name] ?? null,
    discarded: discarded.attributes[name] ?? null,
    result: result[name] ?? null,
  }));
  const fields = [...plain, ...attributes].filter((one) => one.surviving !== null || one.discarded !== null);
  return { fields, attributesFit };
}
