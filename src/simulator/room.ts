/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import type { Simulator } from './simulator.ts';

/** The simulator. */
export function simulatorRoom({ handler }: Pick<Simulator, 'handler'>): WorkingRoom {
  return { name: 'simulator', handlers: [handler] };
}
