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
import { identityOfGroup } from './groups.ts';
import type { Call } from './route.ts';
import type { ToldOfOne } from './wanted.ts';

const boundsOf = onceFor((ctx: HttpContext) => ({
  guests: createGuests(ctx),
  told: createRateLimit(ctx.config.rateLimitPerS, ctx.clock),
}));

/** The fault of what is too much for whoever holds the public key; undefined when it may be kept. */
export async function refuseStrangers(
  { ctx, workspace, query }: Call<unknown>,
  entries: readonly ToldOfOne[],
): Promise<Fault | undefined> {
  const { guests, told } = boundsOf(ctx);
  const whence = `${workspace.id} ${networkOf(query.from)}`;
  const retryAfterS = told.take(whence, entries.length);
  if (retryAfterS !== undefined)
    return fault('rate_limited', 'Too much is told at a time from your network.', { retryAfterS });
  // A group is a contact, too.
  const named = entries.flatMap(({ who, user }) => [
    who,
    ...(user?.group ? [identityOfGroup(user.group)] : []),
  ]);
  const known = await findContactIds(ctx.sql, workspace.id, named);
  const fresh = new Set(
    named.filter((_, at) => known[at] === undefined).map(({ kind, value }) => `${kind === 'group'} ${value}`),
  );
  return fresh.size > 0
    ? await guests.enter(workspace.id, query.from, fresh.size, 'new users and groups by the public key')
    : undefined;
}
