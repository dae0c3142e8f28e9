/** What this room declares. */
import type { Room } from '../db/room.ts';
import { sweepSignatures } from './signatures.ts';

/** Receipts. */
export const receiptsRoom: Room = {
  name: 'receipts',
  personal: {
    callback_signatures: 'hashes of a provider’s tokens and of whole callbacks, for half a day',
    integration_calls: 'names nobody',
  },
  parts: {
    callback_signatures: { column: 'integration_id', of: 'integrations' },
    integration_calls: { column: 'integration_id', of: 'integrations' },
  },
  exports: {
    callback_signatures: { not: 'hashes' },
  },
  sweep: ({ sql, nowMs }) => sweepSignatures(sql, nowMs),
};
