/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { deleteCallsOf } from './sql.calls.ts';

/** What the room declares. */
export const webhooksPeople: Room = {
  name: 'webhooks',
  personal: {
    webhook_calls: 'deleted',
    webhooks: 'names nobody',
  },
  exports: {
    webhook_calls: { not: 'what the business’s own systems were told of what is here' },
  },
  erase: ({ tx, workspaceId, contactIds }) => deleteCallsOf(tx, workspaceId, contactIds),
};
