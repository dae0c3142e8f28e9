/** Events of links between people and their addresses, on the feed: said in the transaction that did it. */
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';

/** The type of its events. */
export const LINK_TOLD = 'link.told';

/** What became of one link. */
export type LinkTold = {
  /** matched: the person is asked; made: the address is theirs; failed: it is not to be used. */
  what: 'matched' | 'made' | 'failed';
  contactId: number;
  /** Absent when it is gone. */
  destinationId?: number;
  /** The kind of integration, by the name of its provider. */
  channel: string;
  /** By what the address was named, as the caller wrote it. */
  criteria: Record<string, string>;
  error?: { code: string; message: string };
};

/** Tells of links, in their order; part of the transaction. `atMs` by the workspace's clock. */
export async function tellOfLinks(
  { queue }: { queue: Queue },
  tx: Tx,
  workspaceId: number,
  atMs: number,
  told: readonly LinkTold[],
): Promise<void> {
  if (told.length === 0) return;
  await queue.append(
    tx,
    told.map((payload) => ({ ownerId: payload.contactId, workspaceId, type: LINK_TOLD, atMs, payload })),
  );
}
