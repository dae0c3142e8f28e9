/**
 * Takes back links whose confirmation could not be sent (api/sunshine.md §9.1): the person behind the address was not told, so
 * nothing else is to be sent there. Not those that the person has made meanwhile.
 */
import { unlinkDestinations } from '../contacts/destinations.ts';
import { waitingAt } from '../contacts/pending.ts';
import { messagesById } from '../conversations/history.ts';
import type { DeliveryChanged } from '../ledger/events.ts';
import { deliveriesNamed } from '../ledger/deliveries.ts';
import { STATE } from '../ledger/states.ts';
import type { FeedReader } from '../queue/feed/reader.ts';

const FAILED: readonly number[] = [STATE.failed, STATE.suppressed, STATE.expired];

/** The reader of the feed that takes them back. */
export const linkFailures: FeedReader = {
  name: 'failed links',
  async read(tx, events) {
    for (const [workspaceId, ofWorkspace] of Map.groupBy(events, (event) => event.workspaceId)) {
      const failed = ofWorkspace
        .filter(({ type }) => type === 'delivery.changed')
        .map(({ payload }) => payload as DeliveryChanged)
        .flatMap(({ bulk, changes }) => (bulk ? [] : changes.filter(({ to }) => FAILED.includes(to))));
      if (failed.length === 0) continue;
      const messages = await messagesById(tx, workspaceId, [
        ...new Set(failed.map(({ causeId }) => causeId)),
      ]);
      const confirming = new Map(
        messages
          .filter(({ kind, metadata }) => kind === 'confirmation' && metadata?.['channel'] !== undefined)
          .map(({ id, metadata }) => [id, { waits: metadata?.['waits'] === true }]),
      );
      const keys = failed.filter(({ causeId }) => confirming.has(causeId));
      if (keys.length === 0) continue;
      const refs = (await deliveriesNamed(tx, keys)).flatMap(({ contactId, causeId, destinationId }) =>
        destinationId === null ? [] : [{ contactId, destinationId, ...confirming.get(causeId)! }],
      );
      // Whoever has answered meanwhile has it: only what still waits is taken back.
      const waiting = await waitingAt(
        tx,
        workspaceId,
        refs.filter(({ waits }) => waits),
      );
      const gone = [...refs.filter(({ waits }) => !waits), ...waiting];
      await unlinkDestinations(tx, Math.max(...failed.map(({ atMs }) => atMs)), workspaceId, gone);
    }
  },
};
