/**
 * What the public key may make: anybody reads it out of a page, so what it brings is that of strangers. How many users a network makes of
 * it is bounded as for guests of a web chat, what it tells counts one by one, and one user has not any number of addresses.
 */
import { fault, type Fault } from '../../base/fault.ts';
import { networkOf } from '../../base/network.ts';
import { onceFor } from '../../base/once.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import { destinationsOf } from '../../contacts/destinations.ts';
import type { HttpContext } from '../kit/context.ts';
import { createGuests } from '../kit/guests.ts';
import { createRateLimit } from '../kit/rateLimit.ts';
import type { Call } from './route.ts';
import type { ToldOfOne } from './tell.ts';

/** Mail addresses and numbers of one user, beyond which only the private key adds others. */
const MOST_ADDRESSES = 20;

const boundsOf = onceFor((ctx: HttpContext) => ({
  guests: createGuests(ctx),
  told: createRateLimit(ctx.config.rateLimitPerS),
}));

/** The fault of what is too much for whoever holds the public key; undefined when it may be kept. */
export async function refuseStrangers(
  { ctx, workspace, query }: Call<unknown>,
  entries: readonly ToldOfOne[],
): Promise<Fault | undefined> {
  const { guests, told } = boundsOf(ctx);
  const whence = `${workspace.id} ${networkOf(query.from)}`;
  const retryAfterS = told.take(whence, ctx.clock.nowMs(), entries.length);
  if (retryAfterS !== undefined)
    return fault('rate_limited', 'Too much is told at a time from your network.', { retryAfterS });
  const who = entries.map((entry) => entry.who);
  const known = await findContactIds(ctx.sql, workspace.id, who);
  const fresh = new Set(who.filter((_, at) => known[at] === undefined).map(({ value }) => value));
  const crowded = await firstCrowded(ctx, workspace.id, entries, known);
  if (crowded >= 0) {
    const rule = `has ${MOST_ADDRESSES} addresses, and takes more by the private key only`;
    return fault('unprocessable', `${entries.length > 1 ? `[${crowded}].` : ''}user_id: ${rule}`, {
      field: 'user_id',
    });
  }
  return fresh.size > 0 ? await guests.enter(workspace.id, query.from, fresh.size) : undefined;
}

/** The first that brings an address to somebody who has very many; -1 when there is none. */
async function firstCrowded(
  { sql }: HttpContext,
  workspaceId: number,
  entries: readonly ToldOfOne[],
  known: readonly (number | undefined)[],
): Promise<number> {
  const bringing = entries.map(({ user }) => user?.email !== undefined || user?.phone !== undefined);
  const ids = [...new Set(known.filter((id, at) => id !== undefined && bringing[at]))] as number[];
  const all = await destinationsOf(sql, workspaceId, ids);
  const counts = Map.groupBy(
    all.filter(({ channel }) => channel !== 'push'),
    ({ contactId }) => contactId,
  );
  return known.findIndex(
    (id, at) => id !== undefined && bringing[at] && (counts.get(id)?.length ?? 0) >= MOST_ADDRESSES,
  );
}
