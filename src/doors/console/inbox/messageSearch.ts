/** `GET …/messages/search`: what was said in conversations, by its words. */
import { Type } from 'typebox';
import { CONSOLE_LIMITS, NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import { MessagesFound } from '../../../../contract/doors/console/messageSearch.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { toHex24 } from '../../../base/ids.ts';
import { getContacts } from '../../../contacts/contacts.ts';
import { survivorsOf } from '../../../contacts/merge.ts';
import { plainText } from '../../../content/fallback.ts';
import { conversationsOf } from '../../../conversations/conversations.ts';
import { messagesById } from '../../../conversations/history.ts';
import { askedIn, excerptOf, findMessages, type SearchWords } from '../../../inbox/find.ts';
import { namesOf } from './shown.ts';
import { idText, readPage, reads, timeText, type Call, type Route } from '../route.ts';

/** The route. Its path stands before `…/messages/{id}`. */
export const messageSearchRoutes: readonly Route[] = [
  reads({
    path: '/messages/search',
    action: 'messages.read',
    does: 'What was said in conversations, by its words (the last by its beginning), the newest first.',
    query: { ...NEWEST_FIRST, q: Type.String({ maxLength: CONSOLE_LIMITS.name }) },
    answer: MessagesFound,
    handle: search,
  }),
];

async function search(call: Call): Promise<MessagesFound | Fault> {
  const { ctx, workspace, query } = call;
  const page = readPage(call);
  if (isFault(page)) return page;
  const asked = askedIn(query['q'] ?? '');
  if (asked === undefined) return breaks('q', 'must hold at least one word');
  const look = { workspaceId: workspace.id, asked, belowId: page.before ?? Number.MAX_SAFE_INTEGER };
  const { found, next } = await findMessages(ctx.sql, look, page.limit);
  return { messages: await presentFound(call, asked, found), next: next === undefined ? null : idText(next) };
}

/** What people said before they became somebody else is shown as said by who they are now. */
async function presentFound(
  { ctx: { sql }, workspace }: Call,
  asked: SearchWords,
  found: readonly { id: number; contactId: number }[],
): Promise<MessagesFound['messages']> {
  if (!found.length) return [];
  const became = await survivorsOf(sql, workspace.id, [...new Set(found.map(({ contactId }) => contactId))]);
  const whose = new Map(found.map(({ id, contactId }) => [id, became.get(contactId) ?? contactId]));
  const contactIds = [...new Set(whose.values())];
  const [messages, contacts, conversations] = await Promise.all([
    messagesById(sql, workspace.id, [...whose.keys()]),
    getContacts(sql, workspace.id, contactIds),
    conversationsOf(sql, contactIds),
  ]);
  const names = await namesOf(sql, workspace.id, contacts);
  const byId = new Map(messages.map((message) => [message.id, message]));
  return found.flatMap(({ id }) => {
    const message = byId.get(id);
    const contactId = whose.get(id)!;
    const conversation = conversations.get(contactId);
    if (!message || !conversation) return [];
    return {
      id: toHex24(id),
      at: timeText(message.atMs),
      direction: message.direction,
      conversationId: toHex24(conversation.id),
      contact: { id: toHex24(contactId), name: names.get(contactId) ?? null },
      ...excerptOf(plainText(message.content), asked),
    };
  });
}
