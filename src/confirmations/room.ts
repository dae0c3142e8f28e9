/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { linkReaders } from './answers.ts';
import { LINK_TOLD } from './told.ts';

/** Confirmations. */
export function confirmationsRoom(deps: Parameters<typeof linkReaders>[0]): WorkingRoom {
  return { name: 'confirmations', readers: linkReaders(deps), personalEvents: [LINK_TOLD] };
}
