/**
 * When a customer was told that the payment was received: the provider took the text of the alert. Reads the feed; the first that was
 * taken counts, so that doing it twice changes nothing.
 */
import { whatSetOff } from '../campaigns/events/setOff.ts';
import { changesOf, type DeliveryChanged } from '../ledger/events.ts';
import { SENT } from '../ledger/states.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import { TEXT_CAMPAIGNS } from './alerts.ts';
import { noteNotified } from './sql.ts';

/** Reads the feed for it. */
export function notifiedReader(): FeedReader {
  const setOff = whatSetOff(TEXT_CAMPAIGNS.alert.key);
  return {
    name: 'orders notified',
    async read(tx, events) {
      const taken = events.flatMap(({ type, workspaceId, payload }) => {
        if (type !== 'delivery.changed') return [];
        const told = payload as DeliveryChanged;
        if (told.bulk) return [];
        return changesOf(told).flatMap(({ contactId, causeId: messageId, to, atMs }) =>
          SENT.includes(to) ? [{ workspaceId, contactId, messageId, atMs }] : [],
        );
      });
      if (!taken.length) return;
      const atMs = new Map(taken.toReversed().map((one) => [one.messageId, one.atMs]));
      const alerts = await setOff(tx, taken);
      const rows = new Map(
        alerts.flatMap(({ workspaceId, messageId, properties: { order } }) =>
          typeof order === 'number'
            ? [[order, { orderId: order, workspaceId, us: atMs.get(messageId)! * 1000 }]]
            : [],
        ),
      );
      if (rows.size) await noteNotified(tx, [...rows.values()]);
    },
  };
}
