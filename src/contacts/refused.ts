/**
 * Who said no to messages is told on the feed, whichever way they said it: STOP, a link to unsubscribe, a complaint, a switch in the
 * provider's app. Remembered with the transaction and told before its commit, so that no door has to think of it.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';

/** `consent.refused`: somebody wants no more of what was sent there. */
export type ConsentRefused = { contactId: number; channel: ChannelName };

type Refused = ConsentRefused & { workspaceId: number; atMs: number };

const byTx = new WeakMap<Tx, Map<string, Refused>>();

/** Remembers that somebody said no. `atMs` by the workspace's clock. */
export function noteRefused(tx: Tx, refused: Refused): void {
  const noted = byTx.get(tx) ?? new Map<string, Refused>();
  byTx.set(tx, noted);
  noted.set(`${refused.contactId} ${refused.channel}`, refused);
}

/** Tells who said no in a transaction that is about to be committed. */
export async function tellRefused(queue: Pick<Queue, 'append'>, tx: Tx): Promise<void> {
  const noted = byTx.get(tx);
  if (!noted) return;
  byTx.delete(tx);
  await queue.append(
    tx,
    [...noted.values()].map(({ contactId, channel, workspaceId, atMs }) => ({
      ownerId: contactId,
      workspaceId,
      type: 'consent.refused',
      atMs,
      payload: { contactId, channel } satisfies ConsentRefused,
    })),
  );
}
