/**
 * Whose pages are open, in memory, and the reader of the feed that tells of what happens to these and to nobody else: of most people
 * nobody looks at anything, and most have never been in the inbox. Reads nothing from the store and writes nothing there: in a workspace
 * of which no page is open an event costs one look, in another one look for each person that it names.
 */
import { SHOWN_MS } from '../../contract/consoleLive.ts';
import type { Clock } from '../base/clock.ts';
import type { DeliveryChanged } from '../ledger/events.ts';
import type { FeedEvent, FeedReader } from '../queue/feed/reader.ts';
import type { ContactsGone } from './gone.ts';
import type { News, Notices } from './notices.ts';

/** Who is shown in a workspace, whoever was asked for last at the end: as whom, and until when. */
type Shown = Map<number, { ofId: number; untilMs: number }>;

/** The reader, which hears from now on whose pages are asked for. */
export function shownReader({
  notices,
  clock,
}: {
  notices: Pick<Notices, 'send' | 'onNews'>;
  clock: Pick<Clock, 'nowMs'>;
}): FeedReader {
  const byWorkspace = new Map<number, Shown>();
  notices.onNews((news) => {
    for (const one of news)
      if (one.kind === 'shown') {
        // Here, too: where nothing happens, whoever leafs through everybody would be kept with all of them.
        forget(byWorkspace, clock.nowMs());
        const shown: Shown = byWorkspace.get(one.workspaceId) ?? new Map();
        byWorkspace.set(one.workspaceId, shown);
        shown.delete(one.contactId);
        shown.set(one.contactId, { ofId: one.ofId, untilMs: clock.nowMs() + SHOWN_MS });
      }
  });
  return {
    name: 'shown',
    read: () => Promise.resolve(),
    committed(events) {
      const gone = events.filter(({ type }) => type === 'contact.gone');
      if (gone.length) notices.send(gone.flatMap((event) => newsOfGone(event, byWorkspace)));
      if (!byWorkspace.size) return;
      forget(byWorkspace, clock.nowMs());
      const told: News[] = [...Map.groupBy(events, ({ workspaceId }) => workspaceId)].flatMap(
        ([workspaceId, own]) => {
          const shown = byWorkspace.get(workspaceId);
          const of = new Set(shown ? own.flatMap((event) => namedIn(event, shown)) : []);
          return [...of].map((contactId) => ({ kind: 'person' as const, workspaceId, contactId }));
        },
      );
      if (told.length) notices.send(told);
    },
  };
}

/** Who was in the inbox is shown by any page, others by their own alone: of an import that is taken back most were nowhere. */
function newsOfGone({ workspaceId, payload }: FeedEvent, byWorkspace: ReadonlyMap<number, Shown>): News[] {
  const { contactIds, listedIds, intoId = 0 } = payload as ContactsGone;
  const shown = byWorkspace.get(workspaceId);
  const told = new Set([...listedIds, ...contactIds.filter((id) => shown?.has(id))]);
  const gone: News[] = [...told].map((contactId) => ({ kind: 'gone', workspaceId, contactId, intoId }));
  // Whoever they have become has what they had, in the inbox and on their own page.
  if (intoId === 0) return gone;
  const into = { workspaceId, contactId: intoId };
  if (listedIds.length) gone.push({ kind: 'inbox', ...into });
  if (shown?.has(intoId)) gone.push({ kind: 'person', ...into });
  return gone;
}

/** Those whose page is not open any more stand first. */
function forget(byWorkspace: Map<number, Shown>, nowMs: number): void {
  for (const [workspaceId, shown] of byWorkspace) {
    for (const [contactId, { untilMs }] of shown) {
      if (untilMs > nowMs) break;
      shown.delete(contactId);
    }
    if (!shown.size) byWorkspace.delete(workspaceId);
  }
}

/** What events hold of whom they are about: one, several, or many of a run. */
type Names = Partial<DeliveryChanged> & { contactId?: number; orders?: readonly { contactId: number }[] };

/** As whom those are shown who are named in an event. */
function namedIn({ payload }: FeedEvent, shown: Shown): number[] {
  const found: number[] = [];
  const look = (contactId: number) => {
    const one = shown.get(contactId);
    if (one) found.push(one.ofId);
  };
  const { contactId, changes, accepted, orders } = payload as Names;
  if (contactId !== undefined) look(contactId);
  for (const one of changes ?? []) look(one.contactId);
  for (const one of orders ?? []) look(one.contactId);
  for (const { contactIds } of accepted ?? []) for (const one of contactIds) look(one);
  return found;
}
