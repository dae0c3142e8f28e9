/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { usageReader } from './usage.ts';

/** The ledger. */
export function ledgerRoom(deps: Parameters<typeof usageReader>[0]): WorkingRoom {
  return { name: 'ledger', readers: [usageReader(deps)] };
}
