/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';

/** What the room declares. */
export const receiptsPeople: Room = {
  name: 'receipts',
  personal: { callback_signatures: 'hashes of a provider’s tokens and of whole callbacks, for half a day' },
  exports: {
    callback_signatures: { not: 'hashes' },
  },
};
