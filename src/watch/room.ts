/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import type { Metrics } from './metrics.ts';

/** What is told to those who watch. Has no rows. */
export const watchRoom = ({ reader }: Pick<Metrics, 'reader'>): WorkingRoom => ({
  name: 'watch',
  readers: [reader],
});
