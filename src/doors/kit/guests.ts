/**
 * Guests of a web chat: people whom no business names. Anybody who opens a page can make one and speak as one, so how many a network
 * and a workspace make in an hour is bounded, and what they say. So are those whom a browser names by the public key of the Outbound
 * API, which anybody can read out of a page.
 */
import { createAllowances } from '../../accounts/allowances.ts';
import { fault, type Fault } from '../../base/fault.ts';
import type { HttpContext } from './context.ts';
import { networkOf } from '../../base/network.ts';

/** The bounds; each answers the fault of who is beyond them. `address` is where the request came from. */
export type Guests = {
  /** Before somebody new is made, or so many; `called` is what a fault calls them, where they are no guests of a web chat. */
  enter(workspaceId: number, address: string, people?: number, called?: string): Promise<Fault | undefined>;
  /** Before what a guest says is kept, with a file of so many bytes. */
  say(workspaceId: number, address: string, fileBytes?: number): Promise<Fault | undefined>;
};

type Bounds = { times: number; called?: string | undefined; perNetwork: number; perWorkspace: number };

const HOUR_MS = 3600_000;
/** A file counts as one message more for each so many bytes: what guests fill is the disk. */
const MESSAGE_BYTES = 64 * 1024;

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
    { times, called = `${what} on the web chat`, ...most }: Bounds,
  ): Promise<Fault | undefined> => {
    const whose = [
      { who: `${what}|${workspaceId}|${networkOf(address)}`, most: most.perNetwork },
      { who: `${what}|${workspaceId}`, most: most.perWorkspace },
    ].filter((one) => one.most > 0);
    // The network's first: what is refused of one network is not taken from the others.
    for (const { who, most: all } of whose) {
      // What is more than an hour's of all takes all of it, and is not refused for ever.
      const taken = Math.min(times, all);
      const waitMs = await allowances.take(who, { most: all, windowMs: HOUR_MS }, clock.nowMs(), taken);
      const retryAfterS = Math.ceil(waitMs / 1000);
      if (waitMs > 0) return fault('rate_limited', `Too many ${called}; try again later.`, { retryAfterS });
    }
    return undefined;
  };
  return {
    enter: (workspaceId, address, people = 1, called) =>
      check('new guests', workspaceId, address, {
        times: people,
        called,
        perNetwork: config.guestsPerNetwork,
        perWorkspace: config.guestsPerWorkspace,
      }),
    say: (workspaceId, address, fileBytes = 0) =>
      check('messages of guests', workspaceId, address, {
        times: 1 + Math.floor(fileBytes / MESSAGE_BYTES),
        perNetwork: config.guestMessagesPerNetwork,
        perWorkspace: config.guestMessagesPerWorkspace,
      }),
  };
}
