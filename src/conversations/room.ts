/** What this room declares. */
import type { Room } from '../db/room.ts';
import { deleteInboundSeen } from './history.ts';

/** WhatsApp repeats a callback for up to seven days. */
const INBOUND_KEPT_MS = 8 * 24 * 3600_000;

/** Conversations. */
export const conversationsRoom: Room = {
  name: 'conversations',
  sweep: ({ sql, nowMs }) => deleteInboundSeen(sql, nowMs - INBOUND_KEPT_MS),
};
