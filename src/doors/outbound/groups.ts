/**
 * Groups of users (api/outbound.md §A.3). A group is a contact of its own that nobody can write to; its attributes are those of whoever is told to
 * be in it, as they are then: a call that names the group alone, or some of its attributes, takes none of them away.
 */
import type { TrackedPerson } from '../../campaigns/events/arrive.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { findContactIds, getContacts } from '../../contacts/contacts.ts';
import type { Identity } from '../../contacts/keys.ts';
import { checkAttributes, CONTACT_LIMITS } from '../../contacts/profile.ts';
import type { ReadUser } from './read.ts';
import type { Call } from './route.ts';

type Group = NonNullable<ReadUser['group']>;

/** By what a group is known. */
export function identityOfGroup({ id }: Group): Identity {
  return { kind: 'group', value: id };
}

/** A group with what was told of it. */
export function groupAsTold(group: Group, once: string | undefined): TrackedPerson {
  const { attributes } = group;
  return {
    person: { identities: [identityOfGroup(group)], destinations: [], profile: { attributes } },
    once: once && `${once} group`,
  };
}

/** Those who were told to be in groups, with the attributes that these have by now; of whom it is too much, the fault. In order, as they were told. */
export async function withGroups(
  { ctx, workspace }: Call<unknown>,
  told: readonly { person: TrackedPerson | Fault; group: Group | undefined; at: string }[],
): Promise<(TrackedPerson | Fault)[]> {
  const named = new Map(told.flatMap(({ group }) => (group ? [[group.id, group] as const] : [])));
  if (named.size === 0) return told.map(({ person }) => person);
  const ids = await findContactIds(ctx.sql, workspace.id, [...named.values()].map(identityOfGroup));
  const there = await getContacts(
    ctx.sql,
    workspace.id,
    ids.filter((id) => id !== undefined),
  );
  const byId = new Map(there.map(({ id, attributes }) => [id, attributes]));
  const has = new Map([...named.keys()].map((id, i) => [id, byId.get(ids[i]!) ?? {}]));
  return told.map(({ person, group, at }) => {
    if (!group || isFault(person)) return person;
    const now = merged(has.get(group.id)!, group.attributes);
    const attributes = { ...person.person.profile?.attributes, group: now };
    if (checkAttributes(attributes, '')) return breaks(`${at}group_attributes`, TOO_LARGE);
    has.set(group.id, now);
    return { ...person, person: { ...person.person, profile: { ...person.person.profile, attributes } } };
  });
}

const TOO_LARGE = `with what the group has, and the user’s own attributes, need at most ${CONTACT_LIMITS.attributesBytes} bytes as JSON`;

function merged(before: Record<string, unknown>, told: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...before, ...told }).filter(([, value]) => value !== null));
}
