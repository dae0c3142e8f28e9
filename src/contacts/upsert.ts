/** Finds or makes contacts and merges what is known of them: imports and `identify` calls, many at a time. */
import type { IdSource } from '../base/ids.ts';
import { listText } from '../db/column.ts';
import { overtaken, type Tx } from '../db/pool.ts';
import { noteChanged } from './changes.ts';
import { CONTACT_LIMITS } from './profile.ts';
import { mergeProfile } from './resolve/plan.ts';
import { resolvePeople } from './resolve/resolve.ts';
import type { WantedPerson, PersonResolved, Profile } from './wanted.ts';
import { mergeProfiles, selectThere, type ProfileRow } from './sql.ts';

/** Who it is; `attributesRefused` when the contact's attributes would have been larger than allowed and stayed as they were. */
export type Upserted = PersonResolved & { attributesRefused: boolean };

/**
 * Finds or makes each person as resolvePeople does, and merges the profiles into contacts that were there: known fields over
 * those there were, attributes key by key, null takes one away. Doing the same again writes nothing. Profiles are checked
 * (profile.ts), identities normalised.
 */
export async function upsertContacts(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  people: readonly WantedPerson[],
): Promise<Upserted[]> {
  const resolved = await resolvePeople(tx, ids, nowMs, people, 'merged');
  const made = new Set(resolved.flatMap((one) => (one.created ? [one.contactId] : [])));
  const known = new Map<number, { workspaceId: number; profile: Profile }>();
  people.forEach(({ workspaceId, profile }, i) => {
    const { contactId } = resolved[i]!;
    if (!profile || made.has(contactId)) return;
    known.set(contactId, {
      workspaceId,
      profile: mergeProfile(known.get(contactId)?.profile ?? {}, profile),
    });
  });
  const rows = [...known].map(([id, { workspaceId, profile }]) => profileRow(workspaceId, id, profile));
  const written = rows.length > 0 ? await mergeProfiles(tx, rows, CONTACT_LIMITS.attributesBytes, nowMs) : [];
  await stillThere(tx, rows, written);
  for (const { id } of written) noteChanged(tx, known.get(id)!.workspaceId, [id]);
  const refused = new Set(written.flatMap((one) => (one.refused ? [one.id] : [])));
  return resolved.map((one) => ({ ...one, attributesRefused: refused.has(one.contactId) }));
}

/**
 * Nothing is written of a contact where nothing changes, and of one that was erased or merged while this waited for it. In the second case the
 * transaction begins anew. Costs a look, where nothing was written of somebody.
 */
async function stillThere(
  tx: Tx,
  rows: readonly ProfileRow[],
  written: readonly { id: number }[],
): Promise<void> {
  const done = new Set(written.map(({ id }) => id));
  const others = rows.filter(({ id }) => !done.has(id));
  if (others.length > 0 && (await selectThere(tx, others)).size < others.length)
    throw overtaken('who was told of is gone, or became another meanwhile');
}

function profileRow(workspaceId: number, id: number, profile: Profile): ProfileRow {
  const entries = Object.entries(profile.attributes ?? {}).filter(([, value]) => value !== undefined);
  const unset = entries.filter(([, value]) => value === null).map(([key]) => key);
  return {
    workspaceId,
    id,
    givenName: profile.givenName ?? null,
    surname: profile.surname ?? null,
    timeZone: profile.timeZone ?? null,
    locale: profile.locale ?? null,
    set:
      entries.length > 0
        ? JSON.stringify(Object.fromEntries(entries.filter(([, value]) => value !== null)))
        : '{}',
    unset: listText(unset),
  };
}

/** Merges attributes into contacts that are there; null takes one away. What would be too large stays as it was. Locks the contacts. */
export async function fillAttributes(
  tx: Tx,
  workspaceId: number,
  attributes: ReadonlyMap<number, Record<string, unknown>>,
  nowMs: number,
): Promise<void> {
  const rows = [...attributes].map(([id, set]) => profileRow(workspaceId, id, { attributes: set }));
  const written = await mergeProfiles(tx, rows, CONTACT_LIMITS.attributesBytes, nowMs);
  noteChanged(
    tx,
    workspaceId,
    written.map(({ id }) => id),
  );
}
