/** Bounds guesses: who brings codes that are none has to wait. Codes that are good cost nothing, however many. */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { fault, type Fault } from '../../base/fault.ts';

/** Guesses of a caller. */
export type Guard = {
  /** The fault when this caller has guessed too often; ask before looking at the code, or the answer would tell. */
  check(request: FastifyRequest, nowMs: number): Fault | undefined;
  /** Notes that what a caller brought was none of ours. */
  missed(request: FastifyRequest, nowMs: number): void;
};

/** Wrong codes a caller may bring at once, and the time after which it may bring one more. */
const MOST = 20;
const ONE_MORE_MS = 6_000;
/** Callers remembered; those longest unused are forgotten first. */
const MOST_CALLERS = 20_000;

/** A guard of this process. */
export function createGuard(): Guard {
  const misses = new Map<string, { count: number; atMs: number }>();
  const countOf = (caller: string, nowMs: number): number => {
    const known = misses.get(caller);
    return known ? Math.max(0, known.count - Math.max(0, nowMs - known.atMs) / ONE_MORE_MS) : 0;
  };
  return {
    check(request, nowMs) {
      const over = countOf(callerOf(request), nowMs) - (MOST - 1);
      if (over <= 0) return undefined;
      return fault('rate_limited', 'Too many links and codes that lead nowhere came from your network.', {
        retryAfterS: Math.max(1, Math.ceil((over * ONE_MORE_MS) / 1000)),
      });
    },
    missed(request, nowMs) {
      const caller = callerOf(request);
      const count = countOf(caller, nowMs) + 1;
      misses.delete(caller);
      misses.set(caller, { count, atMs: nowMs });
      if (misses.size > MOST_CALLERS) misses.delete(misses.keys().next().value!);
    },
  };
}

/** Who calls, by address (`PARLEY_TRUSTED_PROXIES`). Of an IPv6 address the network counts, of which a caller has all. */
export function callerOf(request: Pick<FastifyRequest, 'ip'>): string {
  const address = plain(request.ip);
  return isIP(address) === 6 ? network(address) : address;
}

function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function network(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const front = head ? head.split(':') : [];
  const back = tail ? tail.split(':') : [];
  const gap = tail === undefined ? 0 : 8 - front.length - back.length;
  return `${[...front, ...Array<string>(Math.max(0, gap)).fill('0'), ...back].slice(0, 4).join(':')}::/64`;
}
