/** What this room declares. */
import type { Room } from '../db/room.ts';
import { sweepHealth } from './health.ts';

/** Senders. */
export const sendersRoom: Room = {
  name: 'senders',
  personal: {
    integration_health: 'names nobody',
    integration_minutes: 'names nobody',
  },
  sweep: ({ sql, nowMs }) => sweepHealth(sql, nowMs),
};
