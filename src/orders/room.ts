/** What this room declares. */
import type { IdSource } from '../base/ids.ts';
import type { Names } from '../campaigns/events/names.ts';
import type { Queue } from '../queue/queue.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { notifiedReader } from './notified.ts';
import { ordersReader } from './told.ts';

/** Orders. */
export function ordersRoom(deps: { queue: Queue; ids: IdSource; names: Names }): WorkingRoom {
  return { name: 'orders', readers: [ordersReader(deps), notifiedReader(deps)] };
}
