/**
 * Names of events and their ids. A name is written before what uses it, in a transaction of its own, and stays; so what is known here
 * is true for ever.
 */
import { fault, type Fault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { lockFor } from '../../db/lock.ts';
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

/**
 * Whose names they are. What strangers may call anything, by a key that anybody reads out of a page, has half of the room: the other half is
 * left to servers and operators, whoever fills the first.
 */
export type NamedBy = 'us' | 'strangers';

/** Ids of names; those that are new are made where there is room for them, and left out where there is none. */
export type Names = (
  workspaceId: number,
  names: readonly string[],
  by?: NamedBy,
) => Promise<ReadonlyMap<string, number>>;

/** One of them. */
export type OwnEvent = (typeof OWN_EVENTS)[number];

/** Names kept in memory, over all workspaces. */
const KEPT = 50_000;

/**
 * Names over the store. Not to be asked inside a transaction: give it a pool that has none (`aside`). That pool is everybody's, and whoever holds a
 * public key asks for as many new names as they like: where there is no room for one there never is again, and none is made any more.
 */
export function createNames(deps: { sql: Sql; ids: IdSource; log: Log; nowMs: () => number }): Names {
  const known = new Map<string, number>();
  const full = new Set<string>();
  return async (workspaceId, names, by = 'us') => {
    const ids = new Map<string, number>();
    for (const name of names) {
      const id = known.get(`${workspaceId}|${name}`);
      if (id !== undefined) ids.set(name, id);
    }
    const missing = () => [...new Set(names)].filter((name) => !ids.has(name));
    const find = async (wanted: readonly string[]) => {
      for (const { id, name } of await selectNames(deps.sql, workspaceId, wanted)) {
        if (known.size > KEPT) known.clear();
        known.set(`${workspaceId}|${name}`, id);
        ids.set(name, id);
      }
    };
    const make = async (wanted: readonly string[], most: number) => {
      const made = wanted.map((name) => ({ id: deps.ids.spread(), name }));
      // One after the other: what two find room for at once is counted once each.
      await deps.sql.begin(async (tx) => {
        await lockFor(tx, 'event names', workspaceId);
        await insertNames(tx, workspaceId, made, deps.nowMs(), most);
      });
      await find(wanted);
    };
    if (missing().length) await find(missing());
    const [own, others] = [missing().filter(isOwn), missing().filter((name) => !isOwn(name))];
    // Parley's own are few, and are told whatever others have filled.
    if (own.length) await make(own, Infinity);
    const whose = `${workspaceId} ${by}`;
    if (!others.length || full.has(whose)) return ids;
    await make(others, mostOf(by));
    if (!missing().length) return ids;
    full.add(whose);
    deps.log.warn(
      { workspaceId, by, most: mostOf(by) },
      'events of new names are not kept: there are as many as there may be',
    );
    return ids;
  };
}

/** The same where all of them are needed. */
export async function needNames(
  names: Names,
  workspaceId: number,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, number> | Fault> {
  const ids = await names(workspaceId, wanted);
  const missing = wanted.find((name) => !ids.has(name));
  return missing === undefined
    ? ids
    : fault('unprocessable', `event: ${noRoomFor(missing, 'us')}`, { field: 'event' });
}

/** Why an event of a new name is not kept. */
export function noRoomFor(name: string, by: NamedBy): string {
  return by === 'us'
    ? `a workspace has at most ${EVENT_LIMITS.names} names of events, and ${name} is a new one`
    : `by the public key a workspace gets at most ${EVENT_LIMITS.namesByStrangers} names of events, and ${name} is a new one: tell of it once by the private key, or name it in a campaign`;
}

const OWN: ReadonlySet<string> = new Set(OWN_EVENTS);
const isOwn = (name: string) => OWN.has(name);
const mostOf = (by: NamedBy) => (by === 'us' ? EVENT_LIMITS.names : EVENT_LIMITS.namesByStrangers);
