/** How conversations of the inbox, and what is in them, are shown: to who asks for them, and to who is told of what changed. */
import type { ConversationShown, ThreadEntry } from '../../../../contract/doors/console/inbox.ts';
import { PRIORITIES } from '../../../../contract/inboxViews.ts';
import type { ChannelName } from '../../../../contract/channels.ts';
import { fullName } from '../../../../contract/personName.ts';
import { listMembers } from '../../../accounts/operators.ts';
import { toHex24 } from '../../../base/ids.ts';
import { beginningOf } from '../../../base/text.ts';
import { getContacts, type Contact } from '../../../contacts/contacts.ts';
import { destinationsOf } from '../../../contacts/destinations.ts';
import { survivorsOf } from '../../../contacts/merge.ts';
import { textFallback } from '../../../content/fallback.ts';
import { messagesById } from '../../../conversations/history.ts';
import type { Message } from '../../../conversations/message.ts';
import type { Db } from '../../../db/pool.ts';
import type { InboxRow } from '../../../inbox/inbox.ts';
import { teamNames } from '../../../inbox/teams.ts';
import type { InboxNote } from '../../../inbox/notes.ts';
import { deliveriesByCause } from '../../../ledger/deliveries.ts';
import { countTransfers, firstClicks } from '../../../links/links.ts';
import { presentDelivery, consoleMessage, saidBy } from '../present.ts';
import { idText, timeText } from '../route.ts';

const PREVIEW_LENGTH = 140;

/** Rows of one workspace, in their order. A row whose contact is gone is left out. */
export async function presentConversations(
  db: Db,
  workspaceId: number,
  rows: readonly InboxRow[],
): Promise<ConversationShown[]> {
  if (!rows.length) return [];
  const ids = rows.map(({ contactId }) => contactId);
  const isInTeams = rows.some(({ teamId }) => teamId !== null);
  const [contacts, messages, operators, teams] = await Promise.all([
    getContacts(db, workspaceId, ids),
    messagesById(
      db,
      workspaceId,
      rows.map(({ lastMessageId }) => lastMessageId),
    ),
    operatorNames(db, workspaceId),
    isInTeams ? teamNames(db, workspaceId) : new Map<number, string>(),
  ]);
  const names = await namesOf(db, workspaceId, contacts);
  const byContact = new Map(contacts.map((contact) => [contact.id, contact]));
  const byId = new Map(messages.map((message) => [message.id, message]));
  return rows.flatMap((row): ConversationShown[] => {
    const contact = byContact.get(row.contactId);
    if (!contact) return [];
    const last = byId.get(row.lastMessageId);
    return [
      {
        id: toHex24(row.conversationId),
        contact: {
          id: toHex24(contact.id),
          name: names.get(contact.id) ?? null,
          externalId: contact.externalId,
        },
        closed: row.closed,
        snoozedUntil: timeText(row.snoozedUntilMs),
        assignee: operatorOf(operators, row.assigneeId),
        team: teamOf(teams, row.teamId),
        priority: PRIORITIES[row.priority]!,
        channel: row.channel as ChannelName | null,
        lastAt: timeText(row.lastMs),
        waitingSince: timeText(row.waitingMs),
        unread: row.lastInMs > row.readMs,
        last: last ? presentLast(last) : null,
      },
    ];
  });
}

function presentLast({ id, direction, kind, content, atMs }: Message): ConversationShown['last'] {
  const text = beginningOf(textFallback(content).replaceAll(/\s+/g, ' ').trim(), PREVIEW_LENGTH);
  return { id: toHex24(id), direction, kind, text: text || `(${content.type})`, at: timeText(atMs) };
}

/** What contacts are called: their name, else what they are reached at, else what the business calls them. */
export async function namesOf(
  db: Db,
  workspaceId: number,
  contacts: readonly Contact[],
): Promise<Map<number, string>> {
  const names = new Map(contacts.map((contact) => [contact.id, fullName(contact) ?? '']));
  const nameless = contacts.filter(({ id }) => !names.get(id));
  const destinations = await destinationsOf(
    db,
    workspaceId,
    nameless.map(({ id }) => id),
  );
  for (const { id, externalId } of nameless) {
    const own = destinations.filter(({ contactId }) => contactId === id);
    const called = own.find(({ displayName }) => displayName)?.displayName ?? own[0]?.address ?? externalId;
    if (called) names.set(id, called);
    else names.delete(id);
  }
  return names;
}

/** Names of the operators of a workspace, by id. */
export async function operatorNames(db: Db, workspaceId: number): Promise<Map<number, string>> {
  return new Map((await listMembers(db, { workspaceId })).map(({ id, name }) => [id, name]));
}

/** An operator by name; one who has left is shown as that. */
export function operatorOf<T extends number | null>(names: ReadonlyMap<number, string>, id: T) {
  return (
    id === null ? null : { id: idText(id), name: names.get(id) ?? 'Somebody who has left' }
  ) as T extends number ? { id: string; name: string } : { id: string; name: string } | null;
}

/** A team by name; one that was deleted is none. */
function teamOf(names: ReadonlyMap<number, string>, id: number | null): { id: string; name: string } | null {
  const name = id === null ? undefined : names.get(id);
  return name === undefined ? null : { id: idText(id!), name };
}

/** Messages of one conversation with what became of each, in their order. */
export async function presentMessages(
  db: Db,
  workspaceId: number,
  messages: readonly Message[],
): Promise<ThreadEntry[]> {
  const byContact = Map.groupBy(
    messages.filter(({ direction }) => direction === 'out'),
    ({ contactId }) => contactId,
  );
  const offering = messages.filter(({ content }) => countTransfers(content) > 0);
  // What was said stays where it was said; what was opened is of who they have become.
  const became = await survivorsOf(db, workspaceId, [...new Set(offering.map(({ contactId }) => contactId))]);
  const found = await Promise.all(
    [...byContact].map(async ([contactId, list]) => {
      const ids = list.map(({ id }) => id);
      const offers = offering.filter((one) => one.contactId === contactId).map(({ id }) => id);
      return await Promise.all([
        deliveriesByCause(db, workspaceId, contactId, ids),
        firstClicks(db, { workspaceId, contactId: became.get(contactId) ?? contactId, causeIds: offers }),
      ]);
    }),
  );
  const deliveries = new Map(found.flatMap(([some]) => [...some]));
  const clicks = Map.groupBy(
    found.flatMap(([, some]) => some),
    ({ causeId }) => causeId,
  );
  return messages.map((message) => {
    const said = saidBy(message);
    return {
      type: 'message',
      id: toHex24(message.id),
      at: timeText(message.atMs),
      message: consoleMessage(message),
      deliveries: (deliveries.get(message.id) ?? []).map((one) => presentDelivery(one, said)),
      offer: offerOf(message, clicks.get(message.id) ?? []),
    };
  });
}

/** What a message offers, and when it was first taken. */
function offerOf(
  { direction, content }: Message,
  clicks: readonly { position: number; firstMs: number }[],
): { takenAt: string | null } | null {
  const offered = direction === 'out' ? countTransfers(content) : 0;
  if (!offered) return null;
  const taken = clicks.filter(({ position }) => position < offered).map(({ firstMs }) => firstMs);
  return { takenAt: taken.length ? timeText(Math.min(...taken)) : null };
}

/** A note among what was said. */
export function presentNote(note: InboxNote, names: ReadonlyMap<number, string>): ThreadEntry {
  return {
    type: 'note',
    id: toHex24(note.id),
    at: timeText(note.atMs),
    text: note.text,
    author: operatorOf(names, note.operatorId),
    mentions: note.mentions.map((id) => operatorOf(names, id)),
  };
}
