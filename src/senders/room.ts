/** What this room declares. */
import type { Room } from '../db/room.ts';
import { sweepHealth } from './health.ts';

/** Senders. */
export const sendersRoom: Room = {
  name: 'senders',
  sweep: ({ sql, nowMs }) => sweepHealth(sql, nowMs),
};
