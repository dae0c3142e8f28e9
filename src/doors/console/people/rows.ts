/** People as a list shows them: what is known of a page of them is asked for at once, however many statements a person would take. */
import type { ContactRow } from '../../../../contract/doors/console/contacts.ts';
import { lastDoneBy, nextStepsOf } from '../../../campaigns/report/lists.ts';
import type { Contact } from '../../../contacts/contacts.ts';
import { besideContacts } from '../../../contacts/rows.ts';
import { nextDeliveries } from '../../../queue/coming.ts';
import { consoleContact } from '../present.ts';
import { timeText, type Call } from '../route.ts';

/** A page of people, in the order given: four statements, whoever they are. */
export async function contactRows(
  { ctx, workspace, nowMs, workspaceNowMs }: Call<unknown>,
  contacts: readonly Contact[],
): Promise<ContactRow[]> {
  if (contacts.length === 0) return [];
  const ids = contacts.map(({ id }) => id);
  const [beside, steps, done, deliveries] = await Promise.all([
    besideContacts(ctx.sql, workspace.id, ids),
    nextStepsOf(ctx.sql, workspace.id, ids),
    lastDoneBy(ctx.sql, workspace.id, ids),
    nextDeliveries(ctx.sql, ids, nowMs),
  ]);
  const stepOf = new Map(steps.map((step) => [step.contactId, step]));
  const doneAt = new Map(done.map(({ contactId, atMs }) => [contactId, atMs]));
  return contacts.map((contact) => {
    const { best = null, channels = [], tags = [], moreTags = 0 } = beside.get(contact.id) ?? {};
    const seenMs = Math.max(contact.lastInboundMs ?? 0, doneAt.get(contact.id) ?? 0);
    const step = stepOf.get(contact.id);
    const goesMs = deliveries.get(contact.id);
    // What waits for its time does so by our clock; the workspace's may be ahead of it.
    const sentMs = goesMs === undefined ? undefined : goesMs + workspaceNowMs - nowMs;
    const isSent = sentMs !== undefined && (!step || sentMs <= step.atMs);
    return {
      ...consoleContact(contact),
      address: best && { channel: best.channel, address: best.address, open: best.isOpen },
      channels,
      tags,
      moreTags,
      lastSeenAt: seenMs > 0 ? timeText(seenMs) : null,
      nextDue: isSent
        ? { at: timeText(sentMs), campaign: null }
        : step
          ? { at: timeText(step.atMs), campaign: step.campaign }
          : null,
    };
  });
}
