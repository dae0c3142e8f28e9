/** Bounds guesses: who brings codes that are none has to wait. Codes that are good cost nothing, however many. */
import type { FastifyRequest } from 'fastify';
import { createGuesses } from '../../accounts/guesses.ts';
import { fault, type Fault } from '../../base/fault.ts';
import type { HttpContext } from '../kit/context.ts';
import { networkOf } from '../../base/network.ts';

/** Guesses of a caller. */
export type Guard = {
  /** The fault when this caller has guessed too often; ask before looking at the code, or the answer would tell. */
  check(request: FastifyRequest, nowMs: number): Promise<Fault | undefined>;
  /** Notes that what a caller brought was none of ours. */
  missed(request: FastifyRequest, nowMs: number): Promise<void>;
};

/** A guard. What it counts is in the database, so that more processes are no more guesses. */
export function createGuard({ sql, vault }: Pick<HttpContext, 'sql' | 'vault'>): Guard {
  const guesses = createGuesses(sql, vault.lastingSecret);
  return {
    async check(request, nowMs) {
      const waitMs = await guesses.waitMs(callerOf(request), nowMs);
      if (waitMs === 0) return undefined;
      return fault('rate_limited', 'Too many links and codes that lead nowhere came from your network.', {
        retryAfterS: Math.max(1, Math.ceil(waitMs / 1000)),
      });
    },
    missed: (request, nowMs) => guesses.missed(callerOf(request), nowMs),
  };
}

/** Who calls, as guesses are counted. */
function callerOf(request: Pick<FastifyRequest, 'ip'>): string {
  return networkOf(request.ip);
}
