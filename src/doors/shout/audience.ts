/** Whom a broadcast is for, as this door names them: what is included, minus what is excluded; only those who are connected get it. */
import type { Audience, Clauses } from '../../../contract/audience.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { liveGrantsOf } from '../../connect/grants.ts';
import { listSets } from '../../contacts/sets.ts';
import type { Db } from '../../db/pool.ts';
import { contactsOfOrders } from '../../orders/orders.ts';
import { readConnectId } from './read.ts';
import { readIds, readTexts } from './said.ts';

const KINDS = [
  'bot_assignment_ids',
  'connect_ids',
  'order_ids',
  'profile_ids',
  'profile_list_ids',
  'shipping_label_ids',
  'tag_ids',
  'user_ids',
] as const;

/** The fields of a broadcast that say whom it is for. */
export const TARGETS: readonly string[] = [
  'include_all_connect_users',
  ...KINDS.flatMap((kind) => [`included_${kind}`, `excluded_${kind}`]),
];

/** Reads them. Who has not connected is passed over; a broadcast that names nobody is refused. */
export async function readAudience(
  db: Db,
  workspaceId: number,
  given: Record<string, unknown>,
): Promise<Audience | Fault> {
  const all = given['include_all_connect_users'] ?? false;
  if (typeof all !== 'boolean')
    return breaks('broadcast_message.include_all_connect_users', 'must be true or false');
  const include = await readClauses(db, workspaceId, given, 'included');
  if (isFault(include)) return include;
  const exclude = await readClauses(db, workspaceId, given, 'excluded');
  if (isFault(exclude)) return exclude;
  if (!all && !include)
    return breaks(
      'broadcast_message.include_all_connect_users',
      'must be true, or one of the included_… fields must name somebody',
    );
  return {
    include: { ...include, ...(all ? { all: true as const } : {}) },
    ...(exclude ? { exclude } : {}),
  };
}

/** One side of it; undefined when it names nothing. */
async function readClauses(
  db: Db,
  workspaceId: number,
  given: Record<string, unknown>,
  side: 'included' | 'excluded',
): Promise<Clauses | undefined | Fault> {
  const fieldOf = (kind: string) => `broadcast_message.${side}_${kind}`;
  const ids: Record<string, number[]> = {};
  for (const kind of KINDS) {
    if (kind === 'connect_ids') continue;
    const read = readIds(given[`${side}_${kind}`], fieldOf(kind));
    if (isFault(read)) return read;
    ids[kind] = read;
  }
  const connectIds = readTexts(given[`${side}_connect_ids`], fieldOf('connect_ids'));
  if (isFault(connectIds)) return connectIds;
  const odd = connectIds
    .map((text) => readConnectId(text, fieldOf('connect_ids')))
    .find((one) => isFault(one));
  if (isFault(odd)) return odd;
  const userIds = ids['user_ids']!;
  if (!connectIds.length && Object.values(ids).every((list) => list.length === 0)) return undefined;
  const grants =
    connectIds.length || userIds.length ? await liveGrantsOf(db, workspaceId, { connectIds, userIds }) : [];
  const ordered = ids['order_ids']!.length ? await contactsOfOrders(db, workspaceId, ids['order_ids']!) : [];
  const contacts = [...ids['profile_ids']!, ...ordered, ...grants.map(({ contactId }) => contactId)];
  // Labels and bots are sets as lists are, and found by their ids. In one that there is not is nobody: a broadcast that named it could not start.
  const setIds = [...ids['profile_list_ids']!, ...ids['shipping_label_ids']!, ...ids['bot_assignment_ids']!];
  const sets = setIds.length || ids['tag_ids']!.length ? await listSets(db, workspaceId) : [];
  const kept = new Set(sets.map(({ id }) => id));
  const known = (named: readonly number[]) => named.filter((id) => kept.has(id));
  const [lists, tags] = [known(setIds), known(ids['tag_ids']!)];
  return {
    contacts: [...new Set(contacts)],
    ...(lists.length ? { lists } : {}),
    ...(tags.length ? { tags } : {}),
  };
}
