/** The queue: at rest, nothing is left of what was under way. */
import type { RoomPlay } from './room.ts';

export const queue: RoomPlay = {
  name: 'queue',
  steps: [],
  perform: async () => undefined,
  async check({ look }) {
    // Below 0 are those of campaigns, which stay as long as they do.
    const [left] = await look<Record<string, number>[]>`
      SELECT (SELECT count(*)::int FROM due) due, (SELECT count(*)::int FROM flights) flights,
             (SELECT count(*)::int FROM flight_steps) flight_steps, (SELECT count(*)::int FROM feed) feed,
             (SELECT count(*)::int FROM feed_failures) feed_failures, (SELECT count(*)::int FROM streams WHERE stream > 0) streams`;
    return Object.entries(left!)
      .filter(([, n]) => n > 0)
      .map(([table, n]) => `${n} rows are left in ${table}`);
  },
};
