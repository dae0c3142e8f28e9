/** What this room declares: it has no rows, and does what takes all rooms. */
import type { WorkingRoom } from '../queue/room.ts';
import { undoHandler, type UndoDeps } from './undo.ts';

/** People. */
export const peopleRoom = (deps: UndoDeps): WorkingRoom => ({
  name: 'people',
  handlers: [undoHandler(deps)],
});
