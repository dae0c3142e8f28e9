/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import type { Simulator } from './simulator.ts';
import { deleteAdvancesBefore } from './sql.clock.ts';
import { forgetDevices } from './sql.ts';

/** How long it is known how the clock was moved. */
const ADVANCES_KEPT_MS = 30 * 86_400_000;

/** The simulator. */
export function simulatorRoom({ handlers }: Pick<Simulator, 'handlers'>): WorkingRoom {
  return {
    name: 'simulator',
    handlers,
    kept: { simulated_messages: { sort: 'messages', by: 'id' } },
    personal: {
      simulated_messages: 'deleted',
      simulated_marks: 'deleted',
      simulated_hands: 'deleted',
      simulated_receipts: 'kept: what a provider reports, by refs',
      simulator_rules: 'kept: an operator wrote it',
      clock_advances: 'names nobody: times, sorts and counts',
      demo: 'names nobody',
    },
    exports: {
      simulated_messages: { not: 'the screen of a simulated device: the messages and deliveries are here' },
      simulated_marks: { not: 'how far an operator has looked at a simulated device' },
      simulated_hands: { not: 'which simulated phone an operator has in hand' },
      simulated_receipts: { not: 'made up, by refs' },
      simulator_rules: { not: 'an operator wrote it' },
    },
    sweep: ({ sql, nowMs }) => deleteAdvancesBefore(sql, nowMs - ADVANCES_KEPT_MS),
    erase: ({ tx, workspaceId, addresses }) => forgetDevices(tx, workspaceId, addresses),
  };
}
