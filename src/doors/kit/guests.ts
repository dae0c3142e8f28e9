/**
 * Guests of a web chat: people whom no business names. Anybody who opens a page can make one and speak as one, so how many a network
 * and a workspace make in an hour is bounded, and what they say.
 */
import { createAllowances } from '../../accounts/allowances.ts';
import { fault, type Fault } from '../../base/fault.ts';
import type { HttpContext } from './context.ts';
import { networkOf } from './network.ts';

/** The bounds; each answers the fault of who is beyond them. `address` is where the request came from. */
export type Guests = {
  /** Before somebody new is made. */
  enter(workspaceId: number, address: string): Promise<Fault | undefined>;
  /** Before what a guest says is kept. */
  say(workspaceId: number, address: string): Promise<Fault | undefined>;
};

const HOUR_MS = 3600_000;

/** The guests of all processes. */
export function createGuests({
  sql,
  vault,
  clock,
  config,
}: Pick<HttpContext, 'sql' | 'vault' | 'clock' | 'config'>): Guests {
  const allowances = createAllowances(sql, vault.lastingSecret);
  const check = async (
    what: string,
    workspaceId: number,
    address: string,
    most: { perNetwork: number; perWorkspace: number },
  ): Promise<Fault | undefined> => {
    const whose = [
      { who: `${what}|${workspaceId}|${networkOf(address)}`, most: most.perNetwork },
      { who: `${what}|${workspaceId}`, most: most.perWorkspace },
    ].filter((one) => one.most > 0);
    // The network's first: what is refused of one network is not taken from the others.
    for (const { who, most: times } of whose) {
      const waitMs = await allowances.take(who, { most: times, windowMs: HOUR_MS }, clock.nowMs());
      const retryAfterS = Math.ceil(waitMs / 1000);
      if (waitMs > 0)
        return fault('rate_limited', `Too many ${what} on the web chat; try again later.`, { retryAfterS });
    }
    return undefined;
  };
  return {
    enter: (workspaceId, address) =>
      check('new guests', workspaceId, address, {
        perNetwork: config.guestsPerNetwork,
        perWorkspace: config.guestsPerWorkspace,
      }),
    say: (workspaceId, address) =>
      check('messages of guests', workspaceId, address, {
        perNetwork: config.guestMessagesPerNetwork,
        perWorkspace: config.guestMessagesPerWorkspace,
      }),
  };
}
