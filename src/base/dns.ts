/** Text records of the domain name system, looked up within a deadline. A name that is not there has none; nothing is kept. */
import { Resolver } from 'node:dns/promises';
import type { Clock } from './clock.ts';

/** The texts of a name, or why they could not be had. */
type Texts = { found: string[] } | { failed: string };
/** Looks the texts of a name up. */
type LookUpTexts = (name: string) => Promise<Texts>;

const TRY_MS = 1_500;
const TRIES = 2;

/**
 * Does some work with look-ups, which all fail once `deadlineMs` are gone. `servers` are addresses with or without a port; those of the
 * system when there are none.
 */
export async function withTexts<T>(
  { clock, servers, deadlineMs }: { clock: Clock; servers: readonly string[]; deadlineMs: number },
  work: (lookUp: LookUpTexts) => Promise<T>,
): Promise<T> {
  const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  let isOver = false;
  const cancel = clock.after(deadlineMs, () => {
    isOver = true;
    resolver.cancel();
  });
  try {
    return await work(async (name) => {
      if (isOver) return { failed: 'ETIMEOUT' };
      try {
        // A long text comes in pieces, which belong together as they are (RFC 7208 §3.3).
        return { found: (await resolver.resolveTxt(name)).map((pieces) => pieces.join('')) };
      } catch (error) {
        const { code = 'unknown' } = error as NodeJS.ErrnoException;
        if (code === 'ENOTFOUND' || code === 'ENODATA') return { found: [] };
        return { failed: code === 'ECANCELLED' ? 'ETIMEOUT' : code };
      }
    });
  } finally {
    cancel();
  }
}
