/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { forgetDevices } from './sql.ts';

/** What the room declares. */
export const simulatorPeople: Room = {
  name: 'simulator',
  personal: {
    simulated_messages: 'deleted',
    simulated_receipts: 'kept: what a provider reports, by refs',
    simulator_rules: 'kept: an operator wrote it',
    demo: 'names nobody',
  },
  exports: {
    simulated_messages: { not: 'the screen of a simulated device: the messages and deliveries are here' },
    simulated_receipts: { not: 'made up, by refs' },
    simulator_rules: { not: 'an operator wrote it' },
  },
  erase: ({ tx, workspaceId, addresses }) => forgetDevices(tx, workspaceId, addresses),
};
