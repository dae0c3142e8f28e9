/** What this room declares. */
import type { Room } from '../db/room.ts';
import { sweepSignatures } from './signatures.ts';

/** Receipts. */
export const receiptsRoom: Room = {
  name: 'receipts',
  sweep: ({ sql, nowMs }) => sweepSignatures(sql, nowMs),
};
