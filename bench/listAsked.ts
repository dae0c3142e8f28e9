/** Every question that the console asks of a workspace, about the one with most of it; and the ways in which people narrow lists. */
import { ROUTES } from '../src/doors/console/routes.ts';
import type { One } from './listStore.ts';

/** What stands behind a path. */
export type Query = Readonly<Record<string, string>>;
/** A question, and by which name it goes on. */
export type Asked = { path: string; query: Query; nextAs: 'after' | 'before' | undefined };

/** What is about everybody, or all of somebody, and is no list. */
const WHOLE = /\/(?:forecast|export|report|series|needed|reconcile.*|goes|since|taken|listed|results)$/;
/** What asks something outside. */
const OUTSIDE = /\/(?:templates|listed)$/;

/** The ways in which people narrow lists, below the workspace; `$name` is an id. */
const NARROWED: readonly string[] = [
  '/contacts?search=Ann',
  '/contacts?search=Ann Bo',
  '/contacts?search=+1555',
  '/contacts?search=nobody-at-all',
  '/contacts?setId=$setId',
  '/contacts?until=$month',
  '/conversations?view=mine',
  '/conversations?view=unassigned',
  '/conversations?view=snoozed',
  '/conversations?view=closed',
  '/conversations?view=all&q=Ann',
  '/conversations?view=all&q=Pia99',
  '/conversations?view=all&q=nobody-at-all',
  '/conversations?view=all&q=+1555',
  '/conversations?view=all&until=$month',
  '/conversations/$conversationId/messages?at=$month',
  '/conversations?view=all&unread=true',
  '/conversations?view=all&channel=sms',
  '/conversations?view=all&channel=email',
  '/conversations?view=all&sort=waiting',
  '/conversations?view=unassigned&sort=newest',
  '/conversations?view=closed&assignee=$contactId',
  '/conversations?view=all&tag=$tagId',
  '/conversations?view=unassigned&tag=$tagId',
  '/conversations?view=all&sort=priority',
  '/conversations?view=mine&sort=priority',
  '/conversations?view=unassigned&sort=priority',
  '/conversations?view=all&priority=urgent',
  '/conversations?view=mine&channel=email',
  '/conversations?view=mine&channel=sms',
  '/conversations?view=all&tag=$fewTagId',
  '/conversations?view=unassigned&tag=$fewTagId',
  '/conversations?view=mine&tag=$fewTagId&sort=priority',
  '/messages/search?q=nothing-of-it',
  '/simulator/directory?search=Ann',
  '/broadcasts/$broadcastId/recipients?state=failed',
  '/broadcasts/$broadcastId/recipients?state=held',
  '/broadcasts/$broadcastId/amiss?state=failed',
  '/broadcasts/$broadcastId/answers?kind=optedOut',
  '/campaigns/$campaignId/people?step=w',
  '/campaigns/$campaignId/people?ending=completed',
  '/campaigns/$campaignId/people?ending=failed',
  '/campaigns/$campaignId/conversions?goal=bought',
  '/event-stream?type=message.received',
  '/event-stream?type=contact.erased',
  '/event-stream?contact=$contactId',
  '/audit?action=contact.create',
  '/audit?action=contact.erase',
  '/requests?failed=true',
  '/webhooks/$webhookId/calls?state=failed',
  '/webhooks/$webhookId/calls?trigger=nothing',
  '/webhooks/$webhookId/calls?state=pending',
  '/webhooks/$webhookId/calls?until=$month',
  '/orders?contactId=$contactId',
  '/templates?q=Copy',
  '/templates?q=nothing',
  '/contacts/$contactId/timeline?kinds=message',
  '/contacts/$contactId/timeline?kinds=consent',
];

/** Queries without which a question says nothing. */
const NEEDED: Readonly<Record<string, string>> = {
  '/contacts/merge': 'survivingId=$contactId&discardedId=$otherContactId',
  '/messages/search': 'q=parcel',
  '/broadcasts/:broadcastId/recipients': 'state=delivered',
  '/broadcasts/:broadcastId/answers': 'kind=replied',
  '/backtests/:backtestId/path': 'contact=$contactId',
  '/why': 'message=$messageId',
  '/idempotency': 'key=$key',
  '/simulator/messages': 'channel=sms&address=+14155550199',
};
/** Things of one kind that are asked for by the name of another. */
const INSTEAD: Readonly<Record<string, string>> = {
  '/tags/': 'tagId',
  '/labels/': 'labelId',
  '/bots/': 'botId',
};

/** Every question of a workspace; `unasked` are those about something of which there is none. */
export function listsOf(ids: One, copies: One): { lists: Asked[]; unasked: string[] } {
  const known: One = { ...ids, setId: copies['setId']!, conversationId: copies['conversationId']! };
  const filled = (given: string) => given.replaceAll(/\$(\w+)/g, (all, name: string) => known[name] ?? all);
  const queryOf = (words: string): Query =>
    Object.fromEntries(words === '' ? [] : words.split('&').map((word) => filled(word).split('=')));
  const nextOf = (names: object) =>
    (['after', 'before'] as const).find((name) => name in names && 'limit' in names);
  const asked = ROUTES.filter(
    ({ kind, of, path }) => kind === 'read' && of === 'workspace' && !WHOLE.test(path) && !OUTSIDE.test(path),
  ).map(({ path, query: names = {} }) => {
    const instead = Object.entries(INSTEAD).find(([begins]) => path.startsWith(begins))?.[1];
    const at = path.replaceAll(/:(\w+)/g, (all, name: string) => known[instead ?? name] ?? all);
    return { path: at, query: queryOf(NEEDED[path] ?? ''), nextAs: nextOf(names) };
  });
  const narrowed = NARROWED.map((text): Asked => {
    const [at = '', words = ''] = text.split('?');
    const path = filled(at);
    return { path, query: queryOf(words), nextAs: asked.find((one) => one.path === path)?.nextAs };
  });
  const lists = [...asked, ...narrowed];
  const text = ({ path, query }: Asked) => path + Object.values(query).join();
  return { lists, unasked: lists.filter((one) => /[:$]\w*Id|\$/.test(text(one))).map(({ path }) => path) };
}
