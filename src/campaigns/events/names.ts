/**
 * Names of events and their ids. A name is written before what uses it, in a transaction of its own, and stays; so what is known here
 * is true for ever.
 */
import { fault, type Fault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Sql } from '../../db/pool.ts';
import { insertNames, selectNames } from './sql.ts';
import { EVENT_LIMITS } from './time.ts';

/** What Parley tells of a message that a campaign sent. */
const MESSAGE_EVENTS = [
  '$accepted',
  '$delivered',
  '$opened',
  '$clicked',
  '$replied',
  '$failed',
  '$suppressed',
] as const;

/** What it tells of a contact's orders; an order is paid once. */
const ORDER_EVENTS = ['$order_created', '$order_paid', '$order_updated', '$order_deleted'] as const;

/** What it tells of a contact who is an account that connected to the workspace. */
const GRANT_EVENTS = ['$grant_created', '$grant_deleted'] as const;

/** What it tells of forms, and of a no to marketing. */
const OTHER_EVENTS = ['$form_answered', '$unsubscribed'] as const;

/** What Parley itself tells of a contact, as an event of that contact. A caller cannot track one of these. */
export const OWN_EVENTS = [...MESSAGE_EVENTS, ...ORDER_EVENTS, ...GRANT_EVENTS, ...OTHER_EVENTS] as const;

/** Ids of names; those that are new are made. */
export type Names = (
  workspaceId: number,
  names: readonly string[],
) => Promise<ReadonlyMap<string, number> | Fault>;

/** One of them. */
export type OwnEvent = (typeof OWN_EVENTS)[number];

/** Names kept in memory, over all workspaces. */
const KEPT = 50_000;

/** Names over the store. Not to be asked inside a transaction: give it a pool that has none (`aside`). */
export function createNames(deps: { sql: Sql; ids: IdSource; nowMs: () => number }): Names {
  const known = new Map<string, number>();
  const keep = (workspaceId: number, found: readonly { id: number; name: string }[]) => {
    if (known.size > KEPT) known.clear();
    for (const { id, name } of found) known.set(`${workspaceId}|${name}`, id);
  };
  return async (workspaceId, names) => {
    const ids = new Map<string, number>();
    const missing = () => {
      for (const name of names) {
        const id = known.get(`${workspaceId}|${name}`);
        if (id !== undefined) ids.set(name, id);
      }
      return [...new Set(names)].filter((name) => !ids.has(name));
    };
    let open = missing();
    if (open.length) {
      keep(workspaceId, await selectNames(deps.sql, workspaceId, open));
      open = missing();
    }
    if (open.length) {
      const made = open.map((name) => ({ id: deps.ids.spread(), name }));
      await insertNames(deps.sql, workspaceId, made, deps.nowMs(), EVENT_LIMITS.names);
      keep(workspaceId, await selectNames(deps.sql, workspaceId, open));
      open = missing();
    }
    if (!open.length) return ids;
    const rule = `a workspace has at most ${EVENT_LIMITS.names} names of events, and ${open[0]} is a new one`;
    return fault('unprocessable', `event: ${rule}`, { field: 'event' });
  };
}
