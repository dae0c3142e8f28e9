/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import type { Simulator } from './simulator.ts';
import { forgetDevices } from './sql.ts';

/** The simulator. */
export function simulatorRoom({ handler }: Pick<Simulator, 'handler'>): WorkingRoom {
  return {
    name: 'simulator',
    handlers: [handler],
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
}
