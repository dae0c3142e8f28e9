/**
 * What this tab knows of people who are gone, by their own id and by that of their conversation: told by the line, or found out where a page
 * that showed them asks again and they are not there. What shows them then says so, and asks for nothing more. Knows no component.
 */
import type { Query, QueryClient } from '@tanstack/query-core';
import type { Became } from '../../../contract/consoleLive.ts';
import type { ContactWhole } from '../../../contract/doors/console/contacts.ts';
import type { ConversationWhole } from '../../../contract/doors/console/inbox.ts';
import { fullName } from '../../../contract/personName.ts';
import { ApiFault, call } from '../api/call.ts';

/** What has become of somebody. `left`: they are there, and nothing of their conversation is. */
export type Gone = { how: 'erased' } | { how: 'became'; became: Became } | { how: 'left'; contactId: string };

type At = { client: QueryClient; ws: string };

/** Under which key it is kept. */
export const goneKey = (ws: string, id: string) => [ws, 'gone', id] as const;

/** Notes that somebody is gone: what asks for them, or for their conversation, stops. */
export function noteGone({ client, ws }: At, contactId: string, gone: Gone): void {
  const conversations = client
    .getQueriesData<ConversationWhole>({ queryKey: [ws, 'conversation'] })
    .flatMap(([, whole]) => (whole?.contact.id === contactId ? [whole.id] : []));
  const ids: readonly unknown[] = gone.how === 'left' ? conversations : [contactId, ...conversations];
  for (const id of ids as string[]) client.setQueryData(goneKey(ws, id), gone);
  const about = ({ queryKey: [of, what, id] }: Query) => of === ws && what !== 'gone' && ids.includes(id);
  void client.cancelQueries({ predicate: about });
  // What a page still shows goes when it is left (`watchGone`).
  client.removeQueries({ predicate: about, type: 'inactive' });
}

/** Who writes again after all that they had said was taken away is back. */
export function noteBack({ client, ws }: At, conversationId: string): void {
  const queryKey = goneKey(ws, conversationId);
  if (client.getQueryData<Gone>(queryKey)?.how === 'left') void client.resetQueries({ queryKey });
}

/** What is asked for with the id of a conversation, and with that of a person. */
const OF_CONVERSATION: readonly unknown[] = ['conversation', 'thread'];
const OF_PERSON: readonly unknown[] = ['contact', 'timeline'];

/** Finds out what became of whom a page shows and asks for in vain; gives what ends that. */
export function watchGone({ client, ws }: At): () => void {
  const asked = new Set<string>();
  const find = async (contactId: string, isConversation: boolean) => {
    asked.add(contactId);
    const gone = await becameOf(ws, contactId);
    asked.delete(contactId);
    // Of a person that is there only their conversation can be gone.
    if (gone && (gone.how !== 'left' || isConversation)) noteGone({ client, ws }, contactId, gone);
  };
  const cache = client.getQueryCache();
  // Words of who was erased are not kept in a tab that shows them no more.
  const forget = (query: Query) => {
    const [of, what, id] = query.queryKey as [string, string, string];
    if (of !== ws || what === 'gone' || query.getObserversCount() > 0) return;
    if (client.getQueryData(goneKey(ws, id))) cache.remove(query);
  };
  return cache.subscribe((told) => {
    if (told.type === 'observerRemoved') return forget(told.query);
    if (told.type !== 'updated' || told.action.type !== 'error' || !isGone(told.action.error)) return;
    const [of, what, id] = told.query.queryKey as [string, string, string];
    // What was never there is no page that shows somebody.
    if (of !== ws || told.query.state.data === undefined) return;
    const isConversation = OF_CONVERSATION.includes(what);
    if (!isConversation && !OF_PERSON.includes(what)) return;
    const contactId = isConversation
      ? client.getQueryData<ConversationWhole>([ws, 'conversation', id])?.contact.id
      : id;
    if (contactId === undefined || asked.has(contactId) || client.getQueryData(goneKey(ws, id))) return;
    void find(contactId, isConversation);
  });
}

const isGone = (error: unknown): boolean => error instanceof ApiFault && error.status === 404;

/** A person is found as whom they became; undefined where it cannot be said now. */
async function becameOf(ws: string, contactId: string): Promise<Gone | undefined> {
  try {
    const whole = await call<ContactWhole>('GET', `/workspaces/${ws}/contacts/${contactId}`);
    if (whole.id === contactId) return { how: 'left', contactId };
    const { conversationId } = whole;
    const name = fullName(whole);
    return { how: 'became', became: { id: whole.id, name, conversationId } };
  } catch (error) {
    return isGone(error) ? { how: 'erased' } : undefined;
  }
}
