/** Lists, tags, shipping labels and bots: all are named sets of contacts. Names are unique per workspace and kind. */
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import { isStorable } from '../base/storable.ts';
import { type Db, type Tx } from '../db/pool.ts';
import { isUniqueBreach } from '../db/errors.ts';
import { noteChanged } from './changes.ts';
import {
  type ContactSet,
  type SetKind,
  countMembersOf,
  deleteAllMembers,
  deleteMembers,
  deleteSetRow,
  holdNamed,
  insertMembers,
  insertSets,
  lockSetRow,
  selectMembers,
  selectMembersAmong,
  selectMemberships,
  selectNamed,
  selectSet,
  selectSets,
  selectSetsIn,
  updateSetName,
} from './sql.sets.ts';

export type { ContactSet, SetKind } from './sql.sets.ts';

const NAME_LENGTH = 200;

/** Makes a list or tag; a conflict when there is one by that name. */
export async function createSet(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  set: { workspaceId: number; kind: SetKind; name: string },
): Promise<ContactSet | Fault> {
  const broken = checkSetName(set.name);
  if (broken) return broken;
  const row = { id: ids.spread(), name: set.name };
  const [made] = await insertSets(tx, set.workspaceId, set.kind, [row], nowMs);
  return made ?? taken(set.kind);
}

/** The sets by those names, made where there is none; in the order of the names. */
export async function ensureSets(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  wanted: { workspaceId: number; kind: SetKind; names: readonly string[] },
): Promise<ContactSet[] | Fault> {
  const { workspaceId, kind } = wanted;
  const broken = wanted.names.map((name) => checkSetName(name)).find((one) => one !== undefined);
  if (broken) return broken;
  const names = [...new Set(wanted.names)].sort();
  if (names.length === 0) return [];
  let found = await selectNamed(tx, workspaceId, kind, names);
  if (found.length < names.length) {
    const missing = names.filter((name) => !found.some((set) => set.name === name));
    await insertSets(
      tx,
      workspaceId,
      kind,
      missing.map((name) => ({ id: ids.spread(), name })),
      nowMs,
    );
    found = await selectNamed(tx, workspaceId, kind, names);
  }
  return wanted.names.map((name) => found.find((set) => set.name === name)!);
}

/** The lists or tags of a workspace, or both, by name. */
export async function listSets(db: Db, workspaceId: number, kind?: SetKind): Promise<ContactSet[]> {
  return await selectSets(db, workspaceId, kind);
}

/** One list or tag. */
export async function getSet(db: Db, workspaceId: number, id: number): Promise<ContactSet | undefined> {
  return await selectSet(db, workspaceId, id);
}

/** Those of some lists and tags that there are. */
export async function getSets(db: Db, workspaceId: number, ids: readonly number[]): Promise<ContactSet[]> {
  return ids.length ? await selectSetsIn(db, workspaceId, ids) : [];
}

/** One list or tag to be renamed or deleted: who names it at this moment is waited for, and who comes behind waits. */
export async function lockSet(tx: Tx, workspaceId: number, id: number): Promise<ContactSet | undefined> {
  return await lockSetRow(tx, workspaceId, id);
}

/** Holds lists and tags that are named, so that none is renamed or deleted before what names them stands; those that there are. */
export async function holdSets(
  tx: Tx,
  workspaceId: number,
  named: readonly { kind: 'list' | 'tag'; name: string }[],
): Promise<ContactSet[]> {
  const held: ContactSet[] = [];
  for (const kind of ['list', 'tag'] as const) {
    const names = named.flatMap((one) => (one.kind === kind && isStorable(one.name) ? [one.name] : []));
    if (names.length) held.push(...(await holdNamed(tx, workspaceId, kind, [...new Set(names)])));
  }
  return held;
}

/** Gives a list or tag another name. */
export async function renameSet(
  tx: Tx,
  workspaceId: number,
  id: number,
  name: string,
): Promise<ContactSet | Fault> {
  const broken = checkSetName(name);
  if (broken) return broken;
  try {
    return (
      (await tx.savepoint((inner) => updateSetName(inner, workspaceId, id, name))) ??
      fault('not_found', 'set: there is none with this id')
    );
  } catch (error) {
    if (isUniqueBreach(error)) return taken('set');
    throw error;
  }
}

/** Deletes a list or tag, and with it who was in it; the contacts stay. False when it is not there. */
export async function deleteSet(tx: Tx, workspaceId: number, id: number): Promise<boolean> {
  if (!(await deleteSetRow(tx, workspaceId, id))) return false;
  await deleteAllMembers(tx, id);
  return true;
}

/** Puts contacts into a list or tag; those of other workspaces are passed over. Returns how many were not in it. */
export async function addMembers(
  tx: Tx,
  workspaceId: number,
  setId: number,
  contactIds: readonly number[],
): Promise<number | Fault> {
  if (!(await selectSet(tx, workspaceId, setId)))
    return fault('not_found', 'set: there is none with this id');
  noteChanged(tx, workspaceId, contactIds);
  return contactIds.length > 0 ? await insertMembers(tx, workspaceId, [setId], contactIds) : 0;
}

/** Takes contacts out of a list or tag. Returns how many were in it. */
export async function removeMembers(
  tx: Tx,
  workspaceId: number,
  setId: number,
  contactIds: readonly number[],
): Promise<number | Fault> {
  if (!(await selectSet(tx, workspaceId, setId)))
    return fault('not_found', 'set: there is none with this id');
  noteChanged(tx, workspaceId, contactIds);
  return contactIds.length > 0 ? await deleteMembers(tx, setId, contactIds) : 0;
}

/** Sets that are counted in one statement. */
const COUNTED_AT_ONCE = 200;

/** How many contacts are in each set, by id; no further than `most`. */
export async function countMembers(
  db: Db,
  setIds: readonly number[],
  most: number,
): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (let from = 0; from < setIds.length; from += COUNTED_AT_ONCE)
    for (const { setId, n } of await countMembersOf(db, setIds.slice(from, from + COUNTED_AT_ONCE), most))
      counts.set(setId, n);
  return counts;
}

/** The rule that the name of a list or tag breaks. */
export function checkSetName(name: unknown, path = 'name'): Fault | undefined {
  const good =
    typeof name === 'string' &&
    name.length <= NAME_LENGTH &&
    name.trim() !== '' &&
    !name.includes('\u0000') &&
    name.isWellFormed();
  return good
    ? undefined
    : fault('bad_request', `${path}: needs 1 to ${NAME_LENGTH} characters`, { field: path });
}

function taken(kind: string): Fault {
  return fault('conflict', `name: there is a ${kind} by this name`, { field: 'name' });
}

/** The names of the lists and tags that contacts are in, by contact. */
export async function membershipsOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Map<number, { lists: Set<string>; tags: Set<string> }>> {
  const all = new Map(contactIds.map((id) => [id, { lists: new Set<string>(), tags: new Set<string>() }]));
  if (!contactIds.length) return all;
  for (const { contactId, kind, name } of await selectMemberships(db, workspaceId, contactIds))
    if (kind === 'list' || kind === 'tag') all.get(contactId)?.[`${kind}s`].add(name);
  return all;
}

/** Contacts that are in a list or tag where they are at most `most`, in no order; undefined where there are more. */
export async function allMembers(db: Db, setId: number, most: number): Promise<number[] | undefined> {
  const found = await selectMembers(db, setId, most + 1);
  return found.length > most ? undefined : found;
}

/** Those of some contacts that are in a list or tag. */
export async function membersAmong(
  db: Db,
  setId: number,
  contactIds: readonly number[],
): Promise<Set<number>> {
  return new Set(contactIds.length ? await selectMembersAmong(db, setId, contactIds) : []);
}

/** Tags that a contact gets and loses. */
export type Tagging = { contactId: number; add: readonly string[]; remove: readonly string[] };

/**
 * Gives contacts tags, which are made where they are new, and takes others away; of one contact the later counts. Two statements for each
 * tag, however many contacts there are.
 */
export async function tagContacts(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  workspaceId: number,
  taggings: readonly Tagging[],
): Promise<Fault | undefined> {
  const last = new Map<string, Map<number, 'add' | 'remove'>>();
  for (const { contactId, add, remove } of taggings)
    for (const [what, names] of [['add', add] as const, ['remove', remove] as const])
      for (const name of names) last.set(name, (last.get(name) ?? new Map()).set(contactId, what));
  const who = (name: string, what: 'add' | 'remove') =>
    [...last.get(name)!].flatMap(([contactId, one]) => (one === what ? [contactId] : []));
  const added = [...last.keys()].filter((name) => who(name, 'add').length);
  const made = await ensureSets(tx, ids, nowMs, { workspaceId, kind: 'tag', names: added });
  if (isFault(made)) return made;
  const removed = [...last.keys()].filter((name) => who(name, 'remove').length).sort();
  const known = removed.length ? await selectNamed(tx, workspaceId, 'tag', removed) : [];
  // In one order for all.
  for (const { id, name } of made.toSorted((a, b) => a.id - b.id))
    await insertMembers(tx, workspaceId, [id], who(name, 'add'));
  for (const { id, name } of known.toSorted((a, b) => a.id - b.id))
    await deleteMembers(tx, id, who(name, 'remove'));
  noteChanged(
    tx,
    workspaceId,
    taggings.map(({ contactId }) => contactId),
  );
  return undefined;
}
