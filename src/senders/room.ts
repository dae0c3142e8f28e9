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
  parts: {
    integration_health: { column: 'integration_id', of: 'integrations' },
    integration_minutes: { column: 'integration_id', of: 'integrations' },
  },
  sweep: ({ sql, nowMs }) => sweepHealth(sql, nowMs),
};
