/** First half of resolving: who owns what, and what has to be claimed and written for it. Changes nothing. */
import type { IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { type Key, keyOf, keyText } from '../keys.ts';
import type { WantedPerson, Profile } from '../wanted.ts';
import { selectContacts } from '../sql.ts';
import { type NewContact, ownersOf } from './sql.ts';

/** A person and who it will be. */
export type Planned = { person: WantedPerson; contactId: number; conflictsWith: number[] };

/** What resolving a batch comes to. */
export type Plan = {
  people: Planned[];
  /** Who owns each identity of the batch once it is carried out, by key. */
  owners: ReadonlyMap<string, number>;
  /** Identities to be claimed. */
  claims: (Key & { contactId: number })[];
  /** Contacts that are there and get more identities. */
  gaining: { workspaceId: number; id: number; externalId: string | null }[];
  /** Contacts to be made. */
  making: Map<number, NewContact>;
  /** Those that gain only because they have no external id yet; one that has got an id meanwhile is somebody else. */
  unnamed: ReadonlySet<number>;
};

/** Plans the batch. One round trip, or none when nobody has identities; another where an address is somebody's with an id of their own. */
export async function makePlan(
  tx: Tx,
  ids: IdSource,
  people: readonly WantedPerson[],
  profiles: 'first' | 'merged',
): Promise<Plan> {
  const keysOf = people.map((person) => person.identities.map((one) => keyOf(person.workspaceId, one)));
  const keys = new Map(keysOf.flat().map((key) => [keyText(key), key]));
  const owners = new Map<string, number>();
  if (keys.size > 0) {
    for (const owner of await ownersOf(tx, [...keys.values()])) {
      owners.set(keyText({ ...owner, hash: 0 }), owner.contactId);
    }
  }
  const named = await namedAmong(tx, people, keysOf, owners);
  const unnamed = new Set<number>();
  const claims = new Map<string, Key & { contactId: number }>();
  const drafts = new Map<number, { first: WantedPerson; profile: Profile }>();
  const planned = people.map((person, i) => {
    const texts = keysOf[i]!.map(keyText);
    const found = texts.map((text) => owners.get(text)).filter((id) => id !== undefined);
    const own = person.byOwnId ? ownOf(keysOf[i]!, owners, named) : undefined;
    const first = person.byOwnId ? own?.id : found[0];
    const contactId = first ?? ids.spread();
    const draft = drafts.get(contactId);
    if (first === undefined) drafts.set(contactId, { first: person, profile: person.profile ?? {} });
    else if (draft && profiles === 'merged') draft.profile = mergeProfile(draft.profile, person.profile);
    if (own && !isExternal(own.key)) unnamed.add(own.id);
    for (const text of texts) {
      if (owners.has(text) || (person.asTheyAre && found.length > 0)) continue;
      owners.set(text, contactId);
      claims.set(text, { ...keys.get(text)!, contactId });
      if (keys.get(text)!.kind === 'external') named.add(contactId);
    }
    return { person, contactId, conflictsWith: [...new Set(found)].filter((id) => id !== contactId) };
  });
  const claimed = [...claims.values()];
  const externalIds = firstExternalIds(claimed);
  const making = new Map<number, NewContact>();
  for (const [id, { first, profile }] of drafts) {
    making.set(id, newContact(first.workspaceId, id, externalIds.get(id) ?? null, profile));
  }
  return {
    people: planned,
    owners,
    claims: claimed,
    gaining: gaining(claimed, drafts, externalIds),
    making,
    unnamed,
  };
}

/**
 * Who somebody is by ids of the caller's own: whoever has such an id; else whom nobody has named yet, by a device or an address. A device of
 * whom another id names is theirs and no word on who this is, where this one is named, too: two people sign in on one phone.
 */
function ownOf(
  keys: readonly Key[],
  owners: ReadonlyMap<string, number>,
  named: ReadonlySet<number>,
): { key: Key; id: number } | undefined {
  const isNamed = keys.some(isExternal);
  return keys
    .flatMap((key) => {
      const id = owners.get(keyText(key));
      return id === undefined ? [] : { key, id };
    })
    .find(({ key, id }) => isExternal(key) || !named.has(id) || (key.kind === 'anonymous' && !isNamed));
}

function isExternal({ kind }: Key): boolean {
  return kind === 'external';
}

/** Contacts with an external id among those that people of a caller's own ids may be, by a device or an address. */
async function namedAmong(
  tx: Tx,
  people: readonly WantedPerson[],
  keysOf: readonly (readonly Key[])[],
  owners: ReadonlyMap<string, number>,
): Promise<Set<number>> {
  const asked = new Map<number, Set<number>>();
  people.forEach(({ byOwnId, workspaceId }, i) => {
    const keys = keysOf[i]!;
    const owned = keys.filter((key) => owners.has(keyText(key)));
    const [first] = owned;
    // Who has the id is who it is; so is whose device it is, where nothing else is said of them.
    if (!byOwnId || !first || owned.some(isExternal)) return;
    if (first.kind === 'anonymous' && !keys.some(isExternal)) return;
    const ids = asked.get(workspaceId) ?? new Set();
    asked.set(workspaceId, ids);
    for (const key of owned) ids.add(owners.get(keyText(key))!);
  });
  const found = await Promise.all(
    [...asked].map(([workspaceId, ids]) => selectContacts(tx, workspaceId, [...ids])),
  );
  return new Set(found.flat().flatMap(({ id, externalId }) => (externalId === null ? [] : [id])));
}

/** The later profile over the earlier, attributes key by key. */
export function mergeProfile(earlier: Profile, later: Profile | undefined): Profile {
  const known = Object.entries(later ?? {}).filter(([, value]) => value !== undefined);
  return {
    ...earlier,
    ...(Object.fromEntries(known) as Profile),
    attributes: { ...earlier.attributes, ...later?.attributes },
  };
}

/** A contact's row. Attributes that are null are not kept. */
export function newContact(
  workspaceId: number,
  id: number,
  externalId: string | null,
  profile: Profile,
): NewContact {
  const attributes = Object.entries(profile.attributes ?? {}).filter(
    ([, v]) => v !== null && v !== undefined,
  );
  return {
    workspaceId,
    id,
    externalId,
    givenName: profile.givenName ?? null,
    surname: profile.surname ?? null,
    attributes: attributes.length > 0 ? JSON.stringify(Object.fromEntries(attributes)) : '{}',
    timeZone: profile.timeZone ?? null,
    locale: profile.locale ?? null,
    credentialRequired: profile.credentialRequired ?? false,
    signedUpMs: profile.signedUpMs ?? null,
  };
}

function firstExternalIds(claims: Iterable<Key & { contactId: number }>): Map<number, string> {
  const first = new Map<number, string>();
  for (const { kind, value, contactId } of claims) {
    if (kind === 'external' && !first.has(contactId)) first.set(contactId, value);
  }
  return first;
}

function gaining(
  claims: readonly (Key & { contactId: number })[],
  drafts: ReadonlyMap<number, unknown>,
  externalIds: ReadonlyMap<number, string>,
): Plan['gaining'] {
  const rows = new Map<number, Plan['gaining'][number]>();
  for (const { workspaceId, contactId: id } of claims) {
    if (!drafts.has(id)) rows.set(id, { workspaceId, id, externalId: externalIds.get(id) ?? null });
  }
  return [...rows.values()];
}
