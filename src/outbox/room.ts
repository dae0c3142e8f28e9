/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { deliveryHandler, type DeliverDeps } from './deliver/deliver.ts';
import { typingReader } from './deliver/typing.ts';
import { unreadHandler } from './outcome/fallback.ts';

/** Deliveries in flight for one workspace and provider: three full batches, so that claiming, calling and settling overlap. */
const IN_FLIGHT = 1_500;

/** The outbox. */
export function outboxRoom(deps: DeliverDeps & Parameters<typeof unreadHandler>[0]): WorkingRoom {
  return {
    name: 'outbox',
    handlers: [deliveryHandler(deps, IN_FLIGHT), unreadHandler(deps)],
    readers: [typingReader(deps)],
  };
}
