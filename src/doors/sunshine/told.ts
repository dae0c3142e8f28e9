/**
 * Events of this door's own making, on the feed: what it did to users and their clients, of which no other room tells. Said in
 * the transaction that did it.
 */
import type { Tx } from '../../db/pool.ts';
import type { InApp } from './route.ts';
import type { Trigger } from '../../../contract/doors/sunshine/triggers.ts';

/** The type of its events. */
export const SUNSHINE_TOLD = 'sunshine.told';

/** One thing to tell of one user. */
export type SunshineTold = {
  trigger: Trigger;
  contactId: number;
  /** The client it is about. */
  destinationId?: number;
  /** Fields beside the common ones (api/sunshine.md §8.3). */
  more: Record<string, unknown>;
  /** The user, when it will not be there any more. */
  appUser?: Record<string, unknown>;
};

/** Tells of things, in their order; part of the transaction. */
export async function tellOfUsers(call: InApp, tx: Tx, told: readonly SunshineTold[]): Promise<void> {
  const atMs = call.nowMs + call.workspace.clockAheadMs;
  await call.ctx.queue.append(
    tx,
    told.map((payload) => ({
      ownerId: payload.contactId,
      workspaceId: call.workspace.id,
      type: SUNSHINE_TOLD,
      atMs,
      payload,
    })),
  );
}
