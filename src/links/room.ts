/** What this room declares. */
import type { Room } from '../db/room.ts';
import { sweepLinks } from './people.ts';

/** Links. */
export const linksRoom: Room = {
  name: 'links',
  sweep: ({ sql, nowMs, retentionMs }) => sweepLinks(sql, nowMs, retentionMs),
};
