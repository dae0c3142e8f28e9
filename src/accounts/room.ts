/** What this room declares. */
import type { Room } from '../db/room.ts';
import { sweepAllowances } from './allowances.ts';
import { sweepIdempotency } from './idempotency.ts';
import { sweepSessions } from './operators.ts';
import { sweepSignUps } from './signUps.ts';

/** Accounts. */
export const accountsRoom: Room = {
  name: 'accounts',
  async sweep({ sql, nowMs }) {
    await sweepIdempotency(sql, nowMs);
    await sweepSessions(sql, nowMs);
    await sweepAllowances(sql, nowMs);
    await sweepSignUps(sql, nowMs);
  },
};
