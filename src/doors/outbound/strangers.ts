/**
 * What the public key may make: anybody reads it out of a page, so what it brings is that of strangers. How many users a network makes of
 * it is bounded as for guests of a web chat, and what it tells counts one by one.
 */
import { fault, type Fault } from '../../base/fault.ts';
import { networkOf } from '../../base/network.ts';
import { onceFor } from '../../base/once.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import type { HttpContext } from '../kit/context.ts';
import { createGuests } from '../kit/guests.ts';
import { createRateLimit } from '../kit/rateLimit.ts';
import type { OutboundUser } from './read.ts';
import type { Call } from './route.ts';

const boundsOf = onceFor((ctx: HttpContext) => ({
  guests: createGuests(ctx),
  told: createRateLimit(ctx.config.rateLimitPerS, ctx.clock),
}));

/** The fault of what is too much for whoever holds the public key; undefined when it may be kept. */
export async function refuseStrangers(
  { ctx, workspace, query }: Call<unknown>,
  who: readonly OutboundUser[],
): Promise<Fault | undefined> {
  const { guests, told } = boundsOf(ctx);
  const whence = `${workspace.id} ${networkOf(query.from)}`;
  const retryAfterS = told.take(whence, who.length);
  if (retryAfterS !== undefined)
    return fault('rate_limited', 'Too much is told at a time from your network.', { retryAfterS });
  const known = await findContactIds(ctx.sql, workspace.id, who);
  const fresh = new Set(who.filter((_, at) => known[at] === undefined).map(({ value }) => value));
  return fresh.size > 0 ? await guests.enter(workspace.id, query.from, fresh.size) : undefined;
}
